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
    let rom = captures::bios_rom();
    let edk2 = captures::edk2();
    let to_client = to(Destination::Client(YOURS), 68);
    let to_all = to(Destination::Broadcast, 68);
    let to_relay = to(Destination::Relay(RELAY), 67);
    let claims_address = edk2.clone().changed(|packet| packet.ciaddr = YOURS);
    // A proxy's offer has no address to send to.
    let of_proxy = route(&rom, broadcast(), Ipv4Addr::UNSPECIFIED);
    assert_eq!(of_proxy, to_all);
    for (what, capture, arrival, expected) in [
        ("flag clear", rom, broadcast(), to(link, 68)),
        ("flag set", edk2.clone(), broadcast(), to_all),
        ("chaddr is no card", guid, broadcast(), to_all),
        ("relayed", edk2.through_relay(), broadcast(), to_relay),
        ("renewing", renewing.clone(), unicast, to_client),
        ("rebinding", renewing.clone(), broadcast(), to_client),
        (
            "rebinding through a relay",
            renewing.through_relay(),
            broadcast(),
            to_relay,
        ),
        (
            "a DISCOVER has no address, whatever it says",
            claims_address,
            broadcast(),
            to_all,
        ),
    ] {
        assert_eq!(route(&capture, arrival, YOURS), expected, "{what}");
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
