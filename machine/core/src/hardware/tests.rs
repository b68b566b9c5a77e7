//! How hardware facts are read and printed, and which of them identify nothing.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn texts_come_back(mac: [u8; 6], uuid: [u8; 16]) {
        let mac = MacAddress::new(mac);
        prop_assert_eq!(mac.to_string().parse(), Ok(mac));
        let uuid = SystemUuid::from_bytes(uuid);
        prop_assert_eq!(uuid.to_string().parse(), Ok(uuid));
    }

    #[test]
    fn no_text_panics(text: String) {
        let _ = text.parse::<MacAddress>();
        let _ = text.parse::<SystemUuid>();
        if let Ok(serial) = text.parse::<SerialNumber>() {
            let unsafe_in_a_script = serial.as_str().contains(['\n', '"', '$', '{']);
            prop_assert!(!unsafe_in_a_script);
        }
    }
}

#[test]
fn option_97_is_mixed_endian() {
    // OVMF sends 4c4c4544-0000-4000-8000-000000000001 as 44454c4c…
    let raw = [
        0x44, 0x45, 0x4c, 0x4c, 0, 0, 0, 0x40, 0x80, 0, 0, 0, 0, 0, 0, 1,
    ];
    let uuid = SystemUuid::from_mixed_endian(raw);
    assert_eq!(uuid.to_string(), "4c4c4544-0000-4000-8000-000000000001");
}

#[test]
fn placeholders_identify_nothing() {
    for uuid in [
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
    ] {
        assert!(!uuid.parse::<SystemUuid>().unwrap().is_usable(), "{uuid}");
    }
    assert!(
        !"To be filled by O.E.M."
            .parse::<SerialNumber>()
            .unwrap()
            .is_usable()
    );
    assert!(!"0000000".parse::<SerialNumber>().unwrap().is_usable());
    assert!("LAB1".parse::<SerialNumber>().unwrap().is_usable());
}

#[test]
fn a_uuid_in_the_byte_order_of_old_smbios_is_the_same_board() {
    let rom: SystemUuid = "9402de03-8004-0605-f806-d50700080009".parse().unwrap();
    let ipxe: SystemUuid = "03de0294-0480-0506-f806-d50700080009".parse().unwrap();
    let other: SystemUuid = "03de0294-0480-0506-f806-d5070008000a".parse().unwrap();
    assert_eq!(rom.swapped(), ipxe);
    assert!(rom.is_same_board(ipxe) && ipxe.is_same_board(rom));
    assert!(!rom.is_same_board(other));
}

#[test]
fn a_card_as_text_is_no_uuid() {
    let card: MacAddress = "02:00:00:77:00:02".parse().unwrap();
    let other: MacAddress = "02:00:00:77:00:03".parse().unwrap();
    let raw = *b"\0\0\0\x00020000770002";
    assert!(SystemUuid::from_mixed_endian(raw).is_card_as_text(card));
    assert!(!SystemUuid::from_mixed_endian(raw).is_card_as_text(other));
}

#[test]
fn mac_takes_hyphens_and_refuses_halves() {
    assert_eq!(
        "52-54-00-77-00-01"
            .parse::<MacAddress>()
            .unwrap()
            .to_string(),
        "52:54:00:77:00:01"
    );
    for text in [
        "",
        "52:54:00:77:00",
        "52:54:00:77:00:1",
        "52:54:00:77:00:+1",
        "52:54:00:77:00:01:02",
    ] {
        assert!(text.parse::<MacAddress>().is_err(), "{text}");
    }
}
