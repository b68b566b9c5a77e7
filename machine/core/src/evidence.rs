//! Who is on the wire: identity as evidence, not as one key.
//!
//! A machine is known by its MACs, its SMBIOS UUID and its serial number, and each of them can be
//! wrong: cards move, boards are swapped, vendors ship one UUID a thousand times, virtual machines
//! are cloned. So a claim is compared with all that is known, and what contradicts is named. A
//! conflict belongs to the claimant, who gets no secret; the established machine is never stopped
//! by it, or anyone on the wire could.
//!
//! What counts is where a piece of evidence comes from. A person or a BMC says what a machine has.
//! What was only heard on the wire is shown, and decides nothing: otherwise whoever speaks first
//! with a machine's card would lock the machine out.

pub mod identification;

use std::collections::BTreeSet;
use std::fmt;

use crate::hardware::{MacAddress, SerialNumber, SystemUuid};
use crate::id::MachineId;
use crate::time::Timestamp;

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceKind {
    /// A hardware address of one of its network cards.
    Mac,
    /// The SMBIOS system UUID.
    SystemUuid,
    /// The SMBIOS system serial number.
    SystemSerial,
}

impl EvidenceKind {
    /// `mac`, `uuid`, `serial`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::SystemUuid => "uuid",
            Self::SystemSerial => "serial",
        }
    }

    /// Every kind there is.
    pub const ALL: [Self; 3] = [Self::Mac, Self::SystemUuid, Self::SystemSerial];
}

impl fmt::Display for EvidenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a piece of evidence comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EvidenceSource {
    /// A script request listed it among its cards: anyone can list anything.
    Listed,
    /// Heard on the wire: the card by which a machine was found, a UUID or serial number that a
    /// boot said.
    Asked,
    /// A document registered it.
    Registered,
    /// A person said that a claimant is this machine.
    Person,
    /// The machine's BMC said so.
    Bmc,
}

impl EvidenceSource {
    /// `listed`, `asked`, `registered`, `person`, `bmc`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Asked => "asked",
            Self::Registered => "registered",
            Self::Person => "person",
            Self::Bmc => "bmc",
        }
    }

    /// Every source there is.
    pub const ALL: [Self; 5] = [
        Self::Listed,
        Self::Asked,
        Self::Registered,
        Self::Person,
        Self::Bmc,
    ];

    /// Whether it says what a machine has, and not only what somebody on the wire said.
    pub const fn is_authority(self) -> bool {
        match self {
            Self::Listed | Self::Asked => false,
            Self::Registered | Self::Person | Self::Bmc => true,
        }
    }
}

/// What something on the wire says of itself. DHCP alone knows the MAC and perhaps the UUID; the
/// script request of iPXE knows the serial number and every card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The card that asks.
    pub mac: MacAddress,
    /// Every other card that it says it has. It is shown, and proves nothing.
    pub others: BTreeSet<MacAddress>,
    /// Its UUID, if it said one.
    pub uuid: Option<SystemUuid>,
    /// Its serial number, if it said one.
    pub serial: Option<SerialNumber>,
    /// Whether all of its identity was asked for: a script request, not DHCP.
    pub complete: bool,
}

/// What is known of a machine's identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdentity {
    /// Which machine.
    pub machine: MachineId,
    /// Its name, for messages.
    pub name: String,
    /// Since when the machine is known: the earlier one is the established one.
    pub since: Timestamp,
    /// Its cards: registered, told by a person or its BMC, or the one that it was found by. Never
    /// one that was only listed.
    pub macs: BTreeSet<MacAddress>,
    /// Whether one of its cards was registered, or told by a person or its BMC.
    pub registered: bool,
    /// Its UUID, if a person or its BMC told it.
    pub uuid: Option<SystemUuid>,
    /// Its serial number, if a person or its BMC told it.
    pub serial: Option<SerialNumber>,
    /// What was only heard.
    pub heard: Heard,
}

impl KnownIdentity {
    /// The UUIDs that the machine may have: the one that was told, or else those that its boots said.
    /// Whoever asks for "the UUID of the machine" asks here, so that all say the same of it.
    pub fn uuids(&self) -> Vec<SystemUuid> {
        let said = match self.uuid {
            Some(told) => vec![told],
            None => self.heard.uuids.iter().copied().collect(),
        };
        said.into_iter().filter(SystemUuid::is_usable).collect()
    }

