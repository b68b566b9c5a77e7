//! What is simulated: the seed, the size, and the faults.

use std::time::Duration;

use crate::situation::Situation;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Everything that looks random comes from it.
    pub seed: u64,
    /// How many machines.
    pub machines: usize,
    /// For how long there are faults; none if zero.
    pub faults: Duration,
    /// Whether the whole trace is kept, and not only its last lines.
    pub whole_trace: bool,
    /// At which of its awaits Drover ends for the first time, if it is to be at one of them.
    pub dies_at: Option<u64>,
    /// How long the run goes on after all have come to rest.
    pub stays: Duration,
    /// What is arranged beside what chance brings.
    pub situation: Situation,
}
