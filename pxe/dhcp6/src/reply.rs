//! What we answer: ADVERTISE and REPLY with addresses where we are the DHCPv6 server, and boot
//! information only beside another one.
//!
//! The vendor class (option 16) of an answer is what EDK2 judges it by:
//!
//! - **HTTP boot** takes a URL only beside `HTTPClient` (`HttpBootParseDhcp6Packet`).
//! - **PXE** reads `PXEClient` as "ask the boot service on 4011" (`PxeBcRetryDhcp6Binl`), and the boot
//!   fails if nobody answers there. An address with a URL and no class is taken as it is.
//!   Beside another server there is no other way: an ADVERTISE without an address counts only with
//!   that class.
//! - A status that is no success, anywhere in an ADVERTISE, makes EDK2 ignore it
//!   (`Dhcp6HandleAdvertiseMsg`): who gets no address from us is told so by none.
//!
//! iPXE wants an address from whoever answers its SOLICIT, so beside another server it gets what it
//! boots only where the router advertises stateless DHCPv6 (`dhcpv6.c`, `ndp.c`).

mod fields;

use std::net::IpAddr;

use machine_core::client_class::VendorClass;
use machine_core::duid::Duid;
use machine_core::network::{DhcpMode, Subnet};

use crate::ask::{Ask, ServerPort};
use crate::boot_url::BootUrl;
use crate::client::BootClient;
use crate::dropped::Dropped;
use crate::message_kind::MessageKind;
use crate::option::OptionCode;
use crate::outcome::Answered;
use crate::reply::fields::{BootFile, Draft, Status, carried};
use crate::route::{Destination, Route};
use crate::verdict::confirms;

/// What a client is told to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootInstruction {
    /// No answer at all.
    Silence,
    /// An address, but nothing to boot: the local disk. Beside another server that is silence.
    NoBoot,
    /// A boot file, for firmware: over TFTP for PXE, over HTTP for HTTP boot. What the firmware can't
    /// load it is not told.
    Loader {
        /// Where it is.
        url: BootUrl,
        /// What is said to it (option 60). EDK2's PXE is never told: it reads the first as the size
        /// of the file, and gives up if that is no number (`PxeBcExtractBootFileParam`).
        parameters: Vec<String>,
    },
    /// A script, for iPXE. Firmware has no use for it and boots nothing.
    Script {
        /// Where it is.
        url: BootUrl,
    },
}

/// A client and what it is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// Who we are.
    pub server: &'a Duid,
    /// The subnet that it asks in.
    pub subnet: &'a Subnet,
    /// Who asks.
    pub client: &'a BootClient,
    /// What it boots.
    pub answer: &'a BootInstruction,
}

/// A reply and its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// ADVERTISE or REPLY.
    pub kind: MessageKind,
    /// The UDP payload, wrapped for the relays that it goes through.
    pub bytes: Vec<u8>,
    /// Where it goes.
    pub route: Route,
    /// The options that found no room.
    pub left_out: Vec<OptionCode>,
}

