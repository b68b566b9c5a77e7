//! The clock: the one place that reads it, and makes it steady.
//!
//! [`now`] is the fleet's steady clock over the clocks of this host: it never jumps, and never runs
//! back. Across restarts it begins no earlier than the last event that is on record, by [`begin`].
//! What others check by their own clocks, such as certificates, takes [`wall`].

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fleet::clock::Clock;
use fleet::steady_clock::{Reading, SteadyClock};
use machine_core::time::Timestamp;

/// The moment from which this process counts its monotonic time.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

static STEADY: LazyLock<Mutex<SteadyClock>> =
    LazyLock::new(|| Mutex::new(SteadyClock::beginning(read())));

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

/// Now, as a value for those who decide: it never jumps, and never runs back.
pub fn now() -> Timestamp {
    let reading = read();
    steady().advance(reading)
}

/// Begins no earlier than `earliest`, the last moment that is on record.
pub fn begin(earliest: Option<Timestamp>) {
    let Some(earliest) = earliest else { return };
    let reading = read();
    let Some(apart) = steady().catch_up(earliest, reading) else {
        return;
    };
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
}

/// Whether a clock that is so far behind the records is wrong, or was when they were written: one
/// that only went a little fast is not a day ahead.
const fn is_wrong(behind: Duration) -> bool {
    behind.as_secs() > 24 * 60 * 60
}

/// How far the system's clock is from [`now`], if it has jumped.
pub fn jumped() -> Option<Duration> {
    let reading = read();
    steady().jumped(reading).map(whole_seconds)
}

/// What the system's clock says, right or wrong.
pub fn wall() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// What the clocks of this host say.
fn read() -> Reading {
    Reading {
        monotonic: START.elapsed(),
        wall: wall(),
    }
}

fn steady() -> MutexGuard<'static, SteadyClock> {
    STEADY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole_seconds(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_that_are_a_day_ahead_are_the_sign_of_a_wrong_clock() {
        assert!(!is_wrong(Duration::from_hours(2)));
        assert!(is_wrong(Duration::from_hours(365 * 24)));
    }
}
