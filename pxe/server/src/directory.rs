//! What the boot plane asks of the outside: the few questions behind every packet.
//!
//! The boot plane knows protocols; it does not know machines. Whoever implements [`Directory`] has
//! the records and the decisions. What must be durable before it is acknowledged (a lease, a
//! release) is awaited; what only tells how far a boot has come is not.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::IpAddr;

use bytes::Bytes;
use machine_core::boot::{Asker, BootStep};
use machine_core::hardware::{Arch, Firmware, MacAddress, SerialNumber, SystemUuid};
use machine_core::id::BootId;
use machine_core::network::{ClientKey, Lease, SubnetName};
use machine_core::time::Timestamp;
use thiserror::Error;

/// The records and decisions behind the boot plane.
pub trait Directory: Clone + Send + Sync + 'static {
    /// Now, by the clock of the records. Leases are granted and end by it, since whoever reads them
    /// goes by the same; the system's clock may jump.
    fn now(&self) -> Timestamp;

    /// A network boot client asks over DHCP what to boot: opens its boot, or adopts the open one,
    /// and decides.
    fn boot(
        &self,
        question: BootQuestion,
    ) -> impl Future<Output = Result<BootAnswer, Unavailable>> + Send;

    /// Whether a card is of a machine on record: asked of clients that do not boot from the network.
    fn is_registered(
        &self,
        mac: MacAddress,
    ) -> impl Future<Output = Result<bool, Unavailable>> + Send;

    /// Whether a card may be of a machine on record, as far as is known without waiting. Asked when
    /// there are more questions than can be worked out: those of strangers are left out then.
    fn may_be_registered(&self, _mac: MacAddress) -> bool {
        true
    }

    /// Commits a lease, and that `boot` holds its address. Returns after it is durable.
    fn lease(
        &self,
        lease: Lease,
        boot: Option<BootId>,
    ) -> impl Future<Output = Result<LeaseOutcome, Unavailable>> + Send;

    /// The client gave its address back (DHCPRELEASE), or found it in use (DHCPDECLINE).
    fn lease_ended(
        &self,
        subnet: SubnetName,
        client: ClientKey,
        address: IpAddr,
    ) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// The client found its address in use (DHCPDECLINE): it is not leased before `until`. Told
    /// before the lease ends, so that whoever keeps records can tell it of the client's machine.
    fn declined(
        &self,
        _client: ClientKey,
        _address: IpAddr,
        _until: Timestamp,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// The boot that a peer holds, and its card: it asks for a file whose name does not tell its
    /// boot. None if it holds none, or if the card behind its address is not the one of the boot.
    fn held(
        &self,
        _peer: IpAddr,
        _hardware: Option<MacAddress>,
    ) -> impl Future<Output = Result<Option<HeldBoot>, Unavailable>> + Send {
        std::future::ready(Ok(None))
    }

    /// A loader asks for its script, and says what it knows of its machine.
    fn script(
        &self,
        request: ScriptRequest,
    ) -> impl Future<Output = Result<ScriptAnswer, ScriptRefusal>> + Send;

    /// A system asks for a document with a token. Returns after the release is durable.
    fn document(
        &self,
        request: DocumentRequest,
    ) -> impl Future<Output = Result<Document, DocumentRefusal>> + Send;

    /// A system tells something of itself with a token. Returns after what counts of it is durable.
    fn report(
        &self,
        report: SystemReport,
    ) -> impl Future<Output = Result<(), DocumentRefusal>> + Send;

    /// A boot has come so far: for its timeline. Never waits; may be dropped under load.
    fn step(&self, step: ObservedStep);
}

/// Something that is needed does not work at the moment: the database, mostly. The client is not
/// answered, and asks again.
#[derive(Debug, Clone, Error)]
#[error("{what} is not available: {why}")]
pub struct Unavailable {
    /// What is needed.
    pub what: &'static str,
    /// What it said.
    pub why: String,
}

/// What a network boot client says of itself over DHCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootQuestion {
    /// The subnet that it asks in.
    pub subnet: SubnetName,
    /// The card that asks.
    pub mac: MacAddress,
    /// The UUID of option 97, if it sent one.
    pub uuid: Option<SystemUuid>,
    /// What it runs on, if option 93 says something that we can boot.
    pub platform: Option<(Arch, Firmware)>,
    /// Firmware or iPXE.
    pub asker: Asker,
    /// A DISCOVER, which may open a boot; otherwise a REQUEST, which goes on with one.
    pub is_discover: bool,
}

/// A boot, and the card that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldBoot {
    /// Its id: a secret of its machine.
    pub boot: BootId,
    /// The card.
    pub mac: MacAddress,
}

