//! The steady clock: it goes on with a monotonic clock, and follows the system's clock slowly.
//!
//! The system's clock jumps: it was wrong before NTP answered, or somebody set it. Deadlines, pauses
//! and the order of boots must not. So the steady clock goes on with the monotonic clock from where
//! it began, and follows the system's clock by a tenth of its own pace: small corrections are
//! followed at once, a jump of an hour within half a day, and it never runs back.
//!
//! It reads no clock. Whoever holds it hands in what the two clocks say.

use std::time::Duration;

use machine_core::clock_lag::ClockLag;
use machine_core::time::Timestamp;

/// The pace of corrections: one part in so many. Faster, an install would notice a jump; slower, a
/// clock that was wrong by an hour would be wrong for days.
const CORRECTION: u32 = 10;
/// From how far on the system's clock has jumped, and people are told.
const JUMP: Duration = ClockLag::FAR;
/// Between two of them the clock is read from the first: less than a millisecond would be lost at
/// each reading.
const ANCHOR: Duration = Duration::from_secs(1);

/// What the two clocks of a host say at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The time since a moment that stays the same for as long as the steady clock is held.
    pub monotonic: Duration,
    /// What the system's clock says, right or wrong.
    pub wall: Timestamp,
}

/// A clock that never jumps, and never runs back.
#[derive(Debug, Clone, Copy)]
pub struct SteadyClock {
    anchor: Timestamp,
    read: Duration,
    last: Timestamp,
}

impl SteadyClock {
    /// Begins with what the system's clock says.
    pub const fn beginning(reading: Reading) -> Self {
        Self::beginning_at(reading.wall, reading.monotonic)
    }

    const fn beginning_at(at: Timestamp, monotonic: Duration) -> Self {
        Self {
            anchor: at,
            read: monotonic,
            last: at,
        }
    }

    /// What it says at this reading.
    pub fn advance(&mut self, reading: Reading) -> Timestamp {
        let elapsed = reading.monotonic.saturating_sub(self.read);
        self.last = self.last.max(advanced(self.anchor, elapsed, reading.wall));
        if elapsed >= ANCHOR {
            (self.anchor, self.read) = (self.last, reading.monotonic);
        }
        self.last
    }

    /// Goes on from `earliest`, the last moment that is on record, if it is behind that; and how far
    /// it was behind.
    pub fn catch_up(&mut self, earliest: Timestamp, reading: Reading) -> Option<Duration> {
        let at = self.advance(reading);
        if at >= earliest {
            return None;
        }
        *self = Self::beginning_at(earliest, reading.monotonic);
        Some(earliest.since(at))
    }

    /// How far the system's clock is from this one, if it has jumped.
    pub fn jumped(&mut self, reading: Reading) -> Option<Duration> {
        let steady = self.advance(reading);
        let apart = reading.wall.since(steady).max(steady.since(reading.wall));
        (apart >= JUMP).then_some(apart)
    }
}

/// The steady clock `elapsed` after it said `last`, when the system's clock says `wall`.
fn advanced(last: Timestamp, elapsed: Duration, wall: Timestamp) -> Timestamp {
    let undisturbed = last.plus(elapsed);
    let most = elapsed / CORRECTION;
    if wall >= undisturbed {
        undisturbed.plus(wall.since(undisturbed).min(most))
    } else {
        let back = undisturbed.since(wall).min(most);
        last.plus(elapsed.saturating_sub(back))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn reading(monotonic: Duration, wall: Timestamp) -> Reading {
        Reading { monotonic, wall }
    }

    /// The clock is read ten times a second for `seconds`, while the system's clock is `off` by so
    /// much.
    fn after(seconds: i64, off: i64) -> i64 {
        let begin = at(1_000_000);
        let mut steady = SteadyClock::beginning(reading(Duration::ZERO, begin));
        let mut last = begin;
        for tenth in 1..=u64::try_from(seconds * 10).unwrap() {
            let elapsed = Duration::from_millis(tenth * 100);
            let wall = begin.plus(elapsed).as_millis() + off * 1000;
            let next = steady.advance(reading(elapsed, Timestamp::from_millis(wall)));
            assert!(next >= last, "it runs back");
            last = next;
        }
        (last.as_millis() - begin.as_millis()) / 1000
    }

    #[test]
    fn an_hour_forward_or_back_changes_nothing_in_an_install() {
        const HOUR: i64 = 3_600;
        const INSTALL: i64 = 20 * 60;
        for off in [HOUR, -HOUR] {
            let lasted = after(INSTALL, off);
            let error = (lasted - INSTALL).abs();
            assert!(error <= INSTALL / 10, "{off}: {lasted} s");
        }
        assert_eq!(after(INSTALL, 0), INSTALL);
    }

    #[test]
    fn the_systems_clock_is_followed_in_the_end() {
        for off in [3_600, -3_600] {
            let apart = after(11 * 3_600, off) - (11 * 3_600 + off);
            assert!(apart.abs() <= 1, "{apart}");
        }
        assert_eq!(after(60, 1), 61, "small corrections at once");
    }

    #[test]
    fn a_clock_that_jumps_back_and_forth_is_read_forwards() {
        let mut steady = SteadyClock::beginning(reading(Duration::ZERO, at(1_000)));
        let mut last = at(1_000);
        for millis in 1..5_000 {
            let wall = if millis % 2 == 0 { at(0) } else { at(9_000) };
            let next = steady.advance(reading(Duration::from_micros(millis * 300), wall));
            assert!(next >= last);
            last = next;
        }
        assert!(last.since(at(1_000)) >= Duration::from_millis(1_340));
    }

    #[test]
    fn it_goes_on_from_the_last_moment_on_record() {
        let now = reading(Duration::ZERO, at(1_000));
        let mut steady = SteadyClock::beginning(now);
        assert_eq!(steady.catch_up(at(900), now), None, "it is not set back");
        assert_eq!(steady.advance(now), at(1_000));
        let behind = steady.catch_up(at(1_600), now);
        assert_eq!(behind, Some(Duration::from_mins(10)));
        assert_eq!(steady.advance(now), at(1_600));
    }

    #[test]
    fn a_jump_is_told_and_a_small_error_is_not() {
        let mut steady = SteadyClock::beginning(reading(Duration::ZERO, at(1_000)));
        assert_eq!(steady.jumped(reading(Duration::ZERO, at(1_029))), None);
        for wall in [at(1_000 + 3_600), at(1_000 - 600)] {
            assert!(steady.jumped(reading(Duration::ZERO, wall)).is_some());
        }
    }
}
