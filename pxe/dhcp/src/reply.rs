//! What we answer: OFFER, ACK and NAK where we are the DHCP server, and boot information only
//! beside another one.
//!
//! Options 60 and 43 and port 4011 are one decision. EDK2 reads a reply with option 60 `PXEClient`
//! and none of the sub-options 43.6 to 43.10 as "ask the boot service on 4011", and the boot fails
//! if nobody answers there. So:
//!
//! - **Authoritative**: neither 60 nor 43. EDK2 takes a lease with a boot file and no option 60 as
//!   it is; ROMs of PC BIOSes do the same, as ISC dhcpd's `filename` has shown for decades (MAAS
//!   and Warewulf send no option 60 either).
//! - **UEFI HTTP boot**: 60 `HTTPClient` and a URL in 67, in both modes. Without either EDK2 drops
//!   the offer (`HttpBootDhcp4.c`).
//! - **Proxy**: 60 always. For BIOS and iPXE, 43.6 = 8: "use this file". For UEFI there are two
//!   schools ([`ProxySchool`]), each with firmware that fails with it.
//!
//! iPXE takes a proxy's file only if `siaddr` is filled, so it always is.

mod fields;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::client_class::VendorClass;
use machine_core::hardware::Firmware;
use machine_core::network::{DhcpMode, Subnet};

use crate::ask::{Ask, ServerPort};
use crate::client::BootClient;
use crate::dropped::Dropped;
use crate::option::{MessageKind, OptionCode};
use crate::packet::{Encoded, Packet};
use crate::reply::fields::{BootFile, Draft};
use crate::route::{Destination, Route};
use crate::vendor_options::vendor_options;
use crate::verdict::Refusal;

/// What a client is told to boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BootInstruction {
    /// No answer at all.
    Silence,
    /// An address, but nothing to boot: the local disk. Beside another server that is silence.
    NoBoot,
    /// A boot file over TFTP, for firmware (or for an iPXE that is to be replaced).
    Loader {
        /// Its name.
        file: Vec<u8>,
        /// The TFTP server.
        next_server: IpAddr,
    },
    /// A boot file over HTTP, for firmware that does UEFI HTTP boot.
    Url {
        /// Its URL, with an address where others have a name: firmware may have no resolver.
        url: String,
    },
    /// A script, for iPXE. Firmware has no use for it and boots nothing.
    Script {
        /// Its URL.
        url: String,
    },
}

/// How UEFI firmware is told its boot file beside another DHCP server. EDK2 takes both, some
/// derivatives only one; which one works is remembered per machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxySchool {
    /// 43.6 = 8 in the OFFER: use this file at once (as Tinkerbell does).
    DiscoveryControl,
    /// Option 60 without 43 in the OFFER, and the file again in an ACK on port 4011 (as dnsmasq,
    /// Pixiecore and Omni do).
    Binl,
}

/// An address and how long it lasts. The client renews at half of that and rebinds at seven
/// eighths (RFC 2131 §4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Which address.
    pub address: IpAddr,
    /// For how long.
    pub lifetime: Duration,
}

/// A client and what it is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The subnet that it asks in.
    pub subnet: &'a Subnet,
    /// Who asks.
    pub client: &'a BootClient,
    /// What it boots.
    pub answer: &'a BootInstruction,
    /// How UEFI is told, beside another server.
    pub school: ProxySchool,
}

/// A reply and its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// OFFER, ACK or NAK.
    pub kind: MessageKind,
    /// The packet.
    pub packet: Packet,
    /// Where it goes.
    pub route: Route,
    /// The longest that the client takes.
    pub limit: usize,
}

impl Reply {
    fn new(client: &BootClient, draft: Draft<'_>, route: Route) -> Self {
        Self {
            kind: draft.kind(),
            packet: draft.finish(),
            route,
            limit: client.reply_limit,
        }
    }

    /// The bytes for the wire.
    pub fn encode(&self) -> Encoded {
        self.packet.encode(self.limit)
    }
}

