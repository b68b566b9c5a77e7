//! Router advertisements: what is said of which subnet, byte by byte.

use std::net::Ipv6Addr;

use machine_core::hardware::MacAddress;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet};
use pxe_dhcp6::router_advertisement::RouterAdvertisement;

use crate::scene::{client, ip, stateful, stateless, v6};

const CARD: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);

/// Type, length and value of each option, read as RFC 4861 §4.6 says.
fn options(message: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let (mut rest, mut found) = (&message[16..], vec![]);
    while !rest.is_empty() {
        let length = usize::from(rest[1]) * 8;
        found.push((rest[0], rest[2..length].to_vec()));
        rest = &rest[length..];
    }
    found
}

#[test]
fn an_advertisement_says_managed_on_the_link_and_no_router() {
    let subnet = Subnet {
        options: LeaseOptions {
            mtu: Some(9000),
            ..stateful().options
        },
        ..stateful()
    };
    let message = RouterAdvertisement::of(&subnet, CARD).unwrap().encode();
    // Type 134, no checksum; hop limit unspecified, M and O and low preference, lifetime 0; no times.
    let header = [134, 0, 0, 0, 0, 0xd8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert_eq!(message[..16], header);
    assert_eq!(message.len() % 8, 0);
    let lifetime = 1800_u32.to_be_bytes();
    let prefix: Ipv6Addr = v6("fd77::");
    let prefix = [
        &[64, 0x80][..],
        &lifetime,
        &lifetime,
        &[0; 4],
        &prefix.octets(),
    ]
    .concat();
    let dns = [v6("fd77::1"), v6("fd77::2")]
        .map(|it| it.octets())
        .concat();
    let dns = [&[0, 0][..], &lifetime, &dns].concat();
    let names = b"\x03lab\x07example\0\x07example\0";
    // Filled up to a multiple of eight bytes (RFC 8106 §5.2).
    let search = [&[0, 0][..], &lifetime, names, &[0; 2]].concat();
    let expected = [
        (1, CARD.octets().to_vec()),
        (5, vec![0, 0, 0, 0, 0x23, 0x28]),
        (3, prefix),
        (25, dns),
        (31, search),
    ];
    assert_eq!(options(&message), expected);
}

#[test]
fn firmware_is_told_of_a_router_and_of_nothing_else() {
    let advertisement = RouterAdvertisement::of(&stateful(), CARD).unwrap();
    let (all, firmware) = (advertisement.encode(), advertisement.encode_for_firmware());
    assert_eq!(all[6..8], [0, 0], "for hosts we are no router");
    assert_eq!(firmware[6..8], [0, 60]);
    assert_eq!((&all[..6], &all[8..]), (&firmware[..6], &firmware[8..]));
    for (name, looks) in [
        ("edk2-pxe-request", true),
        ("edk2-http-request", true),
        ("edk2-pxe-solicit", false),
        ("edk2-pxe-boot-service", false),
        ("edk2-stack-solicit", false),
        ("ipxe-request", false),
        ("relayed-edk2-pxe-request", false),
        ("system-renew", false),
    ] {
        assert_eq!(client(name).looks_for_a_route(), looks, "{name}");
    }
}

#[test]
fn nothing_is_said_where_another_gives_the_addresses_or_the_link_is_not_ours() {
    let off = Subnet {
        mode: DhcpMode::Off,
        ..stateful()
    };
    let relayed = Subnet {
        reach: Reach::Relayed { relays: vec![] },
        ..stateful()
    };
    let v4 = Subnet {
        network: "10.77.0.0/24".parse().unwrap(),
        server: ip("10.77.0.1"),
        ..stateful()
    };
    for subnet in [stateless(), off, relayed, v4] {
        assert_eq!(RouterAdvertisement::of(&subnet, CARD), None, "{subnet:?}");
    }
}

#[test]
fn many_name_servers_and_domains_fit_into_every_packet() {
    let domain = format!("{}.example", ["a".repeat(63).as_str(); 3].join("."));
    let subnet = Subnet {
        dns: vec![ip("fd77::1"); 100],
        options: LeaseOptions {
            search: vec![domain.parse().unwrap(); 100],
            ..LeaseOptions::default()
        },
        ..stateful()
    };
    let message = RouterAdvertisement::of(&subnet, CARD).unwrap().encode();
    assert!(message.len() <= 1280 - 40, "{}", message.len());
    assert!(options(&message).iter().any(|it| it.0 == 25));
}
