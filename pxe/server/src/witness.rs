//! The last packets of each card, for whoever asks why a machine did not boot.
//!
//! What came in and what went out are kept as they were on the wire, 32 of a card. Cards of machines
//! on record are kept apart from strangers, of whom anybody can make as many as he likes: those
//! displace each other.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::hardware::MacAddress;
use machine_core::time::Timestamp;
use pxe_dhcp::pcapng::{Captured, pcapng};

/// How many packets of a card are kept: three boots with firmware, iPXE and system.
const PACKETS: usize = 32;
/// How many cards of machines on record are kept: 16 MiB at most, with packets of 500 bytes.
const KNOWN: usize = 1024;
/// How many cards of strangers.
const STRANGERS: usize = 256;

/// A packet that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// When.
    pub at: Timestamp,
    /// Whether it came in; otherwise it went out.
    pub inbound: bool,
    /// From whom.
    pub from: SocketAddrV4,
    /// To whom.
    pub to: SocketAddrV4,
    /// The UDP payload.
    pub payload: Box<[u8]>,
    /// Why it got no answer, if that is so.
    pub unanswered: Option<String>,
}

/// The last packets of each card.
#[derive(Debug, Default)]
pub struct Witness {
    known: Mutex<Cards>,
    strangers: Mutex<Cards>,
}

#[derive(Debug, Default)]
struct Cards {
    packets: BTreeMap<MacAddress, VecDeque<Witnessed>>,
    /// In the order in which they were first heard of.
    order: VecDeque<MacAddress>,
}

impl Witness {
    /// A packet passed, of a card that is a machine's or not.
    pub(crate) fn passed(&self, card: MacAddress, is_known: bool, packet: Witnessed) {
        if is_known {
            locked(&self.known).keep(card, packet, KNOWN);
        } else {
            locked(&self.strangers).keep(card, packet, STRANGERS);
        }
    }

    /// The last packet that came from a card gets no answer.
    pub(crate) fn unanswered(&self, card: MacAddress, why: &str) {
        for cards in [&self.known, &self.strangers] {
            if let Some(packet) = locked(cards).last_heard(card) {
                packet.unanswered = Some(why.to_owned());
            }
        }
    }

    /// What is kept of a card, oldest first.
    pub fn of(&self, card: MacAddress) -> Vec<Witnessed> {
        let mut packets: Vec<Witnessed> = Vec::new();
        for cards in [&self.strangers, &self.known] {
            packets.extend(
                locked(cards)
                    .packets
                    .get(&card)
                    .into_iter()
                    .flatten()
                    .cloned(),
            );
        }
        packets.sort_by_key(|packet| packet.at);
        packets
    }
}

impl Cards {
    fn keep(&mut self, card: MacAddress, packet: Witnessed, most: usize) {
        if !self.packets.contains_key(&card) {
            self.order.push_back(card);
            if self.order.len() > most
                && let Some(oldest) = self.order.pop_front()
            {
                self.packets.remove(&oldest);
            }
        }
        let packets = self.packets.entry(card).or_default();
        if packets.len() >= PACKETS {
            packets.pop_front();
        }
        packets.push_back(packet);
    }

    fn last_heard(&mut self, card: MacAddress) -> Option<&mut Witnessed> {
        let packets = self.packets.get_mut(&card)?;
        packets.iter_mut().rev().find(|packet| packet.inbound)
    }
}

/// These packets as a file for tcpdump and Wireshark.
pub fn capture(packets: &[Witnessed]) -> Vec<u8> {
    let packets = packets.iter().map(|packet| Captured {
        at: packet.at,
        inbound: packet.inbound,
        from: packet.from,
        to: packet.to,
        payload: &packet.payload,
        comment: packet.unanswered.as_deref(),
    });
    pcapng(packets)
}

fn locked(cards: &Mutex<Cards>) -> MutexGuard<'_, Cards> {
    cards.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn card(number: u16) -> MacAddress {
        let [high, low] = number.to_be_bytes();
        MacAddress::new([2, 0, 0, 0, high, low])
    }

    fn packet(at: i64, inbound: bool) -> Witnessed {
        Witnessed {
            at: Timestamp::from_millis(at),
            inbound,
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67),
            payload: Box::default(),
            unanswered: None,
        }
    }

    #[test]
    fn the_last_packets_of_a_card_are_kept() {
        let witness = Witness::default();
        for at in 0..40 {
            witness.passed(card(1), true, packet(at, true));
        }
        let kept: Vec<i64> = witness
            .of(card(1))
            .iter()
            .map(|it| it.at.as_millis())
            .collect();
        assert_eq!(kept, (8..40).collect::<Vec<_>>());
        assert!(witness.of(card(2)).is_empty());
    }

    #[test]
    fn why_there_is_no_answer_stands_at_the_question() {
        let witness = Witness::default();
        witness.passed(card(1), false, packet(0, true));
        witness.passed(card(1), false, packet(1, false));
        witness.unanswered(card(1), "no address");
        witness.unanswered(card(2), "nobody");
        let kept = witness.of(card(1));
        assert_eq!(kept[0].unanswered.as_deref(), Some("no address"));
        assert_eq!(kept[1].unanswered, None);
    }

    #[test]
    fn strangers_displace_each_other_and_no_machine() {
        let witness = Witness::default();
        witness.passed(card(0), true, packet(0, true));
        for number in 1..=1000 {
            witness.passed(card(number), false, packet(0, true));
        }
        assert_eq!(witness.of(card(0)).len(), 1);
        assert!(witness.of(card(1)).is_empty());
        assert_eq!(witness.of(card(1000)).len(), 1);
        let strangers = locked(&witness.strangers);
        assert_eq!(strangers.packets.len(), STRANGERS);
    }

    #[test]
    fn a_card_that_becomes_a_machines_keeps_what_came_before() {
        let witness = Witness::default();
        witness.passed(card(1), false, packet(0, true));
        witness.passed(card(1), true, packet(1, true));
        assert_eq!(witness.of(card(1)).len(), 2);
    }
}
