//! Interfaces as packet sockets know them (`packet(7)`).

use std::io::{self, Write};
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd;

use machine_core::hardware::MacAddress;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{LinkAddr, bind};
use pxe_dhcp::frame::frame;
use socket2::{Domain, Socket, Type};

/// Ethernet, among the kinds of links (`ARPHRD_ETHER`).
const ETHERNET: u16 = 1;

/// An interface and its card; nothing, if it is no Ethernet.
pub(crate) fn ethernet(interface: &str) -> io::Result<Option<(LinkAddr, MacAddress)>> {
    let links = getifaddrs()?.filter(|it| it.interface_name == interface);
    let mut links = links.filter_map(|it| it.address?.as_link_addr().copied());
    let found = links.find(|link| link.hatype() == ETHERNET);
    Ok(found.and_then(|link| Some((link, MacAddress::new(link.addr()?)))))
}

/// Sends frames by one interface, to cards whose addresses are not in use yet.
#[derive(Debug)]
pub(crate) struct FrameSocket {
    socket: Socket,
    card: MacAddress,
}

impl FrameSocket {
    /// Opens it on this interface; nothing, if that is no Ethernet. Needs `CAP_NET_RAW`.
    pub(crate) fn open(interface: &str) -> io::Result<Option<Self>> {
        let Some((link, card)) = ethernet(interface)? else {
            return Ok(None);
        };
        // Of no protocol: it hears nothing.
        let socket = Socket::new(Domain::PACKET, Type::RAW, None)?;
        socket.set_nonblocking(true)?;
        bind(socket.as_raw_fd(), &link)?;
        Ok(Some(Self { socket, card }))
    }

    /// Sends a datagram from an address of ours to this card, if the interface takes it at once.
    pub(crate) fn send(
        &self,
        payload: &[u8],
        from: SocketAddrV4,
        (card, to): (MacAddress, SocketAddrV4),
    ) -> io::Result<()> {
        let frame = frame((self.card, from), (card, to), payload);
        let frame = frame.ok_or(io::ErrorKind::InvalidInput)?;
        (&self.socket).write_all(&frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_is_no_ethernet_has_no_frames() {
        assert!(ethernet("lo").unwrap().is_none());
        assert!(ethernet("no-such-if").unwrap().is_none());
    }
}
