//! How fast lines of one kind may come into the log.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::time::Timestamp;

/// How soon the next line may come. A rack that is switched on is told in a minute; a flood of made-up
/// cards does not fill the disk of the log.
const INTERVAL: Duration = Duration::from_secs(1);

/// Lines of one kind: one a second, and how many there were between.
#[derive(Debug, Default)]
pub(crate) struct LogPace(Mutex<Option<Line>>);

#[derive(Debug, Clone, Copy)]
struct Line {
    at: Timestamp,
    silent: u64,
}

impl LogPace {
    /// Whether a line may be written now, and then how many were held back since the last one.
    pub(crate) fn take(&self, now: Timestamp) -> Option<u64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *last {
            Some(line) if now.since(line.at) < INTERVAL => {
                line.silent += 1;
                None
            }
            line => {
                let silent = line.map_or(0, |it| it.silent);
                *line = Some(Line { at: now, silent: 0 });
                Some(silent)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_found_machines_is_a_line_a_second_and_the_others_are_counted() {
        let pace = LogPace::default();
        let at = Timestamp::from_millis;
        assert_eq!(pace.take(at(5_000)), Some(0));
        for between in [5_000, 5_500, 5_999] {
            assert_eq!(pace.take(at(between)), None);
        }
        assert_eq!(pace.take(at(6_000)), Some(3));
        assert_eq!(pace.take(at(9_000)), Some(0));
    }
}
