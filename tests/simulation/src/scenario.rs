//! What is simulated: the seed, the size, the faults, and a rule to break on purpose.

use std::time::Duration;

/// A rule that is broken on purpose, to see that the checks can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// A config goes to whoever holds the token.
    ReleaseToAnybody,
    /// The power of a machine is not asked for.
    IgnorePower,
    /// Of two that speak for a machine, either is believed.
    IgnoreDoubt,
    /// A release is committed although the machine has changed since it was judged.
    CommitStale,
    /// A Bootstrap call of unknown outcome is repeated.
    RepeatBootstrap,
    /// A machine that lost its way is left to itself.
    NeverStartAnew,
    /// Moving states get no deadline.
    NoDeadline,
}

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Everything that looks random comes from it.
    pub seed: u64,
    /// How many machines.
    pub machines: usize,
    /// For how long there are faults; none if zero.
    pub faults: Duration,
    /// A rule to break.
    pub sabotage: Option<Sabotage>,
    /// How many lines of the trace to keep.
    pub trace: usize,
}
