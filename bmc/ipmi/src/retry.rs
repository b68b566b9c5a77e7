//! When a request is sent again, and when it is given up.
//!
//! The waits double up to a bound. The caller's clock counts from any start that it likes, as long
//! as it never goes back.

use std::time::Duration;

/// How patient a session is with its BMC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// How long to wait for the first answer to a request.
    pub first_wait: Duration,
    /// The waits double up to this.
    pub longest_wait: Duration,
    /// How often a request is sent in all.
    pub sends: u8,
    /// How often the Open Session Request is sent: some BMCs meet a suite that they do not know with
    /// silence instead of a status, and while another suite is left to try, that must be cheap.
    pub sends_of_open_session: u8,
}

impl Timing {
    /// One second, then two, four times in all: seven seconds until a silent BMC is given up.
    pub const DEFAULT: Self = Self {
        first_wait: Duration::from_secs(1),
        longest_wait: Duration::from_secs(2),
        sends: 4,
        sends_of_open_session: 4,
    };
}

/// The sends of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    limit: u8,
    sends: u8,
    due: bool,
    wait: Duration,
    longest_wait: Duration,
    deadline: Option<Duration>,
}

impl Retry {
    /// A request that is to be sent at once, and at most `limit` times.
    pub(crate) fn new(timing: Timing, limit: u8) -> Self {
        Self {
            limit: limit.max(1),
            sends: 0,
            due: true,
            wait: timing.first_wait.min(timing.longest_wait),
            longest_wait: timing.longest_wait,
            deadline: None,
        }
    }

    /// Whether to send now; if so, the send is counted and the wait begins.
    pub(crate) fn start(&mut self, now: Duration) -> bool {
        if !self.due {
            return false;
        }
        self.due = false;
        self.sends = self.sends.saturating_add(1);
        self.deadline = Some(now.saturating_add(self.wait));
        self.wait = self.wait.saturating_mul(2).min(self.longest_wait);
        true
    }

    /// When to look again.
    pub(crate) const fn deadline(&self) -> Option<Duration> {
        self.deadline
    }

    /// How often it was sent.
    pub(crate) const fn sends(&self) -> u8 {
        self.sends
    }

    /// Whether the last wait is over and nothing is left to send.
    pub(crate) fn expire(&mut self, now: Duration) -> bool {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return false;
        }
        self.deadline = None;
        self.due = self.sends < self.limit;
        !self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sends_four_times_with_growing_waits() {
        let mut retry = Retry::new(Timing::DEFAULT, 4);
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        loop {
            assert!(retry.start(now) && !retry.start(now));
            let deadline = retry.deadline().unwrap();
            assert!(!retry.expire(deadline.saturating_sub(Duration::from_millis(1))));
            waits.push(deadline.saturating_sub(now).as_secs());
            now = deadline;
            if retry.expire(now) {
                break;
            }
        }
        assert_eq!(waits, [1, 2, 2, 2]);
        assert_eq!(retry.sends(), 4);
        assert!(!retry.start(now), "nothing is left to send");
    }
}
