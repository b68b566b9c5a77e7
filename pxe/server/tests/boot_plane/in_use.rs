//! Addresses that somebody uses without a lease.

use std::net::Ipv4Addr;

use pxe_dhcp::option::OptionCode;

use crate::exchange::{DhcpClient, kind, message, request};
use crate::lab::{Lab, authoritative, small};
use crate::log::Log;
use crate::records::Records;

const OFFER: u8 = 2;
const ACK: u8 = 5;

/// A DISCOVER of a client that would like this address.
fn wish(client: u8, address: Ipv4Addr) -> pxe_dhcp::packet::Packet {
    let mut packet = message(client, 1);
    packet
        .options
        .push(OptionCode::REQUESTED_ADDRESS, &address.octets());
    packet
}

#[test]
fn an_address_that_a_silent_host_uses_is_not_offered() {
    let Some(lab) = Lab::new() else { return };
    lab.static_host("10.77.0.60");
    let used = Ipv4Addr::new(10, 77, 0, 60);
    lab.serve(async || {
        let log = Log::capture();
        let _stop = lab.start(&Records::default(), authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&wish(1, used)).await;
        let offer = client.receive().await;
        assert_eq!(kind(&offer), OFFER);
        assert_ne!(offer.yiaddr, used);
        let line = "the address is used by a card that has no lease of it";
        assert_eq!(log.warnings(line), 1, "{}", log.text());
        assert_eq!(log.warnings("10.77.0.60"), 1, "{}", log.text());
        // Nor to anybody after.
        client.broadcast(&wish(2, used)).await;
        assert_ne!(client.receive().await.yiaddr, used);
        assert_eq!(log.warnings(line), 1, "{}", log.text());
    });
}

#[test]
fn a_free_address_is_offered_after_one_look_and_leased_without_another() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let _stop = lab.start(&Records::default(), authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&message(1, 1)).await;
        let offered = client.receive().await.yiaddr;
        // Now somebody takes the address: who has it offered or leased is not asked about again.
        lab.static_host(&offered.to_string());
        client.broadcast(&message(1, 1)).await;
        assert_eq!(client.receive().await.yiaddr, offered);
        client.broadcast(&request(1, offered)).await;
        assert_eq!(kind(&client.receive().await), ACK);
        client.broadcast(&message(1, 1)).await;
        assert_eq!(client.receive().await.yiaddr, offered);
        assert_eq!(log.warnings("is used by a card"), 0, "{}", log.text());
    });
}

#[test]
fn a_card_that_answers_for_every_address_is_named_and_keeps_nobody_from_a_lease() {
    let Some(lab) = Lab::new() else { return };
    for last in 50..=53 {
        lab.static_host(&format!("10.77.0.{last}"));
    }
    lab.serve(async || {
        let log = Log::capture();
        let _stop = lab.start(&Records::default(), small());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&message(1, 1)).await;
        assert_eq!(kind(&client.receive().await), OFFER);
        let line = "which is leased all the same";
        assert_eq!(log.warnings(line), 1, "{}", log.text());
    });
}
