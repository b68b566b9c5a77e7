//! Packets in which the UUID of a board is written in an unusual way, as files: `tests/packets`.

use machine_core::hardware::SystemUuid;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::packet::Packet;

use crate::scene::broadcast;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets");

/// What the option of a packet means.
enum Meant {
    /// This board, in either byte order.
    Board(&'static str),
    /// Nothing that could tell a board.
    Nothing,
}

/// Every file of the folder, its text, and what it means.
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

/// The names of the packets that there are, in order.
fn files() -> Vec<String> {
    let read = std::fs::read_dir(FOLDER).unwrap();
    let mut names: Vec<String> = read
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

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
    let files = files();
    let cases: Vec<&str> = CASES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(
        files, cases,
        "each file has its case, and each case its file"
    );
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
