//! The clock of a Drover's life: the steady clock that ships, over the clocks of the lab.
//!
//! Its monotonic clock goes with tokio's paused clock, which moves only when nothing is ready. The
//! system's clock beside it may be wrong by an offset, and jumps.

use std::sync::Arc;
use std::time::Duration;

use fleet::clock::Clock;
use fleet::steady_clock::{Reading, SteadyClock};
use machine_core::time::Timestamp;

use crate::lab::{Lab, START, World};

/// The clock of one life of Drover.
#[derive(Debug)]
pub(crate) struct VirtualClock(pub(crate) Arc<Lab>);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.with(World::drover_now)
    }

    fn wall(&self) -> Timestamp {
        self.0.with(|world| world.wall())
    }

    fn jumped(&self) -> Option<Duration> {
        self.0.with(|world| {
            let reading = world.read_clocks();
            world.steady.jumped(reading)
        })
    }
}

impl World {
    /// What the clocks of the machine say that Drover runs on.
    fn read_clocks(&self) -> Reading {
        Reading {
            monotonic: self.now.since(START),
            wall: self.wall(),
        }
    }

    /// What Drover's clock says: the times in its records are by this one.
    pub(crate) fn drover_now(&mut self) -> Timestamp {
        let reading = self.read_clocks();
        self.steady.advance(reading)
    }

    /// A life begins: by the system's clock, and no earlier than the last moment on record.
    pub(crate) fn begin_clock(&mut self, last: Option<Timestamp>) {
        let reading = self.read_clocks();
        self.steady = SteadyClock::beginning(reading);
        if let Some(last) = last {
            self.steady.catch_up(last, reading);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Settings;
    use crate::situation::Situation;

    const HOUR: i64 = 3_600_000;

    fn lab() -> Lab {
        Lab::new(Settings {
            seed: 1,
            machines: 1,
            faults: Duration::ZERO,
            whole_trace: false,
            dies_at: None,
            stays: Duration::ZERO,
            situation: Situation::Chance,
        })
    }

    /// How long ten minutes last by Drover's clock when the system's clock jumps before them.
    fn ten_minutes_after(jump: i64) -> Duration {
        lab().with(|world| {
            world.begin_clock(None);
            let began = world.drover_now();
            world.clock_error += jump;
            assert_eq!(world.drover_now(), began, "it jumps");
            for _ in 0..600 {
                world.now = world.now.plus(Duration::from_secs(1));
                world.drover_now();
            }
            world.drover_now().since(began)
        })
    }

    #[test]
    fn a_jump_of_the_systems_clock_goes_through_the_steady_clock() {
        assert_eq!(ten_minutes_after(0), Duration::from_mins(10));
        assert_eq!(ten_minutes_after(HOUR), Duration::from_mins(11));
        assert_eq!(ten_minutes_after(-HOUR), Duration::from_mins(9));
    }

    #[test]
    fn a_life_goes_on_from_the_last_moment_on_record() {
        lab().with(|world| {
            let last = START.plus(Duration::from_mins(5));
            world.begin_clock(Some(last));
            assert_eq!(world.drover_now(), last);
        });
    }
}
