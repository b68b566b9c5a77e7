//! How a run ends: with its numbers, or with a promise that was broken.

use std::time::Duration;

use thiserror::Error;

use crate::invariant::Violation;

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Machines that run from their disk.
    pub active: usize,
    /// Machines that were given up, with a reason.
    pub failed: usize,
    /// Machines in other states.
    pub other: usize,
    /// Attempts that were opened.
    pub attempts: usize,
    /// The most attempts of one machine.
    pub most_attempts: usize,
    /// Disks that were written.
    pub installs: u64,
    /// Configs that were refused.
    pub refusals: u64,
    /// Documents of clusters that people changed.
    pub revisions: u64,
    /// Clusters that are ready.
    pub ready: usize,
    /// Clusters whose Bootstrap call is recorded, and its outcome not known.
    pub unknown: usize,
    /// How often Drover was started.
    pub lives: u32,
    /// How many awaits there were at which Drover could have ended.
    pub awaits: u64,
    /// The last number of an event on record.
    pub on_record: i64,
    /// Events that were simulated.
    pub events: u64,
    /// How much time went by in the run.
    pub elapsed: Duration,
    /// The whole trace, if it was wanted; else its end.
    pub trace: Vec<String>,
}

/// A promise was broken.
#[derive(Debug, Clone, Error)]
#[error("seed {seed}, {elapsed:?} into the run: {violation}\n{}", trace.join("\n"))]
pub struct Broken {
    /// The seed that shows it.
    pub seed: u64,
    /// How far into the run.
    pub elapsed: Duration,
    /// What was broken.
    pub violation: Violation,
    /// What went before.
    pub trace: Vec<String>,
}
