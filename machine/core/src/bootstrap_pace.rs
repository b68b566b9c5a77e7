//! How often a Bootstrap is called that a node answers with "not now", and what of it is news.
//!
//! A node refuses while its clock is not set or its container runtime does not run, which takes
//! from seconds to for ever (a site without a time server). Each refusal doubles the pause; what is
//! said again is told once.

use std::time::Duration;

use crate::bootstrap::ClusterStep;
use crate::time::Timestamp;

/// The refusals of one cluster's Bootstrap in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BootstrapPace {
    refusals: u32,
    last: Option<Timestamp>,
    words: String,
}

impl BootstrapPace {
    /// Whether nothing was refused yet.
    pub const fn is_first(&self) -> bool {
        self.refusals == 0
    }

    /// Takes note of a refusal in these words; whether they are news.
    pub fn refuse(&mut self, words: &str, now: Timestamp) -> bool {
        let is_news = self.is_first() || self.words != words;
        self.refusals = self.refusals.saturating_add(1);
        self.last = Some(now);
        words.clone_into(&mut self.words);
        is_news
    }

    /// A step, put off while the pause after a refusal lasts.
    pub fn paced(&self, step: ClusterStep, now: Timestamp) -> ClusterStep {
        let (ClusterStep::Bootstrap(_), Some(last)) = (&step, self.last) else {
            return step;
        };
        let due = last.plus(self.pause());
        // A clock that was set back must not put the call off for as long again.
        if now >= due || now < last {
            return step;
        }
        ClusterStep::Wait(format!(
            "Bootstrap was answered with \"not now\" {} times, last: {}; it is called again at {due}",
            self.refusals, self.words
        ))
    }

    /// The pause after the refusals so far.
    pub fn pause(&self) -> Duration {
        let doublings = self.refusals.saturating_sub(1).min(16);
        SHORTEST.saturating_mul(1 << doublings).min(LONGEST)
    }
}

/// The pause after the first refusal: a container runtime starts within some seconds.
const SHORTEST: Duration = Duration::from_secs(5);
/// The longest pause: whoever sets up a time server does not wait much longer for his cluster.
const LONGEST: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MachineId;

    #[test]
    fn a_day_without_a_time_server_is_no_flood() {
        let (mut pace, mut now) = (BootstrapPace::default(), Timestamp::from_millis(0));
        let call = ClusterStep::Bootstrap(MachineId::from_bytes([1; 16]));
        let (mut calls, mut news) = (0, 0);
        for _ in 0..24 * 60 * 30 {
            if pace.paced(call.clone(), now) == call {
                calls += 1;
                news += u32::from(pace.refuse("time is not in sync", now));
            }
            now = now.plus(Duration::from_secs(2));
        }
        assert_eq!(news, 1);
        assert!(calls < 24 * 12 + 10, "{calls}");
    }

    #[test]
    fn the_pause_grows_other_words_are_news_and_other_steps_pass() {
        let (mut pace, now) = (BootstrapPace::default(), Timestamp::from_millis(1_000_000));
        let call = ClusterStep::Bootstrap(MachineId::from_bytes([1; 16]));
        assert!(pace.is_first());
        assert_eq!(pace.paced(call.clone(), now), call);
        let pauses = [5, 10, 20, 40, 80, 160, 300, 300].map(Duration::from_secs);
        for (number, pause) in pauses.into_iter().enumerate() {
            assert_eq!(pace.refuse("no time", now), number == 0);
            assert_eq!(pace.pause(), pause);
        }
        assert!(pace.refuse("no runtime", now), "other words are news");
        let put_off = pace.paced(call.clone(), now.plus(Duration::from_secs(299)));
        assert!(
            matches!(&put_off, ClusterStep::Wait(why) if why.contains("no runtime")),
            "{put_off:?}"
        );
        assert_eq!(
            pace.paced(call.clone(), now.plus(Duration::from_mins(5))),
            call
        );
        assert_eq!(pace.paced(call.clone(), Timestamp::from_millis(0)), call);
        assert_eq!(pace.paced(ClusterStep::Ready, now), ClusterStep::Ready);
    }
}
