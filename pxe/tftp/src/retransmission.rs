//! How long to wait for an acknowledgement before sending again.
//!
//! Measured round trips set the wait as in TCP (RFC 6298 §2), a wait in vain doubles it (§5.5), and
//! an answer to something that was sent twice measures nothing (Karn). Karn also keeps the doubled
//! wait until something can be measured, which in lock step on a lossy link costs seconds per block.
//! So here the measured wait is restored when the answer came one known round trip after the
//! repetition; at any other moment the first copy was merely late, the link has become slow, and
//! the doubled wait is there to measure it.
//!
//! A `timeout` that the client named (RFC 2349) is where the doubling ends. Sending again earlier,
//! as the measurements say, costs such a client nothing; to wait that long for each lost block costs
//! it minutes (curl asks for 6 s, U-Boot for 5 s).

use std::time::Duration;

/// The wait of one transfer.
#[derive(Debug, Clone)]
pub(crate) struct RetransmissionTimer {
    longest: Duration,
    smoothed: Option<Duration>,
    shortest: Option<Duration>,
    variation: Duration,
    wait: Duration,
}

impl RetransmissionTimer {
    /// A timer that has measured nothing yet; `wish` is the client's own timeout.
    pub(crate) fn new(wish: Option<Duration>) -> Self {
        Self {
            longest: wish.unwrap_or(MOST_WAIT),
            smoothed: None,
            shortest: None,
            variation: Duration::ZERO,
            wait: FIRST_WAIT,
        }
    }

    /// How long to wait now.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// Something that was sent once was answered after this time.
    pub(crate) fn measured(&mut self, round_trip: Duration) {
        if round_trip > MOST_ROUND_TRIP {
            return;
        }
        let smoothed = match self.smoothed {
            None => {
                self.variation = round_trip / 2;
                round_trip
            }
            Some(smoothed) => {
                let off = smoothed.abs_diff(round_trip);
                self.variation = (self.variation * 3 + off) / 4;
                (smoothed * 7 + round_trip) / 8
            }
        };
        self.smoothed = Some(smoothed);
        self.shortest = Some(
            self.shortest
                .map_or(round_trip, |least| least.min(round_trip)),
        );
        self.restore();
    }

    /// An answer came this long after something had been sent again.
    pub(crate) fn answered_after_repetition(&mut self, since: Duration) {
        let likely = self.smoothed.unwrap_or(UNMEASURED_ROUND_TRIP) / 2..=self.answer_due();
        if likely.contains(&since) {
            self.restore();
        }
    }

    /// The wait that the measurements say.
    fn restore(&mut self) {
        if let Some(smoothed) = self.smoothed {
            self.wait = (smoothed + self.variation * 4)
                .max(LEAST_WAIT)
                .min(self.longest);
        }
    }

    /// A wait was in vain.
    pub(crate) fn back_off(&mut self) {
        self.wait = (self.wait * 2).min(self.longest);
    }

    /// Whether something that was sent so long ago can have been answered by now.
    pub(crate) fn can_have_answered(&self, since: Duration) -> bool {
        self.shortest
            .is_some_and(|shortest| since * 4 >= shortest * 3)
    }

    /// When an answer is surely due: what comes earlier may have been caused by something older.
    pub(crate) fn answer_due(&self) -> Duration {
        let round_trip = self.smoothed.unwrap_or(UNMEASURED_ROUND_TRIP);
        (round_trip * 2).max(LEAST_ANSWER)
    }
}

/// Before the first measurement: long enough for firmware that is slow to start, short enough not
/// to be noticed.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// Firmware polls its network card, some only every few ten milliseconds.
const LEAST_WAIT: Duration = Duration::from_millis(200);

/// EDK2 gives up after 3 s and five retries: several of ours must fit in.
const MOST_WAIT: Duration = Duration::from_secs(4);

/// What takes longer may be the client's own repetition of an ACK that was lost (EDK2: after 3 s).
const MOST_ROUND_TRIP: Duration = Duration::from_secs(1);

const UNMEASURED_ROUND_TRIP: Duration = Duration::from_millis(50);

/// A duplicate made by the network follows its original within this time on any link of ours.
const LEAST_ANSWER: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn waits_follow_the_round_trips() {
        let mut timer = RetransmissionTimer::new(None);
        assert_eq!(timer.wait(), ms(500));
        timer.measured(ms(100));
        assert_eq!(timer.wait(), ms(300), "RFC 6298 §2.2: 100 + 4 × 50");
        timer.measured(ms(100));
        assert_eq!(
            timer.wait(),
            ms(250),
            "§2.3: the variation shrinks by a quarter"
        );
        timer.measured(ms(180));
        // 4 × (37.5 × 3/4 + 80/4) + 100 × 7/8 + 180/8
        assert_eq!(timer.wait(), Duration::from_micros(302_500));
    }

    #[test]
    fn waits_have_a_floor_and_a_cap() {
        let mut timer = RetransmissionTimer::new(None);
        timer.measured(Duration::from_micros(80));
        assert_eq!(timer.wait(), ms(200));
        let doubled: Vec<_> = (0..6)
            .map(|_| {
                timer.back_off();
                timer.wait()
            })
            .collect();
        assert_eq!(doubled, [400, 800, 1600, 3200, 4000, 4000].map(ms));
        timer.measured(Duration::from_micros(80));
        assert_eq!(timer.wait(), ms(200), "a measurement ends the back-off");
    }

    #[test]
    fn the_doubled_wait_ends_when_the_repetition_was_answered() {
        let mut timer = RetransmissionTimer::new(None);
        timer.measured(ms(20));
        for (since, wait) in [
            (0, 400),
            (9, 400),
            (10, 200),
            (20, 200),
            (40, 200),
            (41, 400),
        ] {
            let mut timer = timer.clone();
            timer.back_off();
            timer.answered_after_repetition(ms(since));
            assert_eq!(timer.wait(), ms(wait), "answered after {since} ms");
        }
    }

    #[test]
    fn a_link_that_became_slow_is_measured() {
        let mut timer = RetransmissionTimer::new(None);
        timer.measured(ms(1));
        // The answer takes 300 ms now: one repetition at 200 ms, an answer 100 ms after it.
        timer.back_off();
        timer.answered_after_repetition(ms(100));
        assert!(timer.wait() > ms(300), "the next answer comes in time");
        timer.measured(ms(300));
        assert!(timer.wait() > ms(300), "and the one after it");
    }

    #[test]
    fn an_answer_takes_three_quarters_of_the_shortest_round_trip() {
        let mut timer = RetransmissionTimer::new(None);
        assert!(
            !timer.can_have_answered(ms(900)),
            "nothing was measured yet"
        );
        for round_trip in [8, 4, 100] {
            timer.measured(ms(round_trip));
        }
        assert!(timer.can_have_answered(ms(3)));
        assert!(!timer.can_have_answered(ms(2)));
    }

    #[test]
    fn a_repetition_by_the_client_measures_nothing() {
        let mut timer = RetransmissionTimer::new(None);
        timer.measured(ms(1));
        timer.measured(ms(3001));
        assert_eq!(timer.wait(), ms(200));
    }

    #[test]
    fn the_clients_own_wish_ends_the_doubling() {
        for (wish, expected) in [(1, 1000), (5, 5000), (30, 6400)] {
            let mut timer = RetransmissionTimer::new(Some(ms(wish * 1000)));
            timer.measured(ms(1));
            assert_eq!(timer.wait(), ms(200), "losses are repaired as measured");
            (0..5).for_each(|_| timer.back_off());
            assert_eq!(timer.wait(), ms(expected), "timeout {wish}");
        }
    }
}
