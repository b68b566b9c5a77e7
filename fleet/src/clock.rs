//! The clock, as a port: what decides takes `now` from here, and a simulation has one of its own.
//!
//! How long somebody waits is tokio's affair, which has a virtual clock for simulations, too.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use machine_core::time::Timestamp;

/// A clock.
pub trait Clock: fmt::Debug + Send + Sync {
    /// Now, for those who decide: it never jumps, and never runs back.
    fn now(&self) -> Timestamp;

    /// What the system's clock says, right or wrong: others check certificates by theirs.
    fn wall(&self) -> Timestamp;

    /// How far the system's clock is from [`now`](Self::now), if it has jumped.
    fn jumped(&self) -> Option<Duration>;
}

/// A clock that many parts read.
pub type SharedClock = Arc<dyn Clock>;