/// Whether to boot from the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootAnswer {
    /// The boot that was opened or adopted; none for what is ignored.
    pub boot: Option<BootId>,
    /// Whether its card is of a machine on record.
    pub is_registered: bool,
    /// Whether it should go on to a loader or script; otherwise it gets no boot file.
    pub netboot: bool,
    /// Why.
    pub because: String,
}

/// What became of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseOutcome {
    /// It is durable: acknowledge it.
    Committed,
    /// Somebody else holds the address: propose another.
    Taken {
        /// The lease that stands.
        holder: Lease,
    },
}

/// What iPXE says of its machine when it asks for its script. Every text was parsed; what did not
/// parse is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRequest {
    /// The boot that the URL names.
    pub boot: BootId,
    /// The address that the request comes from: of the socket, never of a header.
    pub peer: IpAddr,
    /// The hardware address behind it, where the neighbour table knows it.
    pub hardware: Option<MacAddress>,
    /// The card that iPXE boots from.
    pub mac: Option<MacAddress>,
    /// All its cards.
    pub macs: BTreeSet<MacAddress>,
    /// SMBIOS UUID.
    pub uuid: Option<SystemUuid>,
    /// SMBIOS serial number.
    pub serial: Option<SerialNumber>,
    /// SMBIOS manufacturer; printable, at most 64 characters.
    pub manufacturer: Option<String>,
    /// SMBIOS product name; printable, at most 64 characters.
    pub product: Option<String>,
    /// What it runs on.
    pub platform: Option<(Arch, Firmware)>,
    /// iPXE's version text; printable, at most 64 characters.
    pub version: Option<String>,
}

/// What iPXE is told to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptAnswer {
    /// Ask again in a few seconds.
    Wait {
        /// Why, for the console.
        because: String,
    },
    /// Leave iPXE for the local disk.
    LocalDisk {
        /// Why, for the console.
        because: String,
    },
    /// Boot this kernel.
    Boot {
        /// SHA-256 of the kernel, by which the asset cache knows it.
        kernel: [u8; 32],
        /// SHA-256 of the initial RAM disk.
        initrd: [u8; 32],
        /// The kernel's arguments: `key` or `key=value`.
        arguments: Vec<String>,
    },
}

/// Why there is no script.
#[derive(Debug, Clone, Error)]
pub enum ScriptRefusal {
    /// The boot is not known, or is held by another address. The asker is told the same for both.
    #[error("no such boot at this address")]
    NotFound,
    /// Ask again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A system asks for a document.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentRequest {
    /// The token in the path.
    pub token: String,
    /// Which document: the last part of the path.
    pub name: String,
    /// The address that the request comes from: of the socket, never of a header.
    pub peer: IpAddr,
    /// The hardware address behind it, where the neighbour table knows it.
    pub hardware: Option<MacAddress>,
    /// The SMBIOS UUID in the query, if there is one.
    pub uuid: Option<SystemUuid>,
    /// The SMBIOS serial number in the query, if there is one.
    pub serial: Option<SerialNumber>,
}

/// The token stays out of it.
impl std::fmt::Debug for DocumentRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentRequest")
            .field("name", &self.name)
            .field("peer", &self.peer)
            .field("hardware", &self.hardware)
            .finish_non_exhaustive()
    }
}

/// A system tells something of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct SystemReport {
    /// The token in the path.
    pub token: String,
    /// What it tells: the last part of the path.
    pub name: String,
    /// The address that it comes from: of the socket, never of a header.
    pub peer: IpAddr,
    /// The hardware address behind it, where the neighbour table knows it.
    pub hardware: Option<MacAddress>,
    /// Its words, at most 4 KiB; nobody has looked at them.
    pub body: Bytes,
}

/// The token and the words stay out of it.
impl std::fmt::Debug for SystemReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SystemReport")
            .field("name", &self.name)
            .field("peer", &self.peer)
            .field("hardware", &self.hardware)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// A document for one machine: it may hold the secrets of a cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bytes.
    pub body: Bytes,
    /// Its media type.
    pub media_type: &'static str,
}

/// The bytes stay out of it.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document")
            .field("length", &self.body.len())
            .field("media_type", &self.media_type)
            .finish()
    }
}

/// Why there is no document, or why a report is not taken. The asker is told the same for all that is refused.
#[derive(Debug, Clone, Error)]
pub enum DocumentRefusal {
    /// The token, the name or the asker is not right.
    #[error("refused")]
    Refused,
    /// Ask again.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// How far a boot has come, as a server of ours saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedStep {
    /// Whose boot.
    pub whose: StepOwner,
    /// Which step.
    pub step: BootStep,
    /// What exactly: a file name, a size, a duration; no secrets.
    pub detail: String,
}

/// Whose boot a step belongs to, as far as the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOwner {
    /// The boot that was named.
    Boot(BootId),
    /// Whatever boots at this address.
    Address(IpAddr),
    /// Whatever boots with this card.
    Card(MacAddress),
}
