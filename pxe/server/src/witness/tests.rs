//! What is kept, what is said of it, and what is missing.

use std::net::{Ipv4Addr, SocketAddrV4};

use machine_core::time::Timestamp;

use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{HardwareAddress, MINIMUM_LIMIT, Operation, Packet};

use super::*;

fn card(number: u16) -> MacAddress {
    let [high, low] = number.to_be_bytes();
    MacAddress::new([2, 0, 0, 0, high, low])
}

fn packet(at: i64, inbound: bool) -> Witnessed {
    Witnessed {
        at: Timestamp::from_millis(at),
        inbound,
        from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
        to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67),
        payload: Box::default(),
        unanswered: None,
    }
}

#[test]
fn the_last_packets_of_a_card_are_kept() {
    let witness = Witness::default();
    for at in 0..40 {
        witness.passed(card(1), true, packet(at, true));
    }
    let kept: Vec<i64> = witness
        .of(card(1))
        .iter()
        .map(|it| it.at.as_millis())
        .collect();
    assert_eq!(kept, (8..40).collect::<Vec<_>>());
    assert!(witness.of(card(2)).is_empty());
}

#[test]
fn why_there_is_no_answer_stands_at_the_question() {
    let witness = Witness::default();
    witness.passed(card(1), false, packet(0, true));
    witness.passed(card(1), false, packet(1, false));
    witness.unanswered(card(1), "no address");
    witness.unanswered(card(2), "nobody");
    let kept = witness.of(card(1));
    assert_eq!(kept[0].unanswered.as_deref(), Some("no address"));
    assert_eq!(kept[1].unanswered, None);
}

#[test]
fn strangers_displace_each_other_and_no_machine() {
    let witness = Witness::default();
    witness.passed(card(0), true, packet(0, true));
    for number in 1..=1000 {
        witness.passed(card(number), false, packet(0, true));
    }
    assert_eq!(witness.of(card(0)).len(), 1);
    assert!(witness.of(card(1)).is_empty());
    assert_eq!(witness.of(card(1000)).len(), 1);
    let strangers = locked(&witness.strangers);
    assert_eq!(strangers.packets.len(), STRANGERS);
}

#[test]
fn a_card_that_becomes_a_machines_keeps_what_came_before() {
    let witness = Witness::default();
    witness.passed(card(1), false, packet(0, true));
    witness.passed(card(1), true, packet(1, true));
    assert_eq!(witness.of(card(1)).len(), 2);
}

/// A DISCOVER or REQUEST of UEFI firmware, as EDK2 sends it.
fn firmwares(kind: u8, to: SocketAddrV4) -> Witnessed {
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[kind]);
    options.push(
        OptionCode::VENDOR_CLASS,
        b"PXEClient:Arch:00007:UNDI:003016",
    );
    options.push(OptionCode::CLIENT_ARCH, &[0, 7]);
    if kind == 3 {
        options.push(OptionCode::REQUESTED_ADDRESS, &[10, 77, 0, 50]);
    }
    let payload = dhcp(Operation::Request, Ipv4Addr::UNSPECIFIED, options);
    Witnessed {
        to,
        payload,
        ..packet(0, true)
    }
}

fn ours(kind: u8, port: u16, address: [u8; 4], file: &[u8], control: bool) -> Witnessed {
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[kind]);
    if !file.is_empty() {
        options.push(OptionCode::BOOT_FILE, file);
    }
    if control {
        options.push(OptionCode::VENDOR, &[6, 1, 8, 255]);
    }
    Witnessed {
        from: SocketAddrV4::new([10, 77, 0, 1].into(), port),
        to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 68),
        payload: dhcp(Operation::Reply, address.into(), options),
        ..packet(0, false)
    }
}

fn dhcp(operation: Operation, yiaddr: Ipv4Addr, options: OptionList) -> Box<[u8]> {
    let packet = Packet {
        operation,
        hardware: HardwareAddress::new(1, &[2, 0, 0, 0, 0, 1]).unwrap(),
        hops: 0,
        xid: 1,
        secs: 0,
        flags: 0,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        yiaddr,
        siaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
        sname: [0; 64],
        file: [0; 128],
        options,
    };
    packet.encode(MINIMUM_LIMIT).bytes.into()
}

