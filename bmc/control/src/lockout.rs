//! Failed logins, counted here before the BMC counts too many: BMCs lock a user out after a few, and
//! the user that is locked out may be the only one.

use std::time::Duration;

use tokio::time::Instant;

/// The failed logins at one BMC.
#[derive(Debug, Default)]
pub(crate) struct Lockout {
    failures: Vec<Instant>,
}

impl Lockout {
    /// How long no login may be tried, if `limit` of them failed within the last `window`.
    pub(crate) fn remaining(
        &self,
        limit: usize,
        window: Duration,
        now: Instant,
    ) -> Option<Duration> {
        let oldest = self.failures.iter().rev().nth(limit.max(1) - 1)?;
        let until = window.checked_sub(now.duration_since(*oldest))?;
        (!until.is_zero()).then_some(until)
    }

    /// A login failed.
    pub(crate) fn failed(&mut self, now: Instant) {
        const KEPT: usize = 64;
        if self.failures.len() >= KEPT {
            self.failures.remove(0);
        }
        self.failures.push(now);
    }

    /// A login was good, which also clears the BMC's own count.
    pub(crate) fn succeeded(&mut self) {
        self.failures.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_failures_in_ten_minutes() {
        let (limit, window) = (3, Duration::from_mins(10));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut lockout = Lockout::default();
        for seconds in [0, 100, 200] {
            assert_eq!(lockout.remaining(limit, window, at(seconds)), None);
            lockout.failed(at(seconds));
        }
        for (seconds, remaining) in [(200, Some(400)), (599, Some(1)), (600, None), (700, None)] {
            assert_eq!(
                lockout.remaining(limit, window, at(seconds)),
                remaining.map(Duration::from_secs),
                "after {seconds} s"
            );
        }
        // The fourth makes it three within ten minutes again.
        lockout.failed(at(601));
        assert!(lockout.remaining(limit, window, at(602)).is_some());
        lockout.succeeded();
        assert_eq!(lockout.remaining(limit, window, at(602)), None);
    }
}
