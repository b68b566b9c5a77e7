//! Leases: who gets one, when it is acknowledged, and what becomes of it when nothing can be written.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use machine_core::time::Timestamp;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::Packet;
use pxe_server::directory::Directory as _;

use crate::exchange::{DhcpClient, key, kind, message, pxe, request};
use crate::lab::{Lab, authoritative, small};
use crate::records::Records;

const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

#[test]
fn no_lease_is_acknowledged_before_it_is_committed() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        records.state().broken.insert(key(1));
        for number in [1, 2] {
            client.broadcast(&message(number, 1)).await;
            let offer = client.receive().await;
            assert_eq!((kind(&offer), offer.xid), (OFFER, u32::from(number)));
            client.broadcast(&request(number, offer.yiaddr)).await;
        }
        // The first lease can't be committed. Had it been acknowledged all the same, that ACK
        // would come before the second client's.
        let ack = client.receive().await;
        assert_eq!((kind(&ack), ack.xid), (ACK, 2));
        assert_eq!(records.state().leases.len(), 1);
    });
}

#[test]
fn firmware_that_nobody_knows_is_a_stranger_and_a_machines_system_is_none() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let ours = key(9).card().unwrap();
        records.state().registered.insert(ours);
        let _stop = lab.start(&records, small());
        let client = DhcpClient::new(&lab, 68);
        // Half of four addresses are for offers to strangers, whatever they claim to be.
        for number in [1, 2] {
            client.broadcast(&pxe(message(number, 1))).await;
            assert_eq!(client.receive().await.xid, u32::from(number));
        }
        for number in [3, 4] {
            client.broadcast(&pxe(message(number, 1))).await;
            client.broadcast(&message(number, 1)).await;
        }
        client.broadcast(&message(9, 1)).await;
        let offer = client.receive().await;
        assert_eq!((kind(&offer), offer.xid), (OFFER, 9));
    });
}

#[test]
fn strangers_that_ask_for_addresses_at_random_leave_some() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let ours = key(9).card().unwrap();
        records.state().registered.insert(ours);
        let _stop = lab.start(&records, small());
        let client = DhcpClient::new(&lab, 68);
        for number in 1..=4 {
            let address = Ipv4Addr::new(10, 77, 0, 49 + number);
            client.broadcast(&request(number, address)).await;
            if number < 4 {
                let ack = client.receive().await;
                assert_eq!((kind(&ack), ack.xid), (ACK, u32::from(number)));
            }
        }
        client.broadcast(&message(9, 1)).await;
        let offer = client.receive().await;
        assert_eq!((kind(&offer), offer.xid), (OFFER, 9), "the fourth heard");
        client.broadcast(&request(9, offer.yiaddr)).await;
        assert_eq!(kind(&client.receive().await), ACK);
        assert_eq!(records.state().leases.len(), 4);
    });
}

#[test]
fn a_lost_address_is_refused_and_another_is_offered() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&message(1, 1)).await;
        let first = client.receive().await.yiaddr;
        records.state().taken.insert(IpAddr::V4(first), key(9));
        client.broadcast(&request(1, first)).await;
        assert_eq!(kind(&client.receive().await), NAK);
        client.broadcast(&message(1, 1)).await;
        let second = client.receive().await.yiaddr;
        assert_ne!(first, second);
        client.broadcast(&request(1, second)).await;
        assert_eq!(kind(&client.receive().await), ACK);
        // Who holds it renews it, and is not put away for what the other had lost.
        client.broadcast(&request(9, first)).await;
        assert_eq!(kind(&client.receive().await), ACK);
    });
}

#[test]
fn who_has_a_lease_keeps_it_for_the_time_left_while_nothing_can_be_committed() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let began = records.now();
        records.state().now = Some(began);
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&message(1, 1)).await;
        let address = client.receive().await.yiaddr;
        client.broadcast(&request(1, address)).await;
        let lifetime = |ack: &Packet| {
            let seconds = ack.options.get(OptionCode::LEASE_TIME).unwrap();
            u32::from_be_bytes(seconds.try_into().unwrap())
        };
        let ack = client.receive().await;
        let whole = lifetime(&ack);
        records.state().broken.extend([key(1), key(2)]);
        records.state().now = Some(began.plus(Duration::from_mins(1)));
        client.broadcast(&request(1, address)).await;
        let ack = client.receive().await;
        assert_eq!((kind(&ack), lifetime(&ack)), (ACK, whole - 60));
        let end = Duration::from_secs(u64::from(whole));
        records.state().now = Some(began.plus(end));
        records.state().broken.remove(&key(2));
        for number in [1, 2] {
            client.broadcast(&message(number, 1)).await;
            let offer = client.receive().await;
            client.broadcast(&request(number, offer.yiaddr)).await;
        }
        let ack = client.receive().await;
        assert_eq!((kind(&ack), ack.xid), (ACK, 2), "the first has none left");
    });
}

/// The clock of the system may be an hour off: leases end by the clock of those who read them.
#[test]
fn leases_are_granted_by_the_clock_of_the_records() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let began = Timestamp::from_millis(1_000_000);
        records.state().now = Some(began);
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&message(1, 1)).await;
        let offer = client.receive().await;
        client.broadcast(&request(1, offer.yiaddr)).await;
        assert_eq!(kind(&client.receive().await), ACK);
        assert_eq!(records.state().leases[0].0.granted, began);
    });
}
