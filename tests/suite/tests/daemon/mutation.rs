//! Packets that were good before chance had its way with them; the same for the same seed.

use std::hash::{BuildHasher, RandomState};

/// A source of chance: `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `limit`; 0 if there is none.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.next() % limit).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, these: &'a [T]) -> &'a T {
        &these[self.below(these.len())]
    }
}

/// The seed of this run: `DROVER_SEED`, or another each time.
pub(crate) fn seed() -> u64 {
    match std::env::var("DROVER_SEED") {
        Ok(seed) => seed.parse().expect("DROVER_SEED is a number"),
        Err(_) => RandomState::new().hash_one("seed"),
    }
}

/// One of the good packets, changed in one to four places.
pub(crate) fn mutant(random: &mut Random, good: &[Vec<u8>]) -> Vec<u8> {
    let mut packet = random.pick(good).clone();
    for _ in 0..=random.below(4) {
        change(random, &mut packet, good);
    }
    // What a UDP datagram over Ethernet holds.
    packet.truncate(1472);
    packet
}

fn change(random: &mut Random, packet: &mut Vec<u8>, good: &[Vec<u8>]) {
    let at = random.below(packet.len());
    let length = random.below(40);
    let end = (at + length).min(packet.len());
    match random.below(8) {
        0 => packet.truncate(at),
        1 => {
            let noise: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            packet.splice(at..at, noise);
        }
        2 => drop(packet.drain(at..end)),
        3 => {
            let again = packet[at..end].to_vec();
            packet.splice(at..at, again);
        }
        4 => {
            let other = random.pick(good);
            let from = random.below(other.len());
            packet.truncate(at);
            packet.extend(&other[from..]);
        }
        5 => *packet = (0..length * 8).map(|_| random.byte()).collect(),
        kind => {
            if let Some(byte) = packet.get_mut(at) {
                *byte = if kind == 6 {
                    *byte ^ (1 << random.below(8))
                } else {
                    *random.pick(&[0, 1, 0x7f, 0x80, 0xfe, 0xff, b'%', b'\n'])
                };
            }
        }
    }
}
