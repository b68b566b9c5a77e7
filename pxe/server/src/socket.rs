//! UDP sockets that know where a packet was sent to, and answer from there.
//!
//! Each is bound to an interface (`SO_BINDTODEVICE`) or to an address of ours; `IP_PKTINFO` tells
//! the address that was asked, and the reply leaves from that address (`ip(7)`).

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::AsRawFd;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::libc::{in_addr, in_pktinfo};
use nix::sys::socket::sockopt::Ipv4PacketInfo;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tracing::debug;

use crate::receive_buffer;

/// Where a socket is bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// Only what comes in by this interface, and replies go out by it; otherwise routing decides.
    pub(crate) device: Option<&'a str>,
    /// 0.0.0.0 to hear broadcasts.
    pub(crate) address: SocketAddrV4,
}

/// A packet that came in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived {
    /// Its bytes in the buffer.
    pub(crate) length: usize,
    /// Who sent it.
    pub(crate) source: SocketAddrV4,
    /// Which address it was sent to: ours, or a broadcast.
    pub(crate) destination: Ipv4Addr,
    /// Whether that is ours.
    pub(crate) is_for_us: bool,
}

/// A UDP socket on an interface.
#[derive(Debug)]
pub(crate) struct DatagramSocket {
    socket: UdpSocket,
}

impl DatagramSocket {
    /// Opens and binds it.
    pub(crate) fn bind(place: Place<'_>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_broadcast(true)?;
        socket.set_nonblocking(true)?;
        if let Some(device) = place.device {
            socket.bind_device(Some(device.as_bytes()))?;
        }
        setsockopt(&socket, Ipv4PacketInfo, &true)?;
        // What it lacks is told once, when the daemon starts, and not for each socket.
        let receive_buffer = receive_buffer::enlarge(&socket)?;
        debug!(at = %place.address, receive_buffer, "a socket for packets");
        socket.bind(&SocketAddr::V4(place.address).into())?;
        let socket = UdpSocket::from_std(socket.into())?;
        Ok(Self { socket })
    }

    pub(crate) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits until there is something to read.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Takes the next packet, if there is one.
    pub(crate) fn try_receive(&self, buffer: &mut [u8]) -> io::Result<Arrived> {
        self.socket
            .try_io(Interest::READABLE, || receive(&self.socket, buffer))
    }

    /// Sends from this address of ours; waits while the interface is busy.
    pub(crate) async fn send(
        &self,
        packet: &[u8],
        source: Ipv4Addr,
        to: SocketAddrV4,
    ) -> io::Result<()> {
        let attempt = || send_from(&self.socket, packet, source, to);
        self.socket.async_io(Interest::WRITABLE, attempt).await
    }

    /// The same, if the interface takes it at once.
    pub(crate) fn try_send(
        &self,
        packet: &[u8],
        source: Ipv4Addr,
        to: SocketAddrV4,
    ) -> io::Result<()> {
        let attempt = || send_from(&self.socket, packet, source, to);
        self.socket.try_io(Interest::WRITABLE, attempt)
    }
}

fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<Arrived> {
    let mut control = cmsg_space!(in_pktinfo);
    let mut slices = [IoSliceMut::new(buffer)];
    let descriptor = socket.as_raw_fd();
    let message = recvmsg::<SockaddrIn>(
        descriptor,
        &mut slices,
        Some(&mut control),
        MsgFlags::empty(),
    )?;
    let info = message.cmsgs()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
        _ => None,
    });
    let destination = info.map(|info| address_of(info.ipi_addr));
    // The address of ours that it came to (`ip(7)`): for a broadcast, another than it was sent to.
    let local = info.map(|info| address_of(info.ipi_spec_dst));
    let source = message.address.ok_or(Errno::EDESTADDRREQ)?;
    Ok(Arrived {
        length: message.bytes,
        source: source.into(),
        destination: destination.unwrap_or(Ipv4Addr::UNSPECIFIED),
        is_for_us: destination.is_some() && destination == local,
    })
}

/// `in_addr` holds the address in network order.
const fn address_of(address: in_addr) -> Ipv4Addr {
    let [a, b, c, d] = address.s_addr.to_ne_bytes();
    Ipv4Addr::new(a, b, c, d)
}

fn send_from(
    socket: &UdpSocket,
    packet: &[u8],
    source: Ipv4Addr,
    to: SocketAddrV4,
) -> io::Result<()> {
    let info = in_pktinfo {
        ipi_ifindex: 0,
        ipi_spec_dst: in_addr {
            s_addr: u32::from_ne_bytes(source.octets()),
        },
        ipi_addr: in_addr { s_addr: 0 },
    };
    let slices = [IoSlice::new(packet)];
    let control = [ControlMessage::Ipv4PacketInfo(&info)];
    let to = SockaddrIn::from(to);
    sendmsg(
        socket.as_raw_fd(),
        &slices,
        &control,
        MsgFlags::empty(),
        Some(&to),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn receive_one(socket: &DatagramSocket, buffer: &mut [u8]) -> Arrived {
        loop {
            socket.readable().await.unwrap();
            match socket.try_receive(buffer) {
                Ok(arrived) => return arrived,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
    }

    #[tokio::test]
    async fn the_reply_comes_from_the_address_that_was_asked() {
        let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0);
        let server = DatagramSocket::bind(Place {
            device: Some("lo"),
            address: any,
        })
        .unwrap();
        let port = server.local_address().unwrap().port();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client
            .send_to(b"question", ("127.0.0.9", port))
            .await
            .unwrap();
        let mut buffer = [0; 64];
        let arrived = receive_one(&server, &mut buffer).await;
        assert_eq!(arrived.destination, Ipv4Addr::new(127, 0, 0, 9));
        assert!(arrived.is_for_us);
        assert_eq!(&buffer[..arrived.length], b"question");
        server
            .send(b"reply", arrived.destination, arrived.source)
            .await
            .unwrap();
        let (_, from) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!(from, SocketAddr::from(([127, 0, 0, 9], port)));
    }
}
