//! The clock of a Drover's life: it goes with tokio's paused clock, which moves only when nothing is
//! ready. The system's clock beside it may be wrong by an offset.

use std::sync::Arc;
use std::time::Duration;

use fleet::clock::Clock;
use machine_core::time::Timestamp;
use tokio::time::Instant;

use crate::lab::Lab;

/// From how far on the system's clock has jumped.
const JUMP: Duration = Duration::from_secs(30);

/// The clock of one life of Drover.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    pub(crate) lab: Arc<Lab>,
    /// What it said when the life began.
    pub(crate) began: Timestamp,
    /// When that was.
    pub(crate) read: Instant,
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.began
            .plus(Instant::now().saturating_duration_since(self.read))
    }

    fn wall(&self) -> Timestamp {
        self.lab.with(|world| world.wall())
    }

    fn jumped(&self) -> Option<Duration> {
        let (steady, wall) = (self.now(), self.wall());
        let apart = wall.since(steady).max(steady.since(wall));
        (apart >= JUMP).then_some(apart)
    }
}
