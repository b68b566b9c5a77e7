//! A DHCP client of the tests: sends what it is told and gives what it gets.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use machine_core::network::ClientKey;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MINIMUM_LIMIT, Operation, Packet};
use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;

use crate::lab::{Lab, SERVER};

/// A client's socket, on port 68 or, as EDK2 has it for boot services, on 4011.
#[derive(Debug)]
pub(crate) struct DhcpClient {
    socket: UdpSocket,
}

impl DhcpClient {
    pub(crate) fn new(lab: &Lab, port: u16) -> Self {
        let socket = lab.as_client(|| {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
            socket.set_broadcast(true).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket.bind_device(Some(b"pxe-c")).unwrap();
            let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
            socket.bind(&SocketAddr::V4(address).into()).unwrap();
            socket
        });
        Self {
            socket: UdpSocket::from_std(socket.into()).unwrap(),
        }
    }

    pub(crate) async fn broadcast(&self, packet: &Packet) {
        self.send(packet, Ipv4Addr::BROADCAST, 67).await;
    }

    pub(crate) async fn send(&self, packet: &Packet, to: Ipv4Addr, port: u16) {
        let bytes = packet.encode(MINIMUM_LIMIT).bytes;
        self.socket.send_to(&bytes, (to, port)).await.unwrap();
    }

    pub(crate) async fn send_bytes(&self, bytes: &[u8]) {
        self.socket
            .send_to(bytes, (Ipv4Addr::BROADCAST, 67))
            .await
            .unwrap();
    }

    pub(crate) async fn receive(&self) -> Packet {
        let (packet, from) = self.receive_from_anywhere().await;
        assert_eq!(from, SERVER);
        packet
    }

    /// The next packet, and from where it came.
    pub(crate) async fn receive_from_anywhere(&self) -> (Packet, IpAddr) {
        let mut buffer = [0; 2048];
        let received = self.socket.recv_from(&mut buffer);
        let received = tokio::time::timeout(Duration::from_mins(1), received).await;
        let (length, from) = received.expect("no reply").unwrap();
        (Packet::decode(&buffer[..length]).unwrap(), from.ip())
    }
}

/// A message of the client whose MAC address ends so.
pub(crate) fn message(client: u8, kind: u8) -> Packet {
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[kind]);
    Packet {
        operation: Operation::Request,
        hardware: HardwareAddress::new(1, &[0x52, 0x54, 0, 0x77, 0, client]).unwrap(),
        hops: 0,
        xid: u32::from(client),
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

/// The same from a ROM that does PXE on a BIOS.
pub(crate) fn pxe(mut packet: Packet) -> Packet {
    packet.options.push(
        OptionCode::VENDOR_CLASS,
        b"PXEClient:Arch:00000:UNDI:002001",
    );
    packet.options.push(OptionCode::CLIENT_ARCH, &[0, 0]);
    packet
}

/// The same from x86-64 UEFI, which says 7 (RFC 4578 §2.1 with its erratum).
pub(crate) fn uefi(mut packet: Packet) -> Packet {
    packet.options.push(
        OptionCode::VENDOR_CLASS,
        b"PXEClient:Arch:00007:UNDI:003016",
    );
    packet.options.push(OptionCode::CLIENT_ARCH, &[0, 7]);
    packet
}

/// The same from x86-64 UEFI that does HTTP boot, which says 16.
pub(crate) fn uefi_http(mut packet: Packet) -> Packet {
    packet.options.push(
        OptionCode::VENDOR_CLASS,
        b"HTTPClient:Arch:00016:UNDI:003001",
    );
    packet.options.push(OptionCode::CLIENT_ARCH, &[0, 16]);
    packet
}

/// The same from iPXE.
pub(crate) fn ipxe(packet: Packet) -> Packet {
    let mut packet = pxe(packet);
    packet.options.push(OptionCode::USER_CLASS, b"iPXE");
    packet
}

pub(crate) fn request(client: u8, address: Ipv4Addr) -> Packet {
    let mut packet = message(client, 3);
    packet.options.push(OptionCode::SERVER, &SERVER.octets());
    packet
        .options
        .push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    packet
}

pub(crate) fn kind(packet: &Packet) -> u8 {
    packet.options.get(OptionCode::MESSAGE_TYPE).unwrap()[0]
}

pub(crate) fn key(client: u8) -> ClientKey {
    ClientKey::Hardware(machine_core::hardware::MacAddress::new([
        0x52, 0x54, 0, 0x77, 0, client,
    ]))
}