impl Exchange<'_> {
    /// The answer to a client, or why there is none. `answered` is what became of its associations,
    /// where we are the DHCPv6 server; what is leased there is committed by now.
    pub fn reply(&self, answered: &[Answered]) -> Result<Reply, Dropped> {
        let client = self.client;
        self.stay_inside()?;
        if client.server.as_ref().is_some_and(|it| it != self.server) {
            return Err(Dropped::ForOtherServer);
        }
        match (&self.subnet.mode, self.answer) {
            (DhcpMode::Off, _) => Err(Dropped::Off),
            (_, BootInstruction::Silence) => Err(Dropped::NothingToBoot),
            (DhcpMode::Authoritative { .. }, _) if self.is_alone() => self.use_multicast(),
            (DhcpMode::Authoritative { .. }, _) => self.stateful(answered),
            (DhcpMode::Proxy, _) => self.stateless(),
        }
    }

    /// Whether it wrote to our address though nobody told it to.
    fn is_alone(&self) -> bool {
        let (client, arrival) = (self.client, self.client.arrival);
        let is_direct = arrival.unicast && client.relays.is_empty();
        is_direct && arrival.port == ServerPort::Dhcp && client.ask.is_for_one()
    }

    fn use_multicast(&self) -> Result<Reply, Dropped> {
        let mut draft = self.draft(MessageKind::Reply)?;
        draft.status(Status::UseMulticast);
        self.finish(draft)
    }

    /// The only server: addresses, and what there is to boot.
    fn stateful(&self, answered: &[Answered]) -> Result<Reply, Dropped> {
        let ask = self.client.ask;
        let is_offer = ask.is_offered();
        let kind = if is_offer {
            MessageKind::Advertise
        } else {
            MessageKind::Reply
        };
        let mut draft = self.draft(kind)?;
        if is_offer {
            // Clients that wait for more offers take this one at once (RFC 8415 §18.2.1): with EDK2
            // that is worth up to four seconds of each boot.
            draft.option(OptionCode::PREFERENCE, &[u8::MAX]);
        } else if matches!(ask, Ask::Solicit { .. }) {
            draft.option(OptionCode::RAPID_COMMIT, &[]);
        }
        if ask == Ask::Confirm {
            draft.status(self.confirmation()?);
            return self.finish(draft);
        }
        draft.associations(answered);
        if matches!(ask, Ask::Release | Ask::Decline) {
            draft.status(Status::Success);
            return self.finish(draft);
        }
        draft.no_prefixes(&self.client.prefixes);
        let file = self.boot_file();
        let class = file.as_ref().and_then(|_| self.class_of_http());
        draft.boot(file, class);
        draft.network(self.subnet);
        self.finish(draft)
    }

    fn confirmation(&self) -> Result<Status, Dropped> {
        let kind = self.client.ask.kind();
        let associations = self.client.associations.iter();
        let addresses: Vec<_> = associations.flat_map(|it| it.addresses.clone()).collect();
        match confirms(&addresses, self.subnet.network) {
            Some(true) => Ok(Status::Success),
            Some(false) => Ok(Status::NotOnLink),
            None => Err(Dropped::NoAddress { kind }),
        }
    }

    /// Beside another server: boot information only.
    fn stateless(&self) -> Result<Reply, Dropped> {
        let client = self.client;
        if !client.boots() {
            return Err(Dropped::NotBooting);
        }
        let kind = match client.ask {
            // Of iPXE an ADVERTISE without an address is worth nothing.
            Ask::Solicit { .. } if client.is_ipxe => return Err(Dropped::LeaseOfOtherServer),
            Ask::Solicit { .. } => MessageKind::Advertise,
            Ask::Inform | Ask::BootService => MessageKind::Reply,
            Ask::Request
            | Ask::Confirm
            | Ask::Renew
            | Ask::Rebind
            | Ask::Release
            | Ask::Decline => return Err(Dropped::LeaseOfOtherServer),
        };
        let file = self.boot_file().ok_or(Dropped::NothingToBoot)?;
        let is_offer = kind == MessageKind::Advertise;
        let of_pxe = is_offer.then_some(VendorClass::PXE_CLIENT);
        let mut draft = self.draft(kind)?;
        draft.boot(Some(file), self.class_of_http().or(of_pxe));
        draft.network(self.subnet);
        self.finish(draft)
    }

    /// What the client is to load, if it is one that loads such a thing.
    fn boot_file(&self) -> Option<BootFile<'_>> {
        let client = self.client;
        let is_pxe = client.vendor_class == VendorClass::Pxe && !client.is_http();
        match self.answer {
            BootInstruction::Script { url } if client.is_ipxe => Some(BootFile {
                url,
                parameters: &[],
            }),
            BootInstruction::Loader { url, parameters }
                if client.is_ipxe || client.is_http() && !url.is_tftp() =>
            {
                Some(BootFile { url, parameters })
            }
            BootInstruction::Loader { url, .. } if is_pxe && url.is_tftp() => Some(BootFile {
                url,
                parameters: &[],
            }),
            BootInstruction::Loader { .. }
            | BootInstruction::Script { .. }
            | BootInstruction::Silence
            | BootInstruction::NoBoot => None,
        }
    }

    fn class_of_http(&self) -> Option<&'static [u8]> {
        self.client.is_http().then_some(VendorClass::HTTP_CLIENT)
    }

    /// Nothing goes to an address that is neither on the link nor in the subnet, or anybody could
    /// have us send there.
    fn stay_inside(&self) -> Result<(), Dropped> {
        let source = *self.client.arrival.source.ip();
        let address = IpAddr::V6(source);
        let is_near = source.is_unicast_link_local() || self.subnet.network.contains(address);
        if self.client.relays.is_empty() && !is_near {
            return Err(Dropped::Foreign { address });
        }
        Ok(())
    }

    fn draft(&self, kind: MessageKind) -> Result<Draft<'_>, Dropped> {
        if !self.subnet.server.is_ipv6() {
            return Err(Dropped::NotIpv6);
        }
        Ok(Draft::new(kind, self.client, self.server))
    }

    fn finish(&self, draft: Draft<'_>) -> Result<Reply, Dropped> {
        let kind = draft.kind();
        let (message, left_out) = draft.finish();
        let route = Route::of_reply(self.client);
        let bytes = match route.destination {
            Destination::Client(_) => message,
            Destination::Relay(_) => carried(message, &self.client.relays)?,
        };
        Ok(Reply {
            kind,
            bytes,
            route,
            left_out,
        })
    }
}
