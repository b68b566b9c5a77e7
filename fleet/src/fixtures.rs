//! What tests need in place of a daemon: the system's clock and its random bytes.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bmc_control::connect::Connector;
use bmc_control::limits::Limits;
use machine_core::time::Timestamp;

use crate::bmcs::Bmcs;
use crate::clock::{Clock, SharedClock};
use crate::random::{NoRandomness, Randomness};

/// The system's clock, as it is.
#[derive(Debug)]
struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_millis(since.as_millis().try_into().unwrap())
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn jumped(&self) -> Option<Duration> {
        None
    }
}

#[derive(Debug)]
struct SystemBytes;

impl Randomness for SystemBytes {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|error| NoRandomness {
            why: error.to_string(),
        })
    }
}

/// The clock of tests.
pub(crate) fn clock() -> SharedClock {
    Arc::new(WallClock)
}

/// What it says.
pub(crate) fn now() -> Timestamp {
    WallClock.now()
}

/// The random bytes of tests.
pub(crate) fn randomness() -> Arc<dyn Randomness> {
    Arc::new(SystemBytes)
}

/// BMCs on the wire.
pub(crate) fn bmcs() -> Arc<dyn Bmcs> {
    Arc::new(Connector::new(Limits::DEFAULT))
}
