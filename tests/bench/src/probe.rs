//! The first answer: asks a server every two milliseconds until it says something.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use testbed::namespace::Namespace;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::time::{sleep, timeout};

use crate::error::BenchError;
use crate::load::inside;
use crate::site::LOADER;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Question {
    /// A loader, by TFTP.
    Tftp,
    /// A path that need not be there, by HTTP.
    Http,
    /// An address, by DHCP, as if through a relay.
    Dhcp,
}

const EVERY: Duration = Duration::from_millis(2);
/// A server in an authoritative mode listens for others first.
const SECONDS: u64 = 30;

impl Question {
    /// Asks from this address until there is an answer.
    pub(crate) fn ask(
        self,
        namespace: &Namespace,
        from: Ipv4Addr,
        to: SocketAddrV4,
    ) -> Result<(), BenchError> {
        inside(namespace, None, async move {
            let answer = async {
                match self {
                    Self::Tftp => tftp(from, to).await,
                    Self::Dhcp => dhcp(from, to).await,
                    Self::Http => http(to).await,
                }
            };
            match timeout(Duration::from_secs(SECONDS), answer).await {
                Ok(answered) => answered.map_err(BenchError::system(format!("ask {to}"))),
                Err(_) => Err(BenchError::Silent {
                    who: format!("{to} ({self:?})"),
                    seconds: SECONDS,
                }),
            }
        })
    }
}

async fn tftp(from: Ipv4Addr, to: SocketAddrV4) -> io::Result<()> {
    let request = format!("\0\x01{LOADER}\0octet\0");
    let socket = UdpSocket::bind((from, 0)).await?;
    let server = repeat(&socket, request.as_bytes(), to).await?;
    socket
        .send_to(b"\0\x05\0\0enough\0", server)
        .await
        .map(drop)
}

async fn dhcp(from: Ipv4Addr, to: SocketAddrV4) -> io::Result<()> {
    let socket = UdpSocket::bind((from, 67)).await?;
    repeat(&socket, &discover(from), to).await.map(drop)
}

async fn http(to: SocketAddrV4) -> io::Result<()> {
    loop {
        match TcpSocket::new_v4()?.connect(to.into()).await {
            Ok(mut stream) => {
                stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
                return stream.read_u8().await.map(drop);
            }
            Err(_) => sleep(EVERY).await,
        }
    }
}

/// Sends the same packet again and again until an answer comes; who answered. The socket is not
/// connected, since TFTP answers from another port: so nobody says that nobody listens.
async fn repeat(socket: &UdpSocket, packet: &[u8], to: SocketAddrV4) -> io::Result<SocketAddr> {
    let mut buffer = [0; 2048];
    loop {
        socket.send_to(packet, to).await?;
        if let Ok(received) = timeout(EVERY, socket.recv_from(&mut buffer)).await {
            return received.map(|(_, from)| from);
        }
    }
}

/// A DISCOVER that a relay passes on (RFC 2131 §2, giaddr).
fn discover(relay: Ipv4Addr) -> Vec<u8> {
    let mut packet = vec![1, 1, 6, 1, 0x44, 0x52, 0x4f, 0x56];
    packet.resize(24, 0);
    packet.extend(relay.octets());
    packet.extend([2, 0, 0x5e, 0x10, 0, 1]);
    packet.resize(236, 0);
    packet.extend([99, 130, 83, 99, 53, 1, 1, 255]);
    packet
}
