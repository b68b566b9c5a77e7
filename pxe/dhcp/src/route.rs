//! Where a reply goes (RFC 2131 §4.1), as a value: the shell has the sockets.
//!
//! In this order: the relay; the client's own address; everybody, if the client asked for that or
//! has no address yet to send to; else its hardware address. A NAK without a relay always goes to
//! everybody, since the client's address is what is being refused.

use std::net::Ipv4Addr;

use machine_core::hardware::MacAddress;

use crate::ask::{Ask, ServerPort};
use crate::client::BootClient;
use crate::packet::HardwareAddress;

/// Where clients listen.
pub const CLIENT_PORT: u16 = 68;
/// Where servers and relays listen.
pub const SERVER_PORT: u16 = 67;
/// Where boot services listen, and EDK2 while it asks them.
pub const BOOT_SERVICE_PORT: u16 = 4011;

/// Where a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// To whom.
    pub destination: Destination,
    /// To which UDP port.
    pub port: u16,
}

/// To whom a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Destination {
    /// The relay, by ordinary routing.
    Relay(Ipv4Addr),
    /// The client, at an address that it has.
    Client(Ipv4Addr),
    /// 255.255.255.255 on the link that was asked.
    Broadcast,
    /// A frame to the card, for an address that the client doesn't have yet ([`crate::frame`]): needs
    /// a packet socket. A broadcast does as well.
    Link {
        /// The card.
        mac: MacAddress,
        /// The address that is being given.
        address: Ipv4Addr,
    },
}

impl Route {
    /// The way of an OFFER or ACK that gives `yiaddr` (0.0.0.0 if it gives none).
    pub fn of_reply(client: &BootClient, yiaddr: Ipv4Addr) -> Self {
        let header = &client.header;
        if let Some(relayed) = Self::relayed(client) {
            return relayed;
        }
        if client.arrival.port == ServerPort::BootService {
            return Self::of_boot_service(client);
        }
        let current = match client.ask {
            Ask::Discover | Ask::Decline { .. } | Ask::Release { .. } => Ipv4Addr::UNSPECIFIED,
            Ask::Request(_) | Ask::Inform { .. } | Ask::BootService => header.ciaddr,
        };
        let destination = if !current.is_unspecified() {
            Destination::Client(current)
        } else if header.wants_broadcast() || yiaddr.is_unspecified() || !has_card(client) {
            Destination::Broadcast
        } else {
            Destination::Link {
                mac: client.mac,
                address: yiaddr,
            }
        };
        Self {
            destination,
            port: CLIENT_PORT,
        }
    }

    /// The way of a NAK (RFC 2131 §4.3.2).
    pub fn of_nak(client: &BootClient) -> Self {
        Self::relayed(client).unwrap_or(Self {
            destination: Destination::Broadcast,
            port: CLIENT_PORT,
        })
    }

    fn relayed(client: &BootClient) -> Option<Self> {
        client.is_relayed().then_some(Self {
            destination: Destination::Relay(client.header.giaddr),
            port: SERVER_PORT,
        })
    }

    /// A boot service answers whoever asked, at the port that it asked from: BIOS ROMs send from
    /// 68, EDK2 from 4011.
    fn of_boot_service(client: &BootClient) -> Self {
        let source = client.arrival.source;
        let address = [*source.ip(), client.header.ciaddr]
            .into_iter()
            .find(|address| !address.is_unspecified());
        Self {
            destination: address.map_or(Destination::Broadcast, Destination::Client),
            port: source.port(),
        }
    }
}

/// Whether frames to the MAC address reach the client, and not only option 61 names it.
fn has_card(client: &BootClient) -> bool {
    let hardware = &client.header.hardware;
    hardware.kind() == HardwareAddress::ETHERNET && hardware.as_bytes() == client.mac.octets()
}
