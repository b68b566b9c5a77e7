//! Packets in which the UUID of a board is written in an unusual way, of those in `tests/packets`.

use machine_core::hardware::SystemUuid;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::packet::Packet;

use crate::packets::bytes;
use crate::scene::broadcast;

/// What the option of a packet means.
enum Meant {
    /// This board, in either byte order.
    Board(&'static str),
    /// Nothing that could tell a board.
    Nothing,
}

/// Their names, their text, and what it means.
const CASES: [(&str, &str, Meant); 3] = [
    (
        "oracle-bios-rom-uuid-is-mac-text.hex",
        include_str!("../packets/oracle-bios-rom-uuid-is-mac-text.hex"),
        Meant::Nothing,
    ),
    (
        "smbios24-uuid-ipxe-discover.hex",
        include_str!("../packets/smbios24-uuid-ipxe-discover.hex"),
        Meant::Board("03de0294-0480-0506-f806-d50700080009"),
    ),
    (
        "smbios24-uuid-rom-discover.hex",
        include_str!("../packets/smbios24-uuid-rom-discover.hex"),
        Meant::Board("03de0294-0480-0506-f806-d50700080009"),
    ),
];

fn uuid(text: &str) -> Option<SystemUuid> {
    let packet = Packet::decode(&bytes(text)).unwrap();
    BootClient::from_packet(&packet, broadcast()).unwrap().uuid
}

#[test]
fn each_unusual_uuid_is_the_board_that_it_means_or_none() {
    for (name, text, meant) in CASES {
        let said = uuid(text);
        match meant {
            Meant::Nothing => assert_eq!(said, None, "{name}"),
            Meant::Board(board) => {
                let board: SystemUuid = board.parse().unwrap();
                assert!(
                    said.is_some_and(|it| it.is_same_board(board)),
                    "{name}: {said:?}"
                );
            }
        }
    }
}
