//! A REQUEST is read together with its DISCOVER, and with no other.

use pxe_dhcp::client::BootClient;
use pxe_dhcp::offers::Offers;
use pxe_dhcp::option::{MessageKind, OptionCode};

use crate::captures::{self, Capture};
use crate::scene::{broadcast, client};

fn discover() -> BootClient {
    client(&captures::bios_rom(), broadcast()).unwrap()
}

/// A REQUEST that says nothing of a network boot.
fn request() -> Capture {
    let mut request = Capture::new(MessageKind::Request)
        .with(OptionCode::SERVER, &[10, 77, 0, 1])
        .with(OptionCode::REQUESTED_ADDRESS, &[10, 77, 0, 60]);
    request.0.xid = discover().header.xid;
    request
}

fn completed(offers: &Offers, capture: &Capture) -> BootClient {
    offers.completed(client(capture, broadcast()).unwrap())
}

#[test]
fn a_request_without_option_60_is_of_the_client_that_was_made_the_offer() {
    let mut offers = Offers::default();
    offers.offered(&discover());
    let client = completed(&offers, &request());
    assert!(client.is_pxe());
    assert_eq!(client.load(), discover().load());
    assert_eq!(client.uuid, discover().uuid);
}

#[test]
fn another_transaction_or_another_ask_is_nothing_to_an_offer() {
    let mut offers = Offers::default();
    offers.offered(&discover());
    let other = request().changed(|packet| packet.xid ^= 1);
    assert!(!completed(&offers, &other).is_pxe());
    let mut renewal =
        Capture::new(MessageKind::Request).changed(|packet| packet.ciaddr = [10, 77, 0, 60].into());
    renewal.0.xid = discover().header.xid;
    assert!(!completed(&offers, &renewal).is_pxe());
}

#[test]
fn offers_are_forgotten_when_there_are_many() {
    let mut offers = Offers::default();
    offers.offered(&discover());
    for number in 0..2000_u16 {
        let mut other = discover();
        let [high, low] = number.to_be_bytes();
        other.mac = machine_core::hardware::MacAddress::new([2, 0, 0, 0, high, low]);
        offers.offered(&other);
    }
    assert!(!completed(&offers, &request()).is_pxe());
}
