//! A datagram in an Ethernet frame, for a card whose address is not in use yet (RFC 2131 §4.1).
//!
//! A server's own IP stack would ask by ARP who has the address, and nobody would answer: the client
//! gets it by this very reply. So the reply is put into a frame by hand.

use std::net::{Ipv4Addr, SocketAddrV4};

use machine_core::hardware::MacAddress;

/// The `EtherType` of IPv4 (RFC 894).
const ETHERTYPE: [u8; 2] = [0x08, 0x00];
/// An IPv4 header without options (RFC 791 §3.1).
const HEADER: usize = 20;
/// Version 4, five words of header.
const VERSION_AND_LENGTH: u8 = 0x45;
/// More fragments: none; don't fragment (RFC 791 §3.1).
const DONT_FRAGMENT: [u8; 2] = [0x40, 0];
/// It never passes a router; 64 is what the kernel gives other datagrams of ours.
const TIME_TO_LIVE: u8 = 64;
const UDP: u8 = 17;
const UDP_HEADER: usize = 8;

/// The frame that takes a payload from a card and address of ours to a client's. None if it is
/// longer than a datagram can be.
pub fn frame(
    (from_card, from): (MacAddress, SocketAddrV4),
    (to_card, to): (MacAddress, SocketAddrV4),
    payload: &[u8],
) -> Option<Vec<u8>> {
    let datagram = datagram(from, to, payload)?;
    let mut frame = Vec::with_capacity(14 + datagram.len());
    frame.extend(to_card.octets());
    frame.extend(from_card.octets());
    frame.extend(ETHERTYPE);
    frame.extend(datagram);
    Some(frame)
}

/// A UDP datagram from its IPv4 header on. None if it is longer than one can be.
pub fn datagram(from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]) -> Option<Vec<u8>> {
    let udp = u16::try_from(UDP_HEADER + payload.len()).ok()?;
    let total = u16::try_from(HEADER + UDP_HEADER + payload.len()).ok()?;
    let mut datagram = Vec::with_capacity(usize::from(total));
    datagram.extend(header(*from.ip(), *to.ip(), total));
    let [port_high, port_low] = from.port().to_be_bytes();
    let [to_high, to_low] = to.port().to_be_bytes();
    let [length_high, length_low] = udp.to_be_bytes();
    let start = [
        port_high,
        port_low,
        to_high,
        to_low,
        length_high,
        length_low,
    ];
    datagram.extend(start);
    datagram.extend(checksum(*from.ip(), *to.ip(), start, payload));
    datagram.extend(payload);
    Some(datagram)
}

fn header(from: Ipv4Addr, to: Ipv4Addr, total: u16) -> [u8; HEADER] {
    let ([high, low], [dont, fragment]) = (total.to_be_bytes(), DONT_FRAGMENT);
    let ([a, b, c, d], [e, f, g, h]) = (from.octets(), to.octets());
    let with = |sum: [u8; 2]| {
        let [sum_high, sum_low] = sum;
        [
            VERSION_AND_LENGTH,
            0,
            high,
            low,
            0,
            0,
            dont,
            fragment,
            TIME_TO_LIVE,
            UDP,
            sum_high,
            sum_low,
            a,
            b,
            c,
            d,
            e,
            f,
            g,
            h,
        ]
    };
    with(ones_complement(words(&with([0, 0]))).to_be_bytes())
}

/// That of UDP, with the addresses before it (RFC 768). Zero would say that there is none.
fn checksum(from: Ipv4Addr, to: Ipv4Addr, start: [u8; 6], payload: &[u8]) -> [u8; 2] {
    let [.., length_high, length_low] = start;
    let around = [0, UDP, length_high, length_low];
    let sum = words(&from.octets())
        + words(&to.octets())
        + words(&around)
        + words(&start)
        + words(payload);
    match ones_complement(sum) {
        0 => [0xff, 0xff],
        sum => sum.to_be_bytes(),
    }
}

/// The sum of 16-bit words, an odd byte at the end as the high half of one (RFC 1071).
fn words(bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let pairs: u64 = pairs
        .iter()
        .map(|it| u64::from(u16::from_be_bytes(*it)))
        .sum();
    let rest: u64 = rest.iter().map(|it| u64::from(*it) << 8).sum();
    pairs + rest
}

fn ones_complement(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
    const ITS: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);

    fn from() -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(192, 168, 0, 1), 67)
    }

    fn to() -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(192, 168, 0, 199), 68)
    }

    /// What a receiver checks: with its checksum, all adds up to ones (RFC 1071 §1).
    fn adds_up(sum: u64) -> bool {
        ones_complement(sum) == 0
    }

    fn udp_sum(frame: &[u8]) -> u64 {
        let udp = &frame[14 + HEADER..];
        let length = u64::try_from(udp.len()).unwrap();
        words(&frame[14 + 12..14 + HEADER]) + u64::from(UDP) + length + words(udp)
    }

    #[test]
    fn the_header_of_a_known_datagram() {
        // The example of Wikipedia's "Internet checksum", but for its total length.
        let header = header(*from().ip(), *to().ip(), 0x73);
        assert_eq!(header[10..12], [0xb8, 0x61]);
        assert_eq!(header[..4], [0x45, 0, 0, 0x73]);
    }

    #[test]
    fn a_frame_goes_from_card_to_card_and_from_port_to_port() {
        let frame = frame((OURS, from()), (ITS, to()), b"reply").unwrap();
        assert_eq!(frame[..6], ITS.octets());
        assert_eq!(frame[6..12], OURS.octets());
        assert_eq!(frame[12..14], ETHERTYPE);
        assert_eq!(frame[34..40], [0, 67, 0, 68, 0, 13]);
        assert_eq!(&frame[42..], b"reply");
    }

    #[test]
    fn what_no_datagram_can_hold_is_no_frame() {
        let long = vec![0; 65_535 - HEADER - UDP_HEADER];
        assert!(frame((OURS, from()), (ITS, to()), &long).is_some());
        let longer = vec![0; 65_536 - HEADER - UDP_HEADER];
        assert_eq!(frame((OURS, from()), (ITS, to()), &longer), None);
    }

    proptest! {
        #[test]
        fn both_checksums_hold_whatever_is_sent(payload: Vec<u8>, client: u32) {
            let to = SocketAddrV4::new(client.into(), 68);
            let frame = frame((OURS, from()), (ITS, to), &payload).unwrap();
            prop_assert!(adds_up(words(&frame[14..14 + HEADER])));
            prop_assert!(adds_up(udp_sum(&frame)));
            prop_assert_ne!(&frame[40..42], [0, 0], "zero says that there is none");
        }
    }
}
