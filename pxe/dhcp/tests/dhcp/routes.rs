//! Where replies go (RFC 2131 §4.1).

use std::net::Ipv4Addr;

use machine_core::hardware::MacAddress;
use pxe_dhcp::client::Arrival;
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::packet::HardwareAddress;
use pxe_dhcp::route::{Destination, Route};

use crate::captures::{self, Capture, MAC, RAW_UUID};
use crate::scene::{broadcast, client, source, to_boot_service};

const YOURS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 60);
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 254);

fn route(capture: &Capture, arrival: Arrival, yiaddr: Ipv4Addr) -> Route {
    Route::of_reply(&client(capture, arrival).unwrap(), yiaddr)
}

fn to(destination: Destination, port: u16) -> Route {
    Route { destination, port }
}

#[test]
fn offers_and_leases() {
    let renewing = captures::udhcpc()
        .of_kind(MessageKind::Request)
        .changed(|packet| packet.ciaddr = YOURS);
    let unicast = Arrival {
        source: source("10.77.0.60:68"),
        unicast: true,
        ..broadcast()
    };
    let link = Destination::Link {
        mac: MacAddress::new(MAC),
        address: YOURS,
    };
    let guid = captures::bios_rom()
        .changed(|packet| packet.hardware = HardwareAddress::new(1, &RAW_UUID).unwrap())
        .with(OptionCode::CLIENT_IDENTIFIER, &[&[1][..], &MAC].concat());
    for (what, capture, arrival, yiaddr, expected) in [
        (
            "flag clear",
            captures::bios_rom(),
            broadcast(),
            YOURS,
            to(link, 68),
        ),
        (
            "flag set",
            captures::edk2(),
            broadcast(),
            YOURS,
            to(Destination::Broadcast, 68),
        ),
        (
            "a proxy's offer has no address to send to",
            captures::bios_rom(),
            broadcast(),
            Ipv4Addr::UNSPECIFIED,
            to(Destination::Broadcast, 68),
        ),
        (
            "chaddr is no card",
            guid,
            broadcast(),
            YOURS,
            to(Destination::Broadcast, 68),
        ),
        (
            "relayed",
            captures::edk2().through_relay(),
            broadcast(),
            YOURS,
            to(Destination::Relay(RELAY), 67),
        ),
        (
            "renewing",
            renewing.clone(),
            unicast,
            YOURS,
            to(Destination::Client(YOURS), 68),
        ),
        (
            "rebinding",
            renewing.clone(),
            broadcast(),
            YOURS,
            to(Destination::Client(YOURS), 68),
        ),
        (
            "rebinding through a relay",
            renewing.through_relay(),
            broadcast(),
            YOURS,
            to(Destination::Relay(RELAY), 67),
        ),
        (
            "a DISCOVER has no address, whatever it says",
            captures::edk2().changed(|packet| packet.ciaddr = YOURS),
            broadcast(),
            YOURS,
            to(Destination::Broadcast, 68),
        ),
    ] {
        assert_eq!(route(&capture, arrival, yiaddr), expected, "{what}");
    }
}

#[test]
fn boot_services_answer_the_port_that_asked() {
    let request = captures::edk2()
        .of_kind(MessageKind::Request)
        .changed(|packet| packet.ciaddr = YOURS);
    for (from, expected) in [
        ("10.77.0.60:4011", to(Destination::Client(YOURS), 4011)),
        ("10.77.0.60:68", to(Destination::Client(YOURS), 68)),
        ("0.0.0.0:68", to(Destination::Client(YOURS), 68)),
    ] {
        let route = route(&request, to_boot_service(from), Ipv4Addr::UNSPECIFIED);
        assert_eq!(route, expected, "{from}");
    }
    let nowhere = captures::edk2().of_kind(MessageKind::Request);
    let route = route(
        &nowhere,
        to_boot_service("0.0.0.0:68"),
        Ipv4Addr::UNSPECIFIED,
    );
    assert_eq!(route, to(Destination::Broadcast, 68));
}

#[test]
fn refusals_go_to_everybody_or_to_the_relay() {
    let rebinding = captures::udhcpc()
        .of_kind(MessageKind::Request)
        .changed(|packet| packet.ciaddr = YOURS);
    let direct = client(&rebinding, broadcast()).unwrap();
    assert_eq!(Route::of_nak(&direct), to(Destination::Broadcast, 68));
    let relayed = client(&rebinding.through_relay(), broadcast()).unwrap();
    assert_eq!(Route::of_nak(&relayed), to(Destination::Relay(RELAY), 67));
}
