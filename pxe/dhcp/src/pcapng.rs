//! Datagrams as a file that tcpdump and Wireshark read: pcapng (draft-ietf-opsawg-pcapng).
//!
//! Packets begin with their IPv4 header (`LINKTYPE_RAW`): of the cards that sent them, nothing is made
//! up. What is to be said of a packet is its comment.

use std::net::SocketAddrV4;

use machine_core::time::Timestamp;

use crate::frame::datagram;

/// A datagram of the file.
#[derive(Debug, Clone, Copy)]
pub struct Captured<'a> {
    /// When it passed.
    pub at: Timestamp,
    /// Whether it came in; otherwise it went out.
    pub inbound: bool,
    /// From whom.
    pub from: SocketAddrV4,
    /// To whom.
    pub to: SocketAddrV4,
    /// What it holds.
    pub payload: &'a [u8],
    /// What is said of it.
    pub comment: Option<&'a str>,
}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// By which readers see the order of bytes.
const MAGIC: u32 = 0x1a2b_3c4d;
/// Version 1.0, as two numbers.
const VERSION: [u8; 4] = [1, 0, 0, 0];
/// The section's length is not said.
const UNKNOWN_LENGTH: [u8; 8] = [0xff; 8];
/// Packets that begin with an IP header.
const LINKTYPE_RAW: u32 = 101;
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
/// Bits 0 and 1 of the flags.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// The file. What is too long for a datagram is left out.
pub fn pcapng<'a>(packets: impl IntoIterator<Item = Captured<'a>>) -> Vec<u8> {
    let mut file = Vec::new();
    let mut section = MAGIC.to_le_bytes().to_vec();
    section.extend(VERSION);
    section.extend(UNKNOWN_LENGTH);
    block(&mut file, SECTION_HEADER, &section);
    // Timestamps are microseconds and packets have any length, unless options say otherwise.
    let interface = [LINKTYPE_RAW.to_le_bytes(), [0; 4]].concat();
    block(&mut file, INTERFACE, &interface);
    for packet in packets {
        if let Some(packet) = enhanced_packet(&packet) {
            block(&mut file, ENHANCED_PACKET, &packet);
        }
    }
    file
}

fn enhanced_packet(packet: &Captured<'_>) -> Option<Vec<u8>> {
    let data = datagram(packet.from, packet.to, packet.payload)?;
    let length = u32::try_from(data.len()).ok()?.to_le_bytes();
    let micros = u64::try_from(packet.at.as_millis()).unwrap_or(0) * 1000;
    let [a, b, c, d, e, f, g, h] = micros.to_be_bytes();
    let mut body = Vec::new();
    // Of the first interface.
    body.extend([0; 4]);
    body.extend([d, c, b, a]);
    body.extend([h, g, f, e]);
    body.extend(length);
    body.extend(length);
    body.extend(&data);
    pad(&mut body);
    let way = if packet.inbound { INBOUND } else { OUTBOUND };
    option(&mut body, FLAGS, &way.to_le_bytes());
    if let Some(comment) = packet.comment {
        option(&mut body, COMMENT, comment.as_bytes());
    }
    // The end of options.
    body.extend([0; 4]);
    Some(body)
}

/// Its length stands before and behind it.
fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
    file.extend(kind.to_le_bytes());
    file.extend(length.to_le_bytes());
    file.extend(body);
    file.extend(length.to_le_bytes());
}

fn option(body: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    body.extend(code.to_le_bytes());
    body.extend(u16::try_from(value.len()).unwrap_or(0).to_le_bytes());
    body.extend(value);
    pad(body);
}

/// All parts are multiples of four bytes.
fn pad(body: &mut Vec<u8>) {
    body.resize(body.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::*;

    fn captured<'a>(payload: &'a [u8], comment: Option<&'a str>) -> Captured<'a> {
        Captured {
            at: Timestamp::from_millis(1_700_000_000_123),
            inbound: true,
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67),
            payload,
            comment,
        }
    }

    /// The blocks of a file by their lengths, each of which stands twice.
    fn blocks(mut file: &[u8]) -> Vec<(u32, &[u8])> {
        let number = |at: &[u8]| u32::from_le_bytes(at[..4].try_into().unwrap());
        let mut blocks = Vec::new();
        while !file.is_empty() {
            let length = usize::try_from(number(&file[4..])).unwrap();
            assert_eq!(length % 4, 0);
            assert_eq!(number(&file[length - 4..]), number(&file[4..]));
            blocks.push((number(file), &file[8..length - 4]));
            file = &file[length..];
        }
        blocks
    }

    #[test]
    fn a_file_is_a_section_an_interface_and_a_block_for_each_packet() {
        let packets = [captured(b"one", None), captured(b"two", Some("no reply"))];
        let file = pcapng(packets);
        let blocks = blocks(&file);
        let kinds: Vec<u32> = blocks.iter().map(|it| it.0).collect();
        assert_eq!(kinds, [SECTION_HEADER, INTERFACE, 6, 6]);
        assert_eq!(blocks[0].1[..4], MAGIC.to_le_bytes());
        let packet = blocks[2].1;
        // 1,700,000,000.123 s in microseconds.
        assert_eq!(packet[4..8], 0x0006_0a24_u32.to_le_bytes());
        assert_eq!(packet[8..12], 0x1820_2078_u32.to_le_bytes());
        assert_eq!(packet[12..16], 31_u32.to_le_bytes());
        assert_eq!(packet[20], 0x45);
        let said = blocks[3].1;
        assert!(said.windows(8).any(|it| it == b"no reply"));
    }

    proptest! {
        #[test]
        fn whatever_passes_is_a_file_of_whole_blocks(
            payloads: Vec<Vec<u8>>,
            comment: Option<String>,
        ) {
            let comment = comment.as_deref();
            let packets = payloads.iter().map(|it| captured(it, comment));
            prop_assert_eq!(blocks(&pcapng(packets)).len(), 2 + payloads.len());
        }
    }
}
