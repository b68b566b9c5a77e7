//! What leases say beside addresses, router and name servers, and to whom.

use machine_core::network::Subnet;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::{MINIMUM_LIMIT, Packet};
use pxe_dhcp::reply::BootInstruction;

use crate::captures::{self, Capture};
use crate::replies::{reply_to, request};
use crate::scene::{authoritative, loader, talkative};

const BESIDE: [OptionCode; 4] = [
    OptionCode::DOMAIN,
    OptionCode::MTU,
    OptionCode::TIME_SERVERS,
    OptionCode::DOMAIN_SEARCH,
];

/// The four options in the ACK to this client, as far as they are in it.
fn beside(subnet: &Subnet, capture: &Capture) -> [Option<Vec<u8>>; 4] {
    let reply = reply_to(subnet, capture, &BootInstruction::NoBoot).unwrap();
    let packet = Packet::decode(&reply.encode().bytes).unwrap();
    BESIDE.map(|code| packet.options.get(code).map(<[u8]>::to_vec))
}

#[test]
fn leases_say_domain_mtu_time_and_search_to_who_asks_for_them() {
    let asks_for = |codes: &[u8]| request(captures::edk2()).replaced(OptionCode::PARAMETERS, codes);
    let all = [
        Some(b"lab.example".to_vec()),
        Some(vec![0x23, 0x28]),
        Some(vec![10, 77, 0, 3, 10, 77, 0, 4]),
        Some(b"\x03lab\x07example\0\x07example\0".to_vec()),
    ];
    let (talkative, silent) = (talkative(), authoritative());
    assert_eq!(beside(&talkative, &asks_for(&[15, 26, 42, 119])), all);
    assert_eq!(beside(&talkative, &asks_for(&[])), all, "it does not say");
    assert_eq!(
        beside(&talkative, &asks_for(&[1, 3, 67])),
        [const { None }; 4]
    );
    assert_eq!(
        beside(&silent, &asks_for(&[15, 26, 42, 119])),
        [const { None }; 4]
    );
}

#[test]
fn what_leases_say_beside_takes_no_room_from_the_boot_file() {
    let long = "a".repeat(63);
    let domain = [long.as_str(); 3].join(".");
    let mut subnet = talkative();
    subnet.options.domain = Some(domain.parse().unwrap());
    subnet.options.search = vec![domain.parse().unwrap(); 6];
    let capture = request(captures::edk2());
    let reply = reply_to(&subnet, &capture, &loader("ipxe.efi")).unwrap();
    let kept = reply.packet.encode(MINIMUM_LIMIT);
    let packet = Packet::decode(&kept.bytes).unwrap();
    for code in [OptionCode::BOOT_FILE, OptionCode::MACHINE_IDENTIFIER] {
        assert!(packet.options.contains(code), "{code}");
    }
}
