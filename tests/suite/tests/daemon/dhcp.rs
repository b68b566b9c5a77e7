//! A DHCP client of the tests, for what the real ones can't be made to do.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MINIMUM_LIMIT, Operation, Packet};
use socket2::{Domain, Socket, Type};
use testbed::namespace::Namespace;
use testbed::network::{LINK, SERVER};

use crate::place::LONG;

pub(crate) const DISCOVER: u8 = 1;
pub(crate) const OFFER: u8 = 2;
pub(crate) const REQUEST: u8 = 3;
pub(crate) const DECLINE: u8 = 4;
pub(crate) const ACK: u8 = 5;
pub(crate) const NAK: u8 = 6;
pub(crate) const RELEASE: u8 = 7;
pub(crate) const INFORM: u8 = 8;

/// How a packet of a client is dressed: as firmware's, as iPXE's, as anybody's.
pub(crate) type Dress = fn(Packet) -> Packet;

/// A client on port 68.
#[derive(Debug)]
pub(crate) struct DhcpClient {
    pub(crate) socket: UdpSocket,
    mac: MacAddress,
    xid: u32,
}

impl DhcpClient {
    pub(crate) fn new(place: &Namespace, mac: MacAddress) -> Self {
        Self {
            socket: broadcaster(place, 68),
            mac,
            xid: u32::from(mac.octets()[5]) << 16,
        }
    }

    /// Sends this until it is answered with this kind of message by `server`.
    pub(crate) fn ask(&mut self, packet: Packet, kind: u8, server: Ipv4Addr) -> Packet {
        self.xid += 1;
        let packet = Packet {
            xid: self.xid,
            ..packet
        };
        let bytes = packet.encode(MINIMUM_LIMIT).bytes;
        let begin = Instant::now();
        while begin.elapsed() < LONG {
            self.socket
                .send_to(&bytes, (Ipv4Addr::BROADCAST, 67))
                .unwrap();
            if let Some(answer) = self.answer(kind, server) {
                return answer;
            }
        }
        panic!("no answer of kind {kind} from {server}");
    }

    /// Sends this, for which there is no answer.
    pub(crate) fn tell(&self, packet: &Packet) {
        let bytes = packet.encode(MINIMUM_LIMIT).bytes;
        let everybody = (Ipv4Addr::BROADCAST, 67);
        self.socket.send_to(&bytes, everybody).unwrap();
    }

    /// The answer, if it comes before the client would ask again.
    fn answer(&self, kind: u8, server: Ipv4Addr) -> Option<Packet> {
        let mut buffer = [0; 2048];
        let patience = Instant::now() + RETRY;
        while Instant::now() < patience {
            let Ok((length, from)) = self.socket.recv_from(&mut buffer) else {
                continue;
            };
            let Ok(packet) = Packet::decode(&buffer[..length]) else {
                continue;
            };
            let says = packet.options.get(OptionCode::MESSAGE_TYPE);
            if packet.xid == self.xid && from.ip() == IpAddr::V4(server) && says == Some(&[kind]) {
                return Some(packet);
            }
        }
        None
    }

    /// Asks for an address and takes what it is offered: the offer and the acknowledgement.
    pub(crate) fn lease(&mut self, dress: Dress) -> (Packet, Packet) {
        let discover = dress(message(self.mac, DISCOVER));
        let offer = self.ask(discover, OFFER, SERVER);
        let request = dress(request(self.mac, offer.yiaddr));
        let ack = self.ask(request, ACK, SERVER);
        (offer, ack)
    }
}

/// A socket that may broadcast, on this port of a client's link. It waits a moment for packets.
pub(crate) fn broadcaster(place: &Namespace, port: u16) -> UdpSocket {
    place
        .enter(|| {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
            socket.set_broadcast(true).unwrap();
            socket.set_read_timeout(Some(RETRY / 10)).unwrap();
            socket.bind_device(Some(LINK.as_bytes())).unwrap();
            let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
            socket.bind(&SocketAddr::V4(address).into()).unwrap();
            socket.into()
        })
        .unwrap()
}

/// A message of this client.
pub(crate) fn message(mac: MacAddress, kind: u8) -> Packet {
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[kind]);
    Packet {
        operation: Operation::Request,
        hardware: HardwareAddress::new(HardwareAddress::ETHERNET, &mac.octets()).unwrap(),
        hops: 0,
        xid: 0,
        secs: 0,
        flags: Packet::BROADCAST,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr: Ipv4Addr::UNSPECIFIED,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        sname: [0; 64],
        file: [0; 128],
        options,
    }
}

/// The REQUEST that takes an offer.
pub(crate) fn request(mac: MacAddress, address: Ipv4Addr) -> Packet {
    let mut packet = message(mac, REQUEST);
    packet.options.push(OptionCode::SERVER, &SERVER.octets());
    let options = &mut packet.options;
    options.push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    packet
}

/// As it is.
pub(crate) fn plain(packet: Packet) -> Packet {
    packet
}

/// From a ROM that does PXE on a BIOS (RFC 4578 §2.1, architecture 0).
pub(crate) fn bios(mut packet: Packet) -> Packet {
    let class = b"PXEClient:Arch:00000:UNDI:002001";
    packet.options.push(OptionCode::VENDOR_CLASS, class);
    packet.options.push(OptionCode::CLIENT_ARCH, &[0, 0]);
    packet
}

/// From UEFI firmware (RFC 4578 §2.1, architecture 7).
pub(crate) fn uefi(mut packet: Packet) -> Packet {
    let class = b"PXEClient:Arch:00007:UNDI:003016";
    packet.options.push(OptionCode::VENDOR_CLASS, class);
    packet.options.push(OptionCode::CLIENT_ARCH, &[0, 7]);
    packet
}

/// From iPXE on a BIOS.
pub(crate) fn ipxe(packet: Packet) -> Packet {
    let mut packet = bios(packet);
    packet.options.push(OptionCode::USER_CLASS, b"iPXE");
    packet
}

/// The boot file of an answer, from its option or its header.
pub(crate) fn boot_file(packet: &Packet) -> String {
    let option = packet.options.get(OptionCode::BOOT_FILE);
    let bytes = option.unwrap_or(&packet.file);
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

const RETRY: Duration = Duration::from_secs(2);