    /// The serial numbers that the machine may have, in the same way.
    pub fn serials(&self) -> Vec<&SerialNumber> {
        let heard = self.heard.serials.iter().filter(|_| self.serial.is_none());
        let said = self.serial.iter().chain(heard);
        said.filter(|it| it.is_usable()).collect()
    }
}

/// What boots of a machine said of themselves. It is shown; it locks nobody out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// UUIDs.
    pub uuids: BTreeSet<SystemUuid>,
    /// Serial numbers.
    pub serials: BTreeSet<SerialNumber>,
}

/// One piece of evidence in which a claim and a machine differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Difference {
    /// What differs.
    pub kind: EvidenceKind,
    /// What the established machine has.
    pub known: String,
    /// What the claimant said.
    pub claimed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {} there and {} here",
            self.kind, self.known, self.claimed
        )
    }
}

/// Who a claimant is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Nobody we know.
    Unknown,
    /// A known machine.
    Known(MachineId),
    /// An unknown card with the UUID of a known machine: recabled, or a clone. DHCP lets it come as
    /// far as iPXE. There, if nothing contradicts, it waits for a person.
    Candidate(MachineId),
    /// It claims what belongs to another machine.
    Conflict {
        /// The claimant's own record, if it has one.
        claimant: Option<MachineId>,
        /// The established machine.
        with: MachineId,
        /// Its name.
        name: String,
        /// What both have.
        shared: Vec<EvidenceKind>,
        /// What contradicts.
        differences: Vec<Difference>,
    },
}

/// What two machines share and in what they differ, for people: the first makes them one, and the
/// second makes them two.
pub fn conflict_words(with: &str, shared: &[EvidenceKind], differences: &[Difference]) -> String {
    let shared: Vec<&str> = shared.iter().map(|it| it.as_str()).collect();
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    match (shared.is_empty(), differences.is_empty()) {
        (true, _) => differences.join("; "),
        (false, true) => format!("it has the {} of {with}", shared.join(" and ")),
        (false, false) => format!(
            "it has the {} of {with}, but {}",
            shared.join(" and "),
            differences.join("; ")
        ),
    }
}

/// What the claim says of the board that the machine was told to have otherwise. What nobody told,
/// or what identifies nothing, contradicts nothing.
pub fn contradictions(claim: &Claim, known: &KnownIdentity) -> Vec<Difference> {
    let uuid = known.uuid.zip(claim.uuid).filter(|(known, claimed)| {
        known.is_usable() && claimed.is_usable() && !known.is_same_board(*claimed)
    });
    let serial = known.serial.as_ref().zip(claim.serial.as_ref());
    let serial = serial
        .filter(|(known, claimed)| known.is_usable() && claimed.is_usable() && known != claimed);
    let uuid = uuid.map(|it| difference(EvidenceKind::SystemUuid, it));
    let serial = serial.map(|it| difference(EvidenceKind::SystemSerial, it));
    uuid.into_iter().chain(serial).collect()
}

/// What the machine was told to have, and a complete claim does not say: an impostor that knows
/// the card alone keeps silent about the rest.
pub fn unsaid(claim: &Claim, known: &KnownIdentity) -> Vec<EvidenceKind> {
    let wants_uuid = known.uuid.as_ref().is_some_and(SystemUuid::is_usable);
    let has_uuid = claim.uuid.as_ref().is_some_and(SystemUuid::is_usable);
    let wants_serial = known.serial.as_ref().is_some_and(SerialNumber::is_usable);
    let has_serial = claim.serial.as_ref().is_some_and(SerialNumber::is_usable);
    let uuid = (wants_uuid && !has_uuid).then_some(EvidenceKind::SystemUuid);
    let serial = (wants_serial && !has_serial).then_some(EvidenceKind::SystemSerial);
    uuid.into_iter().chain(serial).collect()
}

fn difference<T: fmt::Display>(kind: EvidenceKind, (known, claimed): (T, T)) -> Difference {
    Difference {
        kind,
        known: known.to_string(),
        claimed: claimed.to_string(),
    }
}

#[cfg(test)]
mod tests;
