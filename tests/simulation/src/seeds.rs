//! Many seeds, on all processors: each run has a thread of its own and shares nothing with another.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::run::{Broken, Summary, simulate};
use crate::scenario::Settings;

/// Which seeds are run.
#[derive(Debug, Clone)]
pub struct SeedRange(Range<u64>);

/// What became of a seed.
pub type Outcome = (u64, Result<Summary, Box<Broken>>);

impl SeedRange {
    /// This one.
    pub const fn only(seed: u64) -> Self {
        Self(seed..seed + 1)
    }

    /// `SIMULATION_SEED` alone, or `SIMULATION_SEEDS` of them, or so many.
    pub fn from_environment(default: u64) -> Self {
        let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
        match number("SIMULATION_SEED") {
            Some(seed) => Self::only(seed),
            None => Self(0..number("SIMULATION_SEEDS").unwrap_or(default)),
        }
    }
}

/// Simulates each seed; the outcomes are in the order of the seeds.
pub fn simulate_all(settings: Settings, seeds: SeedRange) -> Vec<Outcome> {
    let next = AtomicU64::new(seeds.0.start);
    let outcomes = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.0.end {
                        return;
                    }
                    let outcome = simulate(Settings { seed, ..settings });
                    let mut all = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
                    all.push((seed, outcome));
                }
            });
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(seed, _)| *seed);
    outcomes
}
