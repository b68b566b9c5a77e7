//! The socket of one transfer, connected to its client.
//!
//! Content goes to the kernel as slices of the loader in memory, never copied by us. A window goes
//! out in one call where the kernel cuts it into datagrams (`UDP_SEGMENT`, `udp(7)`); where a
//! device or an old kernel refuses, each datagram goes alone.

use std::io::{self, IoSlice};
use std::net::SocketAddrV4;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::sockopt::IpMtu;
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, getsockopt, sendmsg};
use pxe_tftp::datagram::Datagram;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// How many segments the kernel takes at once (`UDP_MAX_SEGMENTS` was 64 for long).
const SEGMENTS: usize = 64;
/// How many bytes it takes at once: one IP packet.
const BYTES: usize = 65_000;

/// A connected socket.
#[derive(Debug)]
pub(crate) struct Outlet {
    socket: UdpSocket,
    /// Whether the kernel segments.
    segments: bool,
}

impl Outlet {
    /// A new port of this address, for this client alone. Being connected, it hears of its own
    /// client only, and learns when that one is gone.
    pub(crate) async fn connect(from: SocketAddrV4, to: SocketAddrV4) -> io::Result<Self> {
        let socket = UdpSocket::bind(from).await?;
        socket.connect(to).await?;
        Ok(Self {
            socket,
            segments: true,
        })
    }

    /// How long a packet to the client may be, as far as the system knows its way.
    pub(crate) fn mtu(&self) -> Option<u16> {
        let mtu = getsockopt(&self.socket, IpMtu).ok()?;
        // That of loopback is beyond what TFTP can say.
        u16::try_from(mtu).ok()
    }

    pub(crate) async fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.recv(buffer).await
    }

    pub(crate) fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.try_recv(buffer)
    }

    /// Sends them in order.
    pub(crate) async fn send(&mut self, datagrams: &[Datagram<'_>]) -> io::Result<()> {
        let mut rest = datagrams;
        while !rest.is_empty() {
            let count = if self.segments { run_length(rest) } else { 1 };
            let Some((batch, after)) = rest.split_at_checked(count) else {
                break;
            };
            match self.send_batch(batch).await {
                Ok(()) => rest = after,
                Err(error) if batch.len() > 1 && is_unsupported(&error) => self.segments = false,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn send_batch(&self, batch: &[Datagram<'_>]) -> io::Result<()> {
        let slices: Vec<IoSlice<'_>> = batch
            .iter()
            .flat_map(Datagram::parts)
            .map(IoSlice::new)
            .collect();
        let segment = batch.first().map_or(0, length);
        let segment = u16::try_from(segment).unwrap_or(u16::MAX);
        let control = [ControlMessage::UdpGsoSegments(&segment)];
        let control: &[ControlMessage<'_>] = if batch.len() > 1 { &control } else { &[] };
        let attempt = || {
            let descriptor = self.socket.as_raw_fd();
            sendmsg::<SockaddrIn>(descriptor, &slices, control, MsgFlags::empty(), None)?;
            Ok(())
        };
        self.socket.async_io(Interest::WRITABLE, attempt).await
    }
}

/// How many datagrams from the first on can go as segments: all as long as the first, but for the
/// last, which may be shorter.
fn run_length(datagrams: &[Datagram<'_>]) -> usize {
    let segment = datagrams.first().map_or(0, length).max(1);
    let most = SEGMENTS.min(BYTES / segment).max(1);
    let full = datagrams
        .iter()
        .take(most)
        .take_while(|it| length(it) == segment)
        .count();
    let has_tail = full < most && datagrams.get(full).is_some_and(|it| length(it) < segment);
    (full + usize::from(has_tail)).max(1)
}

fn length(datagram: &Datagram<'_>) -> usize {
    datagram.parts().iter().map(|part| part.len()).sum()
}

/// What kernels say that can't segment for this device, or at all.
fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [
        Errno::EIO,
        Errno::EINVAL,
        Errno::EOPNOTSUPP,
        Errno::ENOPROTOOPT,
    ];
    error
        .raw_os_error()
        .is_some_and(|code| unsupported.contains(&Errno::from_raw(code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0);

    fn blocks(lengths: &[usize]) -> Vec<Datagram<'static>> {
        static CONTENT: [u8; 2048] = [7; 2048];
        let data = |length: &usize| Datagram::Data {
            header: [0; 4],
            payload: &CONTENT[..*length],
        };
        lengths.iter().map(data).collect()
    }

    #[test]
    fn runs_are_of_one_length_with_a_shorter_end() {
        for (lengths, run) in [
            (&[512, 512, 512][..], 3),
            (&[512, 512, 100], 3),
            (&[512, 100, 100], 2),
            (&[100, 512], 1),
            (&[512], 1),
            (&[0], 1),
        ] {
            assert_eq!(run_length(&blocks(lengths)), run, "{lengths:?}");
        }
        assert_eq!(run_length(&blocks(&[512; 100])), SEGMENTS);
        assert_eq!(run_length(&blocks(&[1468; 60])), BYTES / 1472);
    }

    #[tokio::test]
    async fn a_window_arrives_as_its_datagrams_with_and_without_segmentation() {
        for segments in [true, false] {
            let client = UdpSocket::bind(HERE).await.unwrap();
            let SocketAddrV4 { .. } = HERE;
            let std::net::SocketAddr::V4(to) = client.local_addr().unwrap() else {
                panic!()
            };
            let mut outlet = Outlet::connect(HERE, to).await.unwrap();
            outlet.segments = segments;
            outlet
                .send(&blocks(&[512, 512, 512, 30, 512]))
                .await
                .unwrap();
            let mut buffer = [0; 2048];
            for wanted in [516, 516, 516, 34, 516] {
                assert_eq!(client.recv(&mut buffer).await.unwrap(), wanted);
            }
        }
    }
}
