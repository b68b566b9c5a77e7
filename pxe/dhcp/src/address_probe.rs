//! Asking by ARP whether somebody uses an address (RFC 5227 §2.1.1).
//!
//! A probe says nothing of who asks: its sender address is 0.0.0.0, so that no neighbour table
//! changes. Whoever uses the address answers with its card.

use std::net::Ipv4Addr;

use machine_core::hardware::MacAddress;

/// The `EtherType` of ARP (RFC 826).
pub const ETHERTYPE: u16 = 0x0806;
/// How many bytes a frame with a packet has: Ethernet header, packet.
pub const FRAME: usize = 14 + 28;

/// Ethernet, IPv4, and how long their addresses are.
const ADDRESSES: [u8; 6] = [0, 1, 8, 0, 6, 4];
const REQUEST: [u8; 2] = [0, 1];
const REPLY: [u8; 2] = [0, 2];

/// The frame that asks everybody on the link who uses the address, from this card.
pub fn probe(card: MacAddress, address: Ipv4Addr) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME);
    frame.extend([0xff; 6]);
    frame.extend(card.octets());
    frame.extend(ETHERTYPE.to_be_bytes());
    frame.extend(ADDRESSES);
    frame.extend(REQUEST);
    frame.extend(card.octets());
    frame.extend(Ipv4Addr::UNSPECIFIED.octets());
    frame.extend([0; 6]);
    frame.extend(address.octets());
    frame
}

/// Which card says in this frame that it uses which address: in an answer, or by the way in a
/// question of its own. Anything else is nothing.
pub fn claim(frame: &[u8]) -> Option<(Ipv4Addr, MacAddress)> {
    let (ethernet, packet) = frame.split_first_chunk::<14>()?;
    let ([.., high, low], (kind, packet)) = (*ethernet, packet.split_first_chunk::<6>()?);
    let (operation, packet) = packet.split_first_chunk::<2>()?;
    let (card, packet) = packet.split_first_chunk::<6>()?;
    let (address, _target) = packet.split_first_chunk::<4>()?;
    let address = Ipv4Addr::from(*address);
    let is_claim = u16::from_be_bytes([high, low]) == ETHERTYPE
        && *kind == ADDRESSES
        && (*operation == REQUEST || *operation == REPLY)
        && !address.is_unspecified();
    is_claim.then(|| (address, MacAddress::new(*card)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 60);

    /// The answer of a host with the address, as Linux sends it.
    fn answer() -> Vec<u8> {
        let mut frame = probe(CARD, Ipv4Addr::UNSPECIFIED);
        frame[21] = 2;
        frame[28..32].copy_from_slice(&ADDRESS.octets());
        frame
    }

    #[test]
    fn a_probe_has_no_sender_address() {
        let frame = probe(CARD, ADDRESS);
        assert_eq!(frame.len(), FRAME);
        assert_eq!(frame[28..32], [0; 4]);
        assert_eq!(frame[38..], ADDRESS.octets());
        assert_eq!(claim(&frame), None, "and so claims nothing");
    }

    #[test]
    fn answers_and_questions_of_others_claim_an_address() {
        let mut frame = answer();
        assert_eq!(claim(&frame), Some((ADDRESS, CARD)));
        frame[21] = 1;
        assert_eq!(claim(&frame), Some((ADDRESS, CARD)));
        frame.extend([0; 18]);
        assert_eq!(claim(&frame), Some((ADDRESS, CARD)), "padded to 60 bytes");
    }

    #[test]
    fn what_is_broken_claims_nothing() {
        let whole = answer();
        for length in 0..32 {
            assert_eq!(claim(&whole[..length]), None, "{length}");
        }
        for at in [12, 13, 14, 15, 16, 17, 18, 19, 20, 21] {
            let mut frame = answer();
            frame[at] ^= 0x40;
            assert_eq!(claim(&frame), None, "byte {at}");
        }
    }
}
