//! The last packets of each card, for whoever asks why a machine did not boot.
//!
//! What came in and what went out are kept as they were on the wire, 32 of a card. Cards of machines
//! on record are kept apart from strangers, of whom anybody can make as many as he likes: those
//! displace each other.

mod missing;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::boot::BootStep;
use machine_core::hardware::MacAddress;
use pxe_dhcp::pcapng::{Captured, pcapng};

use crate::witnessed::Witnessed;

/// How many packets of a card are kept: three boots with firmware, iPXE and system.
const PACKETS: usize = 32;
/// How many cards of machines on record are kept: 16 MiB at most, with packets of 500 bytes.
const KNOWN: usize = 1024;
/// How many cards of strangers.
const STRANGERS: usize = 256;

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

/// What a packet says, in a line.
pub fn line(packet: &Witnessed) -> String {
    reading::line(packet)
}

/// What should have come after these packets of a card, the boot of which has come so far; and who
/// usually keeps it from coming.
pub fn what_is_missing(packets: &[Witnessed], reached: Option<BootStep>) -> String {
    missing::missing(packets, reached)
}

/// These packets as a file for tcpdump and Wireshark. The ids of boots are blotted out: with one,
/// whoever has the machine's address is given its script.
pub fn capture(packets: &[Witnessed]) -> Vec<u8> {
    let payloads: Vec<Vec<u8>> = packets.iter().map(|it| blotted(&it.payload)).collect();
    let packets = packets
        .iter()
        .zip(&payloads)
        .map(|(packet, payload)| Captured {
            at: packet.at,
            inbound: packet.inbound,
            from: packet.from,
            to: packet.to,
            payload,
            comment: packet.unanswered.as_deref(),
        });
    pcapng(packets)
}

/// A payload without the ids of boots that stand in URLs of ours.
fn blotted(payload: &[u8]) -> Vec<u8> {
    /// Hexadecimal digits of an id.
    const DIGITS: usize = 32;
    let mut blotted = payload.to_vec();
    for path in [&b"/boot/"[..], b"/loader/"] {
        for (place, _) in payload
            .windows(path.len())
            .enumerate()
            .filter(|it| it.1 == path)
        {
            let id = place + path.len()..place + path.len() + DIGITS;
            if let Some(id) = blotted.get_mut(id) {
                id.fill(b'x');
            }
        }
    }
    blotted
}

fn locked(cards: &Mutex<Cards>) -> MutexGuard<'_, Cards> {
    cards.lock().unwrap_or_else(PoisonError::into_inner)
}
