//! Which session sequence numbers of the BMC were seen (§6.12, session sequence numbers).
//!
//! A number is accepted once: up to 16 ahead of the highest seen, or up to 15 behind it. The first
//! authenticated packet sets the base, whatever its number: nothing can be replayed into a session
//! whose keys did not exist before.

/// How far ahead a packet may be, and how far back the window remembers.
const WIDTH: u32 = 16;

/// The sliding window of one session.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Window {
    highest: Option<u32>,
    /// Bit `n` says that `highest - n` was seen.
    seen: u16,
}

impl Window {
    /// Whether this number is new; if it is, it is now seen.
    pub(crate) fn accept(&mut self, number: u32) -> bool {
        let Some(highest) = self.highest else {
            *self = Self {
                highest: Some(number),
                seen: 1,
            };
            return true;
        };
        let ahead = number.wrapping_sub(highest);
        let behind = highest.wrapping_sub(number);
        if (1..=WIDTH).contains(&ahead) {
            self.highest = Some(number);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0) | 1;
            return true;
        }
        let bit = 1_u16.checked_shl(behind).unwrap_or(0);
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_edges_of_the_window() {
        for (first, second, accepted) in [
            (5, 5, false),
            (5, 6, true),
            (5, 21, true),
            (5, 22, false),
            (20, 5, true),
            (20, 4, false),
            (u32::MAX, 0, true),
            (0, u32::MAX, true),
            (7, 7_u32.wrapping_add(1 << 31), false),
        ] {
            let mut window = Window::default();
            assert!(window.accept(first));
            assert_eq!(window.accept(second), accepted, "{first} then {second}");
        }
    }

    proptest! {
        #[test]
        fn no_number_is_accepted_twice(numbers in proptest::collection::vec(0_u32..64, 0..200)) {
            let mut window = Window::default();
            let mut accepted = BTreeSet::new();
            for number in numbers {
                if window.accept(number) {
                    prop_assert!(accepted.insert(number), "{number} twice");
                }
            }
        }
    }
}
