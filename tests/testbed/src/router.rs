//! The site's router as far as machines notice it: it advertises itself (RFC 4861 §6.2).
//!
//! On a segment where nobody advertises, iPXE solicits routers until it gives up before it goes on
//! with the DHCPv4 answer that it has had for long (16 s in iPXE 1.0.0+git-20190125). Real sites
//! have a router; so has the lab. It announces the prefix, offers neither DHCPv6 nor a default
//! route, and answers each solicitation at once.

use std::io::{self, Read};
use std::net::{Ipv6Addr, SocketAddrV6};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// Advertises on `interface` (by its index) until the process ends or the interface goes.
pub fn run(interface: u32) -> io::Result<()> {
    let socket = Socket::new(Domain::IPV6, Type::RAW, Some(Protocol::ICMPV6))?;
    // RFC 4861 §6.1.2: receivers drop advertisements that passed a router.
    socket.set_multicast_hops_v6(255)?;
    socket.set_multicast_if_v6(interface)?;
    socket.set_multicast_loop_v6(false)?;
    socket.join_multicast_v6(&ALL_ROUTERS, interface)?;
    socket.set_read_timeout(Some(EVERY))?;
    let everyone = SockAddr::from(SocketAddrV6::new(ALL_NODES, 0, 0, interface));
    loop {
        // Refused while the interface has no link-local address yet; a solicitation will come.
        let _sent = socket.send_to(&advertisement(), &everyone);
        await_solicitation(&socket)?;
    }
}

/// Returns at a router solicitation, or when it is time for the next advertisement.
fn await_solicitation(mut socket: &Socket) -> io::Result<()> {
    let mut message = [0; 1500];
    loop {
        // The kernel takes off the IPv6 header (RFC 3542 §3): the type comes first.
        match socket.read(&mut message) {
            Ok(0) => {}
            Ok(_) if message.first() == Some(&ROUTER_SOLICITATION) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// A router advertisement (RFC 4861 §4.2) with one prefix (§4.6.2). The kernel fills in the
/// checksum (RFC 3542 §3.1).
fn advertisement() -> Vec<u8> {
    let mut message = vec![ROUTER_ADVERTISEMENT, 0, 0, 0];
    // Hop limit 64; neither managed nor other configuration; router lifetime 0: no default route.
    message.extend([64, 0, 0, 0]);
    // Reachable time and retransmission timer unspecified.
    message.extend([0; 8]);
    // Prefix information, 4 units of 8 octets; on-link and autonomous.
    message.extend([3, 4, PREFIX_LENGTH, 0xc0]);
    message.extend(VALID_SECONDS.to_be_bytes());
    message.extend(VALID_SECONDS.to_be_bytes());
    message.extend([0; 4]);
    message.extend(PREFIX.octets());
    message
}

const ROUTER_SOLICITATION: u8 = 133;
const ROUTER_ADVERTISEMENT: u8 = 134;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ALL_ROUTERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 2);
const PREFIX: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 0);
const PREFIX_LENGTH: u8 = 64;
const VALID_SECONDS: u32 = 86_400;
const EVERY: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advertisement_has_the_lengths_of_the_rfc() {
        let message = advertisement();
        assert_eq!(message.len(), 16 + 32);
        assert_eq!(message[16..20], [3, 4, 64, 0xc0]);
        assert_eq!(message[32..36], [0xfd, 0x77, 0, 0]);
    }
}