impl Exchange<'_> {
    /// The answer to a client, or why there is none. `grant` is the address that is offered or
    /// leased, where we are the DHCP server: a proposal for a DISCOVER, a committed lease for a
    /// REQUEST.
    pub fn reply(&self, grant: Option<Grant>) -> Result<Reply, Dropped> {
        let reply = match (&self.subnet.mode, self.client.ask) {
            (DhcpMode::Off, _) => Err(Dropped::Off),
            (_, _) if *self.answer == BootInstruction::Silence => Err(Dropped::NothingToBoot),
            (_, Ask::Decline { .. } | Ask::Release { .. }) => {
                let kind = self.client.ask.kind();
                Err(Dropped::NeverAnswered { kind })
            }
            (_, Ask::BootService) => self.boot_information(MessageKind::Ack),
            (DhcpMode::Authoritative { .. }, Ask::Discover) => {
                self.lease(MessageKind::Offer, grant)
            }
            (DhcpMode::Authoritative { .. }, Ask::Request(_)) => {
                self.lease(MessageKind::Ack, grant)
            }
            (DhcpMode::Authoritative { .. }, Ask::Inform { .. }) => self.parameters(),
            (DhcpMode::Proxy, Ask::Discover) => self.boot_information(MessageKind::Offer),
            (DhcpMode::Proxy, Ask::Request(_) | Ask::Inform { .. }) => {
                Err(Dropped::LeaseOfOtherServer)
            }
        }?;
        self.stay_inside(reply)
    }

    /// OFFER or ACK with an address.
    fn lease(&self, kind: MessageKind, grant: Option<Grant>) -> Result<Reply, Dropped> {
        let grant = grant.ok_or(Dropped::NoLease)?;
        let IpAddr::V4(address) = grant.address else {
            return Err(Dropped::NotIpv4);
        };
        let mut draft = Draft::new(self.client, self.subnet, kind)?;
        draft.lease(address, grant.lifetime);
        Ok(self.finish(draft, address))
    }

    /// ACK to an INFORM: everything but an address (RFC 2131 §4.3.5).
    fn parameters(&self) -> Result<Reply, Dropped> {
        let draft = Draft::new(self.client, self.subnet, MessageKind::Ack)?;
        Ok(self.finish(draft, Ipv4Addr::UNSPECIFIED))
    }

    fn finish(&self, mut draft: Draft<'_>, yiaddr: Ipv4Addr) -> Reply {
        draft.network();
        if let Some(file) = self.boot_file(draft.server()) {
            draft.boot_file(&file);
        }
        if self.client.is_ipxe() {
            draft.no_proxy();
        }
        if draft.has_file() && self.client.is_http() {
            draft.option(OptionCode::VENDOR_CLASS, VendorClass::HTTP_CLIENT);
        }
        let route = Route::of_reply(self.client, yiaddr);
        Reply::new(self.client, draft, route)
    }

    /// The boot file and nothing else: beside another server, and on port 4011.
    fn boot_information(&self, kind: MessageKind) -> Result<Reply, Dropped> {
        if !self.client.is_netboot() {
            return Err(Dropped::NotBooting);
        }
        let mut draft = Draft::new(self.client, self.subnet, kind)?;
        let file = self
            .boot_file(draft.server())
            .ok_or(Dropped::NothingToBoot)?;
        draft.boot_file(&file);
        if self.client.is_http() {
            draft.option(OptionCode::VENDOR_CLASS, VendorClass::HTTP_CLIENT);
            let route = Route::of_reply(self.client, Ipv4Addr::UNSPECIFIED);
            return Ok(Reply::new(self.client, draft, route));
        }
        draft.option(OptionCode::VENDOR_CLASS, VendorClass::PXE_CLIENT);
        // Who asked a boot server for an item takes no answer without it (iPXE, PXE 2.1 §2.4.4).
        let boot_item = (self.client.boot_item).filter(|_| self.client.ask == Ask::BootService);
        if let Some(value) = vendor_options(self.controls_discovery(), boot_item) {
            draft.option(OptionCode::VENDOR, &value);
        }
        let route = Route::of_reply(self.client, Ipv4Addr::UNSPECIFIED);
        Ok(Reply::new(self.client, draft, route))
    }

    /// Whether a proxy's reply says "use this file" in option 43. UEFI firmware that came to 4011
    /// is past that: dnsmasq leaves 43 out for it, since "many UEFI PXE implementations have badly
    /// broken menu code".
    fn controls_discovery(&self) -> bool {
        let firmware = self.client.platform().map(|(_, firmware)| firmware);
        match (firmware, self.client.is_ipxe()) {
            (Some(Firmware::Uefi), false) => {
                self.school == ProxySchool::DiscoveryControl
                    && self.client.arrival.port == ServerPort::Dhcp
            }
            (Some(Firmware::Uefi), true) | (Some(Firmware::Bios) | None, _) => true,
        }
    }

    /// What the client is to load, if it is one that loads anything.
    fn boot_file(&self, server: Ipv4Addr) -> Option<BootFile<'_>> {
        match self.answer {
            BootInstruction::Url { url } if self.client.is_http() => Some(BootFile::Url {
                url: url.as_bytes(),
                server,
            }),
            _ if !self.client.is_pxe() => None,
            BootInstruction::Loader {
                file,
                next_server: IpAddr::V4(next_server),
            } => Some(BootFile::Loader {
                name: file,
                next_server: *next_server,
                // ROMs read on behind an option 67 without a NUL and ask TFTP for a name that ends
                // in 0xff; iPXE would show the NUL as %00 and ask for that.
                terminated: !self.client.is_ipxe(),
            }),
            BootInstruction::Script { url } if self.client.is_ipxe() => Some(BootFile::Url {
                url: url.as_bytes(),
                server,
            }),
            BootInstruction::Loader { .. }
            | BootInstruction::Url { .. }
            | BootInstruction::Script { .. }
            | BootInstruction::Silence
            | BootInstruction::NoBoot => None,
        }
    }

    /// Nothing goes to an address outside the subnet, or anybody could have us send there.
    fn stay_inside(&self, reply: Reply) -> Result<Reply, Dropped> {
        match reply.route.destination {
            Destination::Client(address) if !self.subnet.network.contains(IpAddr::V4(address)) => {
                Err(Dropped::Foreign {
                    address: IpAddr::V4(address),
                })
            }
            Destination::Client(_)
            | Destination::Relay(_)
            | Destination::Broadcast
            | Destination::Link { .. } => Ok(reply),
        }
    }
}

/// The NAK to a REQUEST.
pub fn refuse(client: &BootClient, subnet: &Subnet, refusal: &Refusal) -> Result<Reply, Dropped> {
    let mut draft = Draft::new(client, subnet, MessageKind::Nak)?;
    draft.refuse(refusal);
    Ok(Reply::new(client, draft, Route::of_nak(client)))
}
