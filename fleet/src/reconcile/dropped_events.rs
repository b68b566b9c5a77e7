//! Events that were dropped, since the queue of the commit task was full or their transaction failed:
//! timelines lack them, and people are told how many.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::time::Timestamp;

/// How soon it is told again.
const TOLD_AGAIN: Duration = Duration::from_mins(1);

/// How many were told of, and when.
#[derive(Debug, Default)]
pub(super) struct DroppedEvents(Mutex<(u64, Option<Timestamp>)>);

impl DroppedEvents {
    /// How many were dropped since it was told last, if it is to be told now. `count` is how many
    /// were dropped in all.
    pub(super) fn news(&self, count: u64, now: Timestamp) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (before, at) = *told;
        let is_early = at.is_some_and(|at| now.since(at) < TOLD_AGAIN);
        let news = count.saturating_sub(before);
        if news == 0 || is_early {
            return None;
        }
        *told = (count, Some(now));
        Some(news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropped_events_are_told_once_a_minute_and_each_once() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let dropped = DroppedEvents::default();
        assert_eq!(dropped.news(0, at(0)), None);
        assert_eq!(dropped.news(7, at(1)), Some(7));
        assert_eq!(dropped.news(9, at(60)), None);
        assert_eq!(dropped.news(10, at(61)), Some(3));
        assert_eq!(dropped.news(10, at(500)), None);
    }
}
