//! The download of the config: ask, and ask again on everything but 200, as Talos asks.
//!
//! Talos tries for three hours in all. The pause after try n is (2ⁿ − 1) / 2 whole seconds, n from 1,
//! and up to a second of jitter: 0, 1, 3, 7, 15, … On metal no status ends it, 404 neither: a machine
//! whose `talos.config` fails never reaches maintenance. 204 counts as a success with no bytes, which
//! the loader then refuses. At most 32 bytes of an error's body reach the console.

use machine_core::time::Timestamp;
use std::time::Duration;

/// What came of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A response.
    Status {
        /// The HTTP status code.
        code: u16,
        /// The body.
        body: Vec<u8>,
    },
    /// No response: refused, timed out, broken off.
    Failed {
        /// In the words of the system.
        reason: String,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchStep {
    /// These bytes are the config.
    Load(Vec<u8>),
    /// Ask again at this time.
    RetryAt {
        /// When.
        at: Timestamp,
        /// What was wrong, for the console.
        reason: String,
    },
    /// The three hours are over.
    GiveUp {
        /// What was wrong the last time.
        reason: String,
    },
}

/// One download with its tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    started: Timestamp,
    tries: u32,
}

impl Fetch {
    /// The first request goes out at once.
    pub const fn begin(now: Timestamp) -> Self {
        Self {
            started: now,
            tries: 0,
        }
    }

    /// Takes an answer; `jitter` is a random part of a second, drawn by the caller.
    pub fn answered(&mut self, answer: Answer, now: Timestamp, jitter: Duration) -> FetchStep {
        let reason = match answer {
            Answer::Status { code: 200, body } => return FetchStep::Load(body),
            Answer::Status { code: 204, .. } => return FetchStep::Load(Vec::new()),
            Answer::Status { code, body } => format!("HTTP {code}: {}", excerpt(&body)),
            Answer::Failed { reason } => reason,
        };
        self.tries = self.tries.saturating_add(1);
        let at = now.plus(pause(self.tries).saturating_add(jitter.min(JITTER)));
        if at.since(self.started) >= TOTAL {
            FetchStep::GiveUp { reason }
        } else {
            FetchStep::RetryAt { at, reason }
        }
    }
}

fn pause(tries: u32) -> Duration {
    let doubled = 1_u64.checked_shl(tries.min(40)).unwrap_or(u64::MAX);
    Duration::from_secs(doubled.saturating_sub(1) / 2)
}

fn excerpt(body: &[u8]) -> String {
    String::from_utf8_lossy(body.get(..32).unwrap_or(body))
        .escape_debug()
        .to_string()
}

const TOTAL: Duration = Duration::from_hours(3);
const JITTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_millis(1_000_000);

    fn status(code: u16) -> Answer {
        Answer::Status {
            code,
            body: b"nothing for you here, and it is a long story".to_vec(),
        }
    }

    #[test]
    fn everything_but_200_is_asked_again() {
        for code in [201, 301, 400, 403, 404, 410, 429, 500, 503] {
            let step = Fetch::begin(START).answered(status(code), START, Duration::ZERO);
            let wanted = format!("HTTP {code}: nothing for you here, and it is ");
            assert_eq!(
                step,
                FetchStep::RetryAt {
                    at: START,
                    reason: wanted
                }
            );
        }
        let refused = Answer::Failed {
            reason: "connection refused".into(),
        };
        let step = Fetch::begin(START).answered(refused, START, Duration::ZERO);
        assert!(matches!(step, FetchStep::RetryAt { .. }));
    }

    #[test]
    fn a_body_is_taken_from_200_only() {
        let mut fetch = Fetch::begin(START);
        let body = b"version: v1alpha1".to_vec();
        let full = Answer::Status {
            code: 200,
            body: body.clone(),
        };
        assert_eq!(
            fetch.answered(full, START, Duration::ZERO),
            FetchStep::Load(body)
        );
        let step = fetch.answered(status(204), START, Duration::ZERO);
        assert_eq!(step, FetchStep::Load(Vec::new()));
    }

    #[test]
    fn pauses_grow() {
        let pauses: Vec<u64> = (1..8).map(|tries| pause(tries).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 3, 7, 15, 31, 63]);
    }

    #[test]
    fn gives_up_after_three_hours() {
        let mut fetch = Fetch::begin(START);
        let mut now = START;
        let mut asked = 0;
        loop {
            asked += 1;
            match fetch.answered(status(404), now, Duration::from_millis(500)) {
                FetchStep::RetryAt { at, .. } => now = at,
                FetchStep::GiveUp { .. } => break,
                FetchStep::Load(_) => panic!("404 is no config"),
            }
        }
        assert_eq!(asked, 14);
        assert!(now.since(START) < TOTAL);
    }

    proptest! {
        #[test]
        fn a_retry_is_never_before_now_and_jitter_adds_at_most_a_second(
            tries in 0_u32..100, jitter in 0_u64..5_000,
        ) {
            let mut fetch = Fetch { started: START, tries };
            let step = fetch.answered(status(500), START, Duration::from_millis(jitter));
            if let FetchStep::RetryAt { at, .. } = step {
                prop_assert!(at >= START);
                prop_assert!(at.since(START) <= pause(tries + 1) + Duration::from_secs(1));
            }
        }
    }
}