fn everybody() -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::BROADCAST, 67)
}

fn on_4011() -> SocketAddrV4 {
    SocketAddrV4::new([10, 77, 0, 1].into(), 4011)
}

const NOBODYS: [u8; 4] = [0; 4];
const ADDRESS: [u8; 4] = [10, 77, 0, 50];

#[test]
fn a_packet_is_a_line_without_the_secret_of_its_boot() {
    let url = b"http://10.77.0.1:8080/boot/0123456789abcdef0123456789abcdef";
    let silent = Witnessed {
        unanswered: Some("DHCP is off".to_owned()),
        ..firmwares(1, everybody())
    };
    for (packet, wanted) in [
        (
            silent,
            "DISCOVER from 0.0.0.0:68: firmware, PXE, amd64 uefi; it got no answer: DHCP is off",
        ),
        (
            firmwares(3, everybody()),
            "REQUEST of 10.77.0.50 from 0.0.0.0:68: firmware, PXE, amd64 uefi",
        ),
        (
            ours(2, 67, ADDRESS, b"snponly.efi\0", false),
            "OFFER to 255.255.255.255:68: 10.77.0.50, snponly.efi",
        ),
        (
            ours(2, 67, NOBODYS, b"snponly.efi\0", true),
            "OFFER to 255.255.255.255:68: snponly.efi (43.6 = 8)",
        ),
        (
            ours(5, 67, ADDRESS, url, false),
            "ACK to 255.255.255.255:68: 10.77.0.50, its script",
        ),
        (
            packet(0, true),
            "a packet from 0.0.0.0:68: wanted at least 240 bytes, got 0",
        ),
    ] {
        assert_eq!(line(&packet), wanted);
    }
}

#[test]
fn what_should_have_come_is_said_with_who_keeps_it_from_coming() {
    let discover = || firmwares(1, everybody());
    let offer = || ours(2, 67, ADDRESS, b"snponly.efi\0", false);
    let led = || ours(2, 67, NOBODYS, b"snponly.efi\0", false);
    let told = || ours(2, 67, NOBODYS, b"snponly.efi\0", true);
    let request = firmwares(3, everybody());
    for (packets, reached, wanted) in [
        (vec![], None, "nothing was heard from this card"),
        (
            vec![discover(), offer(), discover(), offer()],
            None,
            "it was offered 10.77.0.50 2 times and never took it",
        ),
        (
            vec![discover(), led()],
            None,
            "it was led to port 4011 and never asked",
        ),
        (
            vec![discover(), told()],
            None,
            "it was told snponly.efi and never asked TFTP",
        ),
        (
            vec![
                firmwares(3, on_4011()),
                ours(5, 4011, NOBODYS, b"snponly.efi\0", false),
            ],
            Some(BootStep::Offer),
            "it asked on port 4011, got an ACK, and never asked TFTP for snponly.efi: a firewall, or \
             a firmware that wants 43.6 = 8",
        ),
        (
            vec![
                discover(),
                offer(),
                request,
                ours(5, 67, ADDRESS, b"snponly.efi\0", false),
            ],
            Some(BootStep::Lease),
            "it has an address and was told snponly.efi, and never asked for it",
        ),
        (
            vec![discover(), ours(5, 67, ADDRESS, b"", false)],
            Some(BootStep::Lease),
            "it was given no boot file",
        ),
        (
            vec![discover(), offer()],
            Some(BootStep::Loader),
            "it fetched its loader and never",
        ),
    ] {
        let said = what_is_missing(&packets, reached);
        assert!(said.starts_with(wanted), "wanted {wanted}, got {said}");
    }
}

#[test]
fn the_id_of_a_boot_is_not_in_the_file() {
    let id = "0123456789abcdef0123456789abcdef";
    let url = format!("http://10.77.0.1:8080/loader/{id}/snponly.efi");
    let file = capture(&[ours(2, 67, ADDRESS, url.as_bytes(), false)]);
    let has = |wanted: &str| file.windows(wanted.len()).any(|it| it == wanted.as_bytes());
    assert!(!has(id) && has("xxxx/snponly.efi"));
}
