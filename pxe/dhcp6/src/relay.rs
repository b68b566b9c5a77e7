//! Relays (RFC 8415 §9, §19): a message in a message, as often as it was relayed.
//!
//! They are unwrapped in a loop and to a depth that the RFC has: a packet of nothing but nested
//! messages costs no stack.

use std::net::Ipv6Addr;

use machine_core::hardware::MacAddress;

use crate::claim::typed_card;
use crate::dropped::Dropped;
use crate::message::Message;
use crate::message_kind::MessageKind;
use crate::option::{self, OptionCode, Options};

/// The most relays in a row: those with the hop counts 0 to 8 (`HOP_COUNT_LIMIT`, RFC 8415 §7.6).
pub const MOST_RELAYS: usize = 9;

/// One relay that a message came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// How many relays are between it and the client.
    pub hop_count: u8,
    /// An address of the link that the message came in by, or `::` if it says none.
    pub link_address: Ipv6Addr,
    /// Who sent the message to it: the client, or the relay before it.
    pub peer_address: Ipv6Addr,
    /// The port that the message came in by, to be given back as it is (RFC 8415 §19.3).
    pub interface_id: Option<Vec<u8>>,
    /// The card of whoever sent the message to it, where it says so (RFC 6939).
    pub card: Option<MacAddress>,
    /// Whether replies go to the port that it sent from (RFC 8357 §5.2), which it gets back.
    pub source_port: Option<[u8; 2]>,
}

/// A client's message and the relays that carried it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relayed<'a> {
    /// From the one that wrote to us to the one beside the client; none if nobody carried it.
    pub relays: Vec<Relay>,
    /// What the client sent.
    pub message: Message<'a>,
}

impl<'a> Relayed<'a> {
    /// Reads a UDP payload.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Dropped> {
        let mut relays = Vec::new();
        let mut inner = bytes;
        while inner.first() == Some(&MessageKind::RelayForward.code()) {
            if relays.len() == MOST_RELAYS {
                return Err(Dropped::TooManyRelays);
            }
            let (relay, carried) = unwrap(inner)?;
            relays.push(relay);
            inner = carried;
        }
        let message = Message::decode(inner)?;
        Ok(Self { relays, message })
    }
}

/// A relay and what it carries.
fn unwrap(bytes: &[u8]) -> Result<(Relay, &[u8]), Dropped> {
    let header = || {
        let (_kind, rest) = bytes.split_first()?;
        let (hop_count, rest) = rest.split_first()?;
        let (link_address, rest) = option::address(rest)?;
        let (peer_address, rest) = option::address(rest)?;
        Some((*hop_count, link_address, peer_address, Options::new(rest)))
    };
    let length = bytes.len();
    let header = header().ok_or(Dropped::TooShort { length })?;
    let (hop_count, link_address, peer_address, options) = header;
    let carried = options.get(OptionCode::RELAY_MESSAGE);
    let relay = Relay {
        hop_count,
        link_address,
        peer_address,
        interface_id: options.get(OptionCode::INTERFACE_ID).map(<[u8]>::to_vec),
        card: options
            .get(OptionCode::CLIENT_LINK_LAYER)
            .and_then(typed_card),
        source_port: options
            .get(OptionCode::RELAY_PORT)
            .and_then(|it| it.try_into().ok()),
    };
    Ok((relay, carried.ok_or(Dropped::NothingCarried)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A relay's message around another.
    fn around(carried: &[u8], hop_count: u8) -> Vec<u8> {
        let mut bytes = vec![12, hop_count];
        bytes.extend([0xfd; 16]);
        bytes.extend([0xfe; 16]);
        bytes.extend([0, 18, 0, 1, hop_count]);
        bytes.extend([0, 79, 0, 8, 0, 1, 2, 0, 0, 0, 0, 9]);
        bytes.extend([0, 9]);
        bytes.extend(u16::try_from(carried.len()).unwrap().to_be_bytes());
        bytes.extend(carried);
        bytes
    }

    fn wrapped(times: u8) -> Vec<u8> {
        (0..times).fold(vec![1, 7, 7, 7], |inner, hop_count| {
            around(&inner, hop_count)
        })
    }

    #[test]
    fn relays_come_from_the_outside_in() {
        let bytes = wrapped(3);
        let relayed = Relayed::decode(&bytes).unwrap();
        let hops: Vec<u8> = relayed.relays.iter().map(|it| it.hop_count).collect();
        assert_eq!(hops, [2, 1, 0]);
        let inmost = relayed.relays.last().unwrap();
        assert_eq!(inmost.interface_id, Some(vec![0]));
        assert_eq!(inmost.card, Some(MacAddress::new([2, 0, 0, 0, 0, 9])));
        assert_eq!(relayed.message.transaction, [7, 7, 7]);
    }

    #[test]
    fn more_relays_than_there_can_be_are_refused_however_many_there_are() {
        assert!(Relayed::decode(&wrapped(9)).is_ok());
        assert_eq!(Relayed::decode(&wrapped(10)), Err(Dropped::TooManyRelays));
        assert_eq!(Relayed::decode(&wrapped(255)), Err(Dropped::TooManyRelays));
    }

    #[test]
    fn a_relay_that_carries_nothing_is_refused() {
        let mut bytes = around(&[], 0);
        assert_eq!(
            Relayed::decode(&bytes),
            Err(Dropped::TooShort { length: 0 })
        );
        bytes.truncate(34);
        assert_eq!(Relayed::decode(&bytes), Err(Dropped::NothingCarried));
        bytes.truncate(33);
        assert_eq!(
            Relayed::decode(&bytes),
            Err(Dropped::TooShort { length: 33 })
        );
    }
}
