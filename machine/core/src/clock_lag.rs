//! A host's clock that is far behind the time that Drover goes by.
//!
//! Drover's time goes on from the newest moment that is on record, and never runs back. A host whose
//! clock was set back, or lost its battery, is behind that.

use std::fmt;
use std::time::Duration;

use crate::time::Timestamp;

/// That the host's clock is far behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClockLag {
    /// What the host's clock says.
    pub host: Timestamp,
    /// The time that Drover goes by.
    pub steady: Timestamp,
}

impl ClockLag {
    /// From how far on it is told: NTP corrects less than that by itself within minutes.
    pub const FAR: Duration = Duration::from_secs(30);

    /// How a host's clock lags, if it is far behind.
    pub fn of(host: Timestamp, steady: Timestamp) -> Option<Self> {
        (steady.since(host) >= Self::FAR).then_some(Self { host, steady })
    }

    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        "compare the host's clock with another one (date, chronyc tracking, timedatectl). If it is \
         wrong, set it: certificates are made and checked by it. If it is right, it was ahead when \
         the newest record was written, and nothing needs to be done: Drover's time goes on at nine \
         tenths of its pace until the host's clock has caught up"
    }
}

impl fmt::Display for ClockLag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.steady.since(self.host).as_secs();
        write!(
            f,
            "the host's clock says {}, and Drover goes by {}, which is {seconds} s later: its time \
             went on from the newest moment on record, and deadlines, leases and the order of events \
             go by it",
            self.host, self.steady
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_clock_that_is_far_behind_is_told_with_both_times() {
        let lag = ClockLag::of(at(0), at(7200)).unwrap().to_string();
        for wanted in [
            "clock says 1970-01-01T00:00:00.000Z",
            "goes by 1970-01-01T02:00:00.000Z",
            "7200 s later",
        ] {
            assert!(lag.contains(wanted), "{lag}");
        }
    }

    #[test]
    fn a_clock_that_ntp_corrects_or_that_is_ahead_is_not_told() {
        assert_eq!(ClockLag::of(at(100), at(129)), None);
        assert!(ClockLag::of(at(100), at(130)).is_some());
        assert_eq!(ClockLag::of(at(9000), at(100)), None);
    }
}
