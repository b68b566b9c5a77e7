//! Reading and writing packets.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;

fn header() -> Vec<u8> {
    let mut bytes = vec![0; 236];
    bytes[0] = 1;
    bytes[1] = 1;
    bytes[2] = 6;
    bytes.extend(MAGIC_COOKIE);
    bytes
}

#[test]
fn bad_headers_have_a_reason() {
    let with = |at: usize, byte: u8| {
        let mut bytes = header();
        bytes[at] = byte;
        bytes
    };
    for (bytes, reason) in [
        (vec![], Dropped::TooShort { length: 0 }),
        (header()[..239].to_vec(), Dropped::TooShort { length: 239 }),
        (with(0, 3), Dropped::NoOperation { code: 3 }),
        (with(2, 17), Dropped::HardwareLength { length: 17 }),
        (with(2, 255), Dropped::HardwareLength { length: 255 }),
        (with(236, 0), Dropped::NoMagicCookie),
    ] {
        assert_eq!(Packet::decode(&bytes), Err(reason));
    }
    assert!(
        Packet::decode(&header()).is_ok(),
        "no options at all is a packet"
    );
}

#[test]
fn an_overloaded_file_is_no_file() {
    let mut bytes = header();
    bytes[108..112].copy_from_slice(&[53, 1, 1, 255]);
    bytes.extend([52, 1, 1, 255]);
    let packet = Packet::decode(&bytes).unwrap();
    assert_eq!(packet.file, [0; 128]);
    assert_eq!(packet.options.get(OptionCode::MESSAGE_TYPE), Some(&[1][..]));
    assert!(!packet.options.contains(OptionCode::OVERLOAD));
}

#[test]
fn type_comes_first_relay_last_and_padding_fills() {
    let mut packet = Packet::decode(&header()).unwrap();
    // dhcproto 0.15 would sort the sub-options of 82 and merge these two.
    let relay = [2, 1, 9, 1, 1, 8, 2, 1, 7];
    for (code, value) in [(82, &relay[..]), (1, &[255; 4]), (53, &[2]), (80, &[])] {
        packet.options.push(OptionCode(code), value);
    }
    let encoded = packet.encode(MINIMUM_LIMIT);
    assert_eq!(encoded.bytes.len(), 300);
    let options = [
        &[53, 1, 2, 1, 4, 255, 255, 255, 255, 80, 0, 82, 9][..],
        &relay,
        &[255],
    ]
    .concat();
    assert_eq!(encoded.bytes[240..][..options.len()], options);
    assert!(
        encoded.bytes[240 + options.len()..]
            .iter()
            .all(|byte| *byte == 0)
    );
}

#[test]
fn what_does_not_fit_is_left_out_but_never_the_relay() {
    let mut packet = Packet::decode(&header()).unwrap();
    for (code, length) in [(53, 1), (67, 200), (43, 100), (12, 10), (82, 40)] {
        packet.options.push(OptionCode(code), &vec![7; length]);
    }
    // 240 + 3 + 202 + 12 + 42 + 1 = 500; 43 would need 102 more.
    let encoded = packet.encode(500);
    assert_eq!(encoded.bytes.len(), 500);
    assert_eq!(encoded.left_out, [OptionCode(43)]);
    let read = Packet::decode(&encoded.bytes).unwrap();
    let codes: Vec<u8> = read.options.iter().map(|(code, _)| code.0).collect();
    assert_eq!(codes, [53, 67, 12, 82]);
}

fn any_packet() -> impl Strategy<Value = Packet> {
    let code = (1..=254_u8).prop_filter("52 says where options are", |code| *code != 52);
    let options = btree_map(code, vec(any::<u8>(), 0..300), 0..6);
    (
        any::<[u8; 64]>(),
        vec(any::<u8>(), 128),
        any::<[u32; 5]>(),
        any::<[u8; 9]>(),
        options,
    )
        .prop_map(|(sname, file, words, bytes, options)| Packet {
            operation: if bytes[0] % 2 == 0 {
                Operation::Request
            } else {
                Operation::Reply
            },
            hardware: HardwareAddress::new(bytes[1], &bytes[2..][..usize::from(bytes[8] % 7)])
                .unwrap(),
            hops: bytes[3],
            xid: words[0],
            secs: u16::from(bytes[4]) << 4,
            flags: u16::from(bytes[5]) << 8,
            ciaddr: words[1].into(),
            yiaddr: words[2].into(),
            siaddr: words[3].into(),
            giaddr: words[4].into(),
            sname,
            file: file.try_into().unwrap(),
            options: on_the_wire_order(options),
        })
}

fn on_the_wire_order(options: std::collections::BTreeMap<u8, Vec<u8>>) -> OptionList {
    let mut options: Vec<(u8, Vec<u8>)> = options.into_iter().collect();
    options.sort_by_key(|(code, _)| match code {
        53 => 0,
        82 => 2,
        _ => 1,
    });
    let mut list = OptionList::new();
    for (code, value) in options {
        list.push(OptionCode(code), &value);
    }
    list
}

proptest! {
    #[test]
    fn what_is_written_is_read(packet in any_packet(), limit in 0..2000_usize) {
        let encoded = packet.encode(limit);
        prop_assert!(encoded.bytes.len() <= limit.clamp(300, MAXIMUM_LIMIT));
        let read = Packet::decode(&encoded.bytes).unwrap();
        if encoded.left_out.is_empty() {
            prop_assert_eq!(read, packet);
        } else {
            for (code, value) in packet.options.iter() {
                let expected = (!encoded.left_out.contains(&code)).then_some(value);
                prop_assert_eq!(read.options.get(code), expected);
            }
        }
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..700)) {
        let _ = Packet::decode(&bytes);
    }

    #[test]
    fn no_options_panic(options in vec(any::<u8>(), 0..600), file: [u8; 32], overload in 0..4_u8) {
        let mut bytes = header();
        bytes[108..140].copy_from_slice(&file);
        bytes.extend([52, 1, overload]);
        bytes.extend(options);
        let packet = Packet::decode(&bytes).unwrap();
        let again = Packet::decode(&packet.encode(MAXIMUM_LIMIT).bytes).unwrap();
        let codes = |packet: &Packet| {
            let mut codes: Vec<u8> = packet.options.iter().map(|(code, _)| code.0).collect();
            codes.sort_unstable();
            codes
        };
        prop_assert_eq!(codes(&packet), codes(&again));
    }
}

#[test]
fn a_broken_packet_still_says_whose_it_is() {
    let mut payload = vec![1, 1, 6, 0];
    payload.extend([0; 24]);
    payload.extend([0x52, 0x54, 0, 0x77, 0, 1]);
    let mac = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
    assert_eq!(claimed_hardware_address(&payload), Some(mac));
    assert_eq!(claimed_hardware_address(&payload[..33]), None, "cut off");
    let token_ring = [&[1, 6][..], &payload[2..]].concat();
    assert_eq!(claimed_hardware_address(&token_ring), None);
    assert_eq!(claimed_hardware_address(&[]), None);
}
