//! Many seeds, on all processors: each run has a thread of its own and shares nothing with another.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::outcome::{Broken, Summary};
use crate::run::simulate;
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
    let SeedRange(seeds) = seeds;
    let runs: Vec<Settings> = seeds.map(|seed| Settings { seed, ..settings }).collect();
    let outcomes = simulate_each(&runs).into_iter();
    outcomes.map(|(settings, it)| (settings.seed, it)).collect()
}

/// Simulates each of these; the outcomes are in their order.
pub fn simulate_each(runs: &[Settings]) -> Vec<(Settings, Result<Summary, Box<Broken>>)> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::new());
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(settings) = runs.get(index) else {
                return;
            };
            let outcome = simulate(*settings);
            let mut all = outcomes.lock().unwrap_or_else(PoisonError::into_inner);
            all.push((index, *settings, outcome));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut outcomes = outcomes
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    outcomes.sort_by_key(|(index, ..)| *index);
    let outcomes = outcomes.into_iter();
    outcomes.map(|(_, settings, it)| (settings, it)).collect()
}
