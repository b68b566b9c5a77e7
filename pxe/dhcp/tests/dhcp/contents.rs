//! What is in a reply, whoever gets it.

use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::reply::{self, BootInstruction};
use pxe_dhcp::verdict::Refusal;

use crate::captures;
use crate::replies::{reply_to, request};
use crate::scene::{authoritative, broadcast, client, ip, loader, proxy, script};

#[test]
fn names_too_long_for_the_header_are_in_the_option_alone() {
    let long = "a".repeat(128);
    for (name, in_header) in [(&long[..127], true), (&long[..], false)] {
        let reply = reply_to(&authoritative(), &captures::edk2(), &loader(name)).unwrap();
        assert_eq!(reply.packet.file[0] != 0, in_header);
        assert_eq!(reply.packet.file[127], 0, "always room for the NUL");
        let option = reply.packet.options.get(OptionCode::BOOT_FILE).unwrap();
        assert_eq!(option, [name.as_bytes(), &[0]].concat());
    }
}

#[test]
fn what_ipxe_reads_has_no_nul() {
    for boot in [script(), loader("undionly.kpxe")] {
        let reply = reply_to(&authoritative(), &captures::seabios_ipxe_rom(), &boot).unwrap();
        let name = reply.packet.options.get(OptionCode::BOOT_FILE).unwrap();
        assert!(!name.contains(&0), "iPXE would ask for %00");
        assert_eq!(
            reply.packet.options.get(OptionCode::IPXE),
            Some(&[176, 1, 1][..])
        );
    }
    let offer = reply_to(&proxy(), &captures::ipxe_uefi(), &script()).unwrap();
    assert!(
        !offer.packet.options.contains(OptionCode::IPXE),
        "we are the proxy"
    );
}

#[test]
fn every_reply_mirrors_and_is_in_order() {
    for (name, capture) in captures::all() {
        let capture = capture.through_relay();
        let reply = reply_to(&authoritative(), &capture, &loader("x")).unwrap();
        let codes: Vec<u8> = reply
            .packet
            .options
            .iter()
            .map(|(code, _)| code.0)
            .collect();
        assert_eq!(
            (codes.first(), codes.last()),
            (Some(&53), Some(&82)),
            "{name}"
        );
        for code in [82, 61, 97] {
            let sent = capture.0.options.get(OptionCode(code));
            assert_eq!(
                reply.packet.options.get(OptionCode(code)),
                sent,
                "{name} {code}"
            );
        }
        assert_eq!(reply.packet.xid, capture.0.xid);
        assert_eq!(reply.packet.hardware, capture.0.hardware);
        assert_eq!(reply.packet.giaddr, capture.0.giaddr);
        let encoded = reply.encode();
        assert!(
            encoded.bytes.len() >= 300 && encoded.bytes.len() <= reply.limit,
            "{name}"
        );
        assert_eq!(encoded.left_out, []);
    }
}

#[test]
fn a_small_client_keeps_what_it_needs() {
    let url = format!("http://10.77.0.1/{}", "a".repeat(200));
    let relay = [&[1, 120][..], &[7; 120]].concat();
    let capture = captures::seabios_ipxe_rom()
        .through_relay()
        .replaced(OptionCode::MAXIMUM_SIZE, &[2, 64])
        .replaced(OptionCode::RELAY_INFORMATION, &relay);
    let reply = reply_to(&authoritative(), &capture, &BootInstruction::Script { url }).unwrap();
    let encoded = reply.encode();
    assert!(encoded.bytes.len() <= 548);
    for code in [53, 54, 51, 1, 3, 82] {
        assert!(
            !encoded.left_out.contains(&OptionCode(code)),
            "{code} of {encoded:?}"
        );
    }
    assert_eq!(encoded.left_out.first(), Some(&OptionCode::BOOT_FILE));
}

#[test]
fn a_refusal_says_why_and_gives_nothing() {
    let address = ip("10.78.0.60");
    let refusal = Refusal::WrongNetwork { address };
    let capture = request(captures::edk2().changed(|packet| packet.flags = 0)).through_relay();
    let client = client(&capture, broadcast()).unwrap();
    let reply = reply::refuse(&client, &authoritative(), &refusal).unwrap();
    assert_eq!(reply.kind, MessageKind::Nak);
    assert_eq!(reply.packet.flags, 0x8000, "the relay must broadcast");
    let codes: Vec<u8> = reply
        .packet
        .options
        .iter()
        .map(|(code, _)| code.0)
        .collect();
    assert_eq!(codes, [53, 54, 56, 82]);
    assert!(reply.packet.yiaddr.is_unspecified() && reply.packet.ciaddr.is_unspecified());
    assert!(reply.packet.siaddr.is_unspecified());
}
