//! The search for another DHCP server: one that is slow, and one on this very host.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{MINIMUM_LIMIT, Operation, Packet};
use pxe_server::foreign_server::{ForeignServer, PATIENCE, find_foreign_server};
use pxe_server::interface::Interface;
use socket2::{Domain, Socket, Type};

use crate::lab::{Lab, SERVER};

/// Asks for another server, from the namespace of this thread.
pub(crate) fn find_on(interface: &str, patience: Duration) -> Option<ForeignServer> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let interface = Interface::take(interface).unwrap();
    let found = runtime.block_on(find_foreign_server(&interface, patience));
    found.unwrap()
}

/// It answers only the question that it has seen five times: as dnsmasq, which pings an address
/// before it offers it, answers late what it was asked first.
#[test]
fn a_slow_server_of_this_host_is_found_and_named() {
    let Some(lab) = Lab::new() else { return };
    let found = lab.within_server(|| {
        let socket = port_67("pxe-s");
        std::thread::scope(|scope| {
            scope.spawn(|| offer_the_fifth(&socket));
            find_on("pxe-s", PATIENCE)
        })
    });
    let found = found.unwrap();
    assert_eq!(found.server, SERVER, "also with an address of ours");
    assert_eq!(found.offered, Ipv4Addr::new(10, 77, 0, 99));
}

fn port_67(interface: &str) -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind_device(Some(interface.as_bytes())).unwrap();
    let limit = Some(Duration::from_mins(1));
    socket.set_read_timeout(limit).unwrap();
    let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 67);
    socket.bind(&SocketAddr::V4(address).into()).unwrap();
    socket.into()
}

fn offer_the_fifth(socket: &UdpSocket) {
    let mut buffer = [0; 2048];
    let (length, _) = socket.recv_from(&mut buffer).unwrap();
    let question = buffer[..length].to_vec();
    for _ in 1..5 {
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], question, "the same question again");
    }
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[2]);
    options.push(OptionCode::SERVER, &SERVER.octets());
    let offer = Packet {
        operation: Operation::Reply,
        yiaddr: Ipv4Addr::new(10, 77, 0, 99),
        options,
        ..Packet::decode(&question).unwrap()
    };
    let bytes = offer.encode(MINIMUM_LIMIT).bytes;
    socket.send_to(&bytes, (Ipv4Addr::BROADCAST, 68)).unwrap();
}
