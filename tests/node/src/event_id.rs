//! The ids of events: xids, 12 bytes as 20 characters that sort by time.
//!
//! Seconds since 1970 (4 bytes, big-endian), the machine (3), the process (2), a counter (3), in
//! base32 with the digits `0-9a-v`. Every boot is a new process: its ids are fresh, which is how a
//! reboot shows in the stream.

use machine_core::time::Timestamp;

/// Makes the ids of one boot.
#[derive(Debug, Clone)]
pub struct EventIds {
    origin: [u8; 5],
    counter: u32,
}

impl EventIds {
    /// `origin` is drawn by the caller: three bytes for the machine, two for this boot.
    pub const fn new(origin: [u8; 5]) -> Self {
        Self { origin, counter: 0 }
    }

    /// The next id.
    pub fn next(&mut self, now: Timestamp) -> String {
        let seconds = u32::try_from(now.as_millis() / 1000).unwrap_or_default();
        let [_, counter @ ..] = self.counter.to_be_bytes();
        self.counter = self.counter.wrapping_add(1);
        let bytes: Vec<u8> = seconds
            .to_be_bytes()
            .into_iter()
            .chain(self.origin)
            .chain(counter)
            .collect();
        base32(&bytes)
    }
}

/// Five bits a character, the last one padded with zeroes on the right.
fn base32(bytes: &[u8]) -> String {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let digit = |five: &[u8]| {
        let value = five
            .iter()
            .fold(0, |value, bit| value << 1 | u32::from(*bit));
        char::from_digit(value << (5 - five.len()), 32).unwrap_or('0')
    };
    bits.chunks(5).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_twenty_characters_and_sort_by_time_and_order() {
        let mut ids = EventIds::new([1, 2, 3, 4, 5]);
        let times = [
            0,
            1,
            1_700_000_000_000,
            1_700_000_000_001,
            1_700_000_001_000,
        ];
        let made: Vec<String> = times
            .into_iter()
            .map(|at| ids.next(Timestamp::from_millis(at)))
            .collect();
        assert!(made.iter().all(|id| id.len() == 20));
        assert!(made.is_sorted());
        assert!(made.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_alphabet_is_the_one_of_xid() {
        // The example in the documentation of xid: 4d88e15b 60f486 e428 412dc9.
        let example = [
            0x4d, 0x88, 0xe1, 0x5b, 0x60, 0xf4, 0x86, 0xe4, 0x28, 0x41, 0x2d, 0xc9,
        ];
        assert_eq!(base32(&example), "9m4e2mr0ui3e8a215n4g");
    }
}
