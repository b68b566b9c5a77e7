//! Packets in which the UUID of a board is written in an unusual way, as files: `tests/packets`.

use machine_core::hardware::SystemUuid;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::packet::Packet;

use crate::scene::broadcast;

const FILES: [(&str, &str); 3] = [
    (
        "smbios24-uuid-rom-discover",
        include_str!("../packets/smbios24-uuid-rom-discover.hex"),
    ),
    (
        "smbios24-uuid-ipxe-discover",
        include_str!("../packets/smbios24-uuid-ipxe-discover.hex"),
    ),
    (
        "oracle-bios-rom-uuid-is-mac-text",
        include_str!("../packets/oracle-bios-rom-uuid-is-mac-text.hex"),
    ),
];

/// The bytes of a packet in hexadecimal digits; `#` begins a line about it.
fn packet(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<char> = lines.flat_map(str::chars).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

fn uuid(text: &str) -> Option<SystemUuid> {
    let packet = Packet::decode(&packet(text)).unwrap();
    BootClient::from_packet(&packet, broadcast()).unwrap().uuid
}

#[test]
fn each_unusual_uuid_is_the_board_that_it_means_or_none() {
    let board: SystemUuid = "03de0294-0480-0506-f806-d50700080009".parse().unwrap();
    for (name, text) in FILES {
        let said = uuid(text);
        if name.starts_with("smbios24") {
            assert!(
                said.is_some_and(|it| it.is_same_board(board)),
                "{name}: {said:?}"
            );
        } else {
            assert_eq!(said, None, "{name}");
        }
    }
}
