//! Where a reply goes (RFC 8415 §18.3.10, §19.3), as a value: the shell has the sockets.

use std::net::Ipv6Addr;

use crate::ask::ServerPort;
use crate::client::BootClient;

/// Where clients listen (RFC 8415 §7.2).
pub const CLIENT_PORT: u16 = 546;
/// Where servers and relays listen.
pub const SERVER_PORT: u16 = 547;
/// Where boot services listen, and EDK2 while it asks them.
pub const BOOT_SERVICE_PORT: u16 = 4011;
/// The group of all servers and relays of a link (RFC 8415 §7.1).
pub const ALL_SERVERS_AND_RELAYS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);

/// Where a reply goes, by the interface that was asked.
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
    /// The client, at the address that it wrote from: a link-local one, mostly.
    Client(Ipv6Addr),
    /// The relay that wrote to us.
    Relay(Ipv6Addr),
}

impl Route {
    /// The way of a reply.
    pub fn of_reply(client: &BootClient) -> Self {
        let source = client.arrival.source;
        if let Some(relay) = client.relays.first() {
            // A relay that says so listens where it sent from, and no other does (RFC 8357 §5.2).
            let other = relay.source_port.map(|_| source.port());
            return Self {
                destination: Destination::Relay(*source.ip()),
                port: other.unwrap_or(SERVER_PORT),
            };
        }
        Self {
            destination: Destination::Client(*source.ip()),
            port: match client.arrival.port {
                ServerPort::Dhcp => CLIENT_PORT,
                // EDK2 takes the answer of the boot service from 4011 to 4011 (`PxeBcDhcp6.c`).
                ServerPort::BootService => source.port(),
            },
        }
    }
}
