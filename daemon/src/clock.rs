//! The clock: the one place that reads it, and makes it steady.
//!
//! The system's clock jumps: it was wrong before NTP answered, or somebody set it. Deadlines,
//! pauses and the order of boots must not. So [`now`] goes on with the monotonic clock from where
//! it began, and follows the system's clock by a tenth of its own pace: small corrections are
//! followed at once, a jump of an hour within half a day, and it never runs back. Across restarts it
//! begins no earlier than the last event that is on record, by [`begin`]. What others check by
//! their own clocks, such as certificates, takes [`wall`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fleet::clock::Clock;
use machine_core::time::Timestamp;

/// The pace of corrections: one part in so many.
const CORRECTION: u32 = 10;
/// From how far on the system's clock has jumped, and people are told.
const JUMP: Duration = Duration::from_secs(30);

/// Between two of them the clock is read from the first: less than a millisecond would be lost at
/// each reading.
const ANCHOR: Duration = Duration::from_secs(1);

static STEADY: Mutex<Option<Steady>> = Mutex::new(None);

/// The clock of this process, for the fleet.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn wall(&self) -> Timestamp {
        wall()
    }

    fn jumped(&self) -> Option<Duration> {
        jumped()
    }
}

/// A clock that goes on with the monotonic clock.
#[derive(Debug, Clone, Copy)]
struct Steady {
    anchor: Timestamp,
    read: Instant,
    last: Timestamp,
}

/// Now, as a value for those who decide: it never jumps, and never runs back.
pub fn now() -> Timestamp {
    let (wall, monotonic) = (wall(), Instant::now());
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    steady
        .get_or_insert(Steady::beginning(wall, monotonic))
        .advance(monotonic, wall)
}

/// Begins no earlier than `earliest`, the last moment that is on record.
pub fn begin(earliest: Option<Timestamp>) {
    let Some(earliest) = earliest else { return };
    let at = now();
    if at >= earliest {
        return;
    }
    let apart = earliest.since(at);
    let behind = humantime::format_duration(whole_seconds(apart));
    if is_wrong(apart) {
        tracing::error!(
            %behind,
            "the system's clock is more than a day behind what is on record: it is wrong, or it was \
             wrong before, and times are until it has caught up; set it, and look at the times of \
             leases and permissions"
        );
    } else {
        tracing::warn!(%behind, "the system's clock is behind what is on record: time goes on from there");
    }
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    *steady = Some(Steady::beginning(earliest, Instant::now()));
}

/// Whether a clock that is so far behind the records is wrong, or was when they were written: one
/// that only went a little fast is not a day ahead.
const fn is_wrong(behind: Duration) -> bool {
    behind.as_secs() > 24 * 60 * 60
}

/// How far the system's clock is from [`now`], if it has jumped.
pub fn jumped() -> Option<Duration> {
    let (steady, wall) = (now(), wall());
    let apart = wall.since(steady).max(steady.since(wall));
    (apart >= JUMP).then(|| whole_seconds(apart))
}

impl Steady {
    const fn beginning(at: Timestamp, read: Instant) -> Self {
        Self {
            anchor: at,
            read,
            last: at,
        }
    }

    fn advance(&mut self, monotonic: Instant, wall: Timestamp) -> Timestamp {
        let elapsed = monotonic.saturating_duration_since(self.read);
        self.last = self.last.max(advanced(self.anchor, elapsed, wall));
        if elapsed >= ANCHOR {
            (self.anchor, self.read) = (self.last, monotonic);
        }
        self.last
    }
}

/// What the system's clock says, right or wrong.
pub fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
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

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    /// The clock is read ten times a second for `seconds`, while the system's clock is `off` by so
    /// much.
    fn after(seconds: i64, off: i64) -> i64 {
        let (begin, start) = (at(1_000_000), Instant::now());
        let mut steady = Steady::beginning(begin, start);
        let mut last = begin;
        for tenth in 1..=u64::try_from(seconds * 10).unwrap() {
            let elapsed = Duration::from_millis(tenth * 100);
            let wall = begin.plus(elapsed).as_millis() + off * 1000;
            let next = steady.advance(start + elapsed, Timestamp::from_millis(wall));
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
    fn records_that_are_a_day_ahead_are_the_sign_of_a_wrong_clock() {
        assert!(!is_wrong(Duration::from_hours(2)));
        assert!(is_wrong(Duration::from_hours(365 * 24)));
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
        let start = Instant::now();
        let mut steady = Steady::beginning(at(1_000), start);
        let mut last = at(1_000);
        for millis in 1..5_000 {
            let wall = if millis % 2 == 0 { at(0) } else { at(9_000) };
            let next = steady.advance(start + Duration::from_micros(millis * 300), wall);
            assert!(next >= last);
            last = next;
        }
        assert!(last.since(at(1_000)) >= Duration::from_millis(1_340));
    }
}
