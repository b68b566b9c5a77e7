//! Whether somebody else is the DHCP server of a link.
//!
//! Two authoritative servers give one address to two machines. So before we become one, we ask as a
//! client that nobody knows, and listen for an OFFER on port 68. Our own port 67 is not bound yet:
//! every offer is another program's, also one that carries an address of this host.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use pxe_dhcp::option::{MessageKind, OptionCode, address};
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MINIMUM_LIMIT, Operation, Packet};
use pxe_dhcp::route::{CLIENT_PORT, SERVER_PORT};
use thiserror::Error;
use tokio::time::{Instant, timeout_at};

use crate::interface::Interface;
use crate::socket::{DatagramSocket, Place};

/// How long to listen. dnsmasq pings an address for 3 s before it offers it (`PING_WAIT`), and ISC
/// dhcpd for 1 s.
pub const PATIENCE: Duration = Duration::from_secs(4);
/// Between two questions, for a packet may be lost. The answer to each of the first ones still comes
/// within [`PATIENCE`].
const AGAIN: Duration = Duration::from_millis(500);

/// A DHCP server that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{server} is a DHCP server on this link already: it offered {offered}")]
pub struct ForeignServer {
    /// What it calls itself (option 54), else the sender's address.
    pub server: IpAddr,
    /// The address that it offered.
    pub offered: IpAddr,
}

/// Why nobody could be asked.
#[derive(Debug, Error)]
#[error(
    "can't look for other DHCP servers on {interface}, for which UDP port 68 is taken: end a DHCP \
     client that has it, or run as root or with CAP_NET_BIND_SERVICE"
)]
pub struct CannotAsk {
    /// On which interface.
    pub interface: String,
    /// What the system says; the port in use means that a DHCP client runs there.
    pub source: io::Error,
}

/// Asks on this interface for a server, and listens for so long. Returns at the first offer. The
/// interface is held, so that two Drovers that start at once do not both find nobody.
pub async fn find_foreign_server(
    interface: &Interface,
    patience: Duration,
) -> Result<Option<ForeignServer>, CannotAsk> {
    let asked = ask(interface.name(), patience).await;
    asked.map_err(|source| CannotAsk {
        interface: interface.name().to_owned(),
        source,
    })
}

/// One question, repeated as it is: to a server that thinks about its first copy, another `xid` or
/// card would be another client.
async fn ask(interface: &str, patience: Duration) -> io::Result<Option<ForeignServer>> {
    let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT);
    let socket = DatagramSocket::bind(Place {
        device: Some(interface),
        address,
    })?;
    let question = discover()?;
    let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
    let end = Instant::now() + patience;
    let bytes = question.encode(MINIMUM_LIMIT).bytes;
    loop {
        socket
            .send(&bytes, Ipv4Addr::UNSPECIFIED, everybody)
            .await?;
        let again = end.min(Instant::now() + AGAIN);
        match timeout_at(again, listen(&socket, question.xid)).await {
            Ok(found) => return found.map(Some),
            Err(_) if Instant::now() >= end => return Ok(None),
            Err(_) => {}
        }
    }
}

/// The next offer to us.
async fn listen(socket: &DatagramSocket, xid: u32) -> io::Result<ForeignServer> {
    let mut buffer = vec![0; 2048];
    loop {
        socket.readable().await?;
        let arrived = match socket.try_receive(&mut buffer) {
            Ok(arrived) => arrived,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let packet = Packet::decode(buffer.get(..arrived.length).unwrap_or_default());
        let offer = packet
            .ok()
            .filter(|packet| packet.xid == xid && is_lease_offer(packet));
        if let Some(offer) = offer {
            let named = offer.options.get(OptionCode::SERVER).and_then(address);
            return Ok(ForeignServer {
                server: IpAddr::V4(named.unwrap_or_else(|| *arrived.source.ip())),
                offered: IpAddr::V4(offer.yiaddr),
            });
        }
    }
}

/// A proxy offers no address and is no rival.
fn is_lease_offer(packet: &Packet) -> bool {
    packet.operation == Operation::Reply
        && !packet.yiaddr.is_unspecified()
        && packet.options.get(OptionCode::MESSAGE_TYPE) == Some(&[MessageKind::Offer.code()])
}

/// A DISCOVER from a card that nobody has: a random, locally administered address.
fn discover() -> io::Result<Packet> {
    let mut random = [0; 9];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let [a, b, c, d, xid @ .., e] = random;
    let mac = [0x02, a, b, c, d, e];
    let hardware = HardwareAddress::new(HardwareAddress::ETHERNET, &mac)
        .ok_or_else(|| io::Error::other("no hardware address"))?;
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[MessageKind::Discover.code()]);
    Ok(Packet {
        operation: Operation::Request,
        hardware,
        hops: 0,
        xid: u32::from_be_bytes(xid),
        secs: 0,
        flags: Packet::BROADCAST,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        sname: [0; 64],
        file: [0; 128],
        options,
    })
}
