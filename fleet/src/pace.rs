//! How fast lines may come onto one timeline. Whoever can make a machine's boot plane busy must not
//! fill the database with it: beyond a burst, lines are held back and counted, and later one line
//! says how many there were.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paced {
    /// It is written.
    Written,
    /// It is held back, the first since the last that was written: in a while somebody has to say
    /// how many there were.
    FirstHeld,
    /// It is held back.
    Held,
}

/// The pace of every timeline.
#[derive(Debug, Default)]
pub struct Paces {
    of: Mutex<BTreeMap<MachineId, Pace>>,
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    /// When all that was written would have come at an even pace.
    even: Timestamp,
    held: u64,
}

/// Lines at once. A boot has about twelve, and firmware that goes through its cards a few times as
/// many.
const BURST: u32 = 64;
/// One more after each of these: a boot in half a minute goes on for ever.
const INTERVAL: Duration = Duration::from_secs(2);
/// Timelines of which the pace is kept; the others have been quiet.
const KEPT: usize = 8192;

impl Paces {
    /// Whether a line may be written now.
    pub fn take(&self, machine: MachineId, now: Timestamp) -> Paced {
        let mut of = self.lock();
        if of.len() >= KEPT {
            of.retain(|_, pace| pace.held > 0 || pace.even > now);
        }
        let pace = of.entry(machine).or_insert(Pace { even: now, held: 0 });
        let burst = INTERVAL * BURST;
        if pace.even.since(now) > burst {
            // The clock was set back.
            pace.even = now;
        }
        let next = pace.even.max(now).plus(INTERVAL);
        if next.since(now) <= burst {
            pace.even = next;
            return Paced::Written;
        }
        pace.held += 1;
        if pace.held == 1 {
            Paced::FirstHeld
        } else {
            Paced::Held
        }
    }

    /// How many were held back; they are counted anew from here.
    pub fn held(&self, machine: MachineId) -> u64 {
        let mut of = self.lock();
        let pace = of.get_mut(&machine);
        pace.map_or(0, |pace| std::mem::take(&mut pace.held))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MachineId, Pace>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    const ONE: MachineId = MachineId::from_bytes([1; 16]);
    const OTHER: MachineId = MachineId::from_bytes([2; 16]);

    #[test]
    fn a_flood_of_lines_is_held_back_and_counted() {
        let paces = Paces::default();
        let take = |now| paces.take(ONE, at(now));
        for _ in 0..64 {
            assert_eq!(take(0), Paced::Written);
        }
        assert_eq!(take(0), Paced::FirstHeld);
        for _ in 0..119 {
            assert_eq!(take(1), Paced::Held);
        }
        assert_eq!(paces.held(ONE), 120);
        assert_eq!(paces.held(ONE), 0);
        assert_eq!(take(2), Paced::Written, "one more each two seconds");
        assert_eq!(take(2), Paced::FirstHeld);
        assert_eq!(take(1000), Paced::Written);
    }

    #[test]
    fn timelines_do_not_hold_back_each_other() {
        let paces = Paces::default();
        for _ in 0..100 {
            paces.take(ONE, at(0));
        }
        assert_eq!(paces.held(ONE), 36);
        assert_eq!(paces.take(OTHER, at(0)), Paced::Written);
    }

    #[test]
    fn a_clock_that_is_set_back_silences_no_timeline_for_long() {
        let paces = Paces::default();
        paces.take(ONE, at(10_000));
        assert_eq!(paces.take(ONE, at(0)), Paced::Written);
    }
}
