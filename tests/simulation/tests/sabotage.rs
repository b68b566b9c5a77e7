//! Each sabotage of the shipping code is caught by a promise that it breaks, in a situation in which
//! nothing is broken without it.
//!
//! `SABOTAGE=CloneUnseen` runs that one only, and `SIMULATION_SEED=n` one seed.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use machine_core::sabotage::Sabotage;
use simulation::outcome::Broken;
use simulation::run::simulate;
use simulation::sabotage::{settings, shows_in, simulate_broken};
use simulation::situation::Situation;

/// In how many seeds a sabotage has to be caught: what depends on who of two asks first is caught in
/// every second.
const SEEDS: u64 = 6;
/// How many seeds of each situation have to be clean.
const CLEAN: u64 = 2;

fn chosen() -> Vec<Sabotage> {
    let name = std::env::var("SABOTAGE").ok();
    let is_chosen = |it: &Sabotage| name.as_ref().is_none_or(|name| *name == format!("{it:?}"));
    Sabotage::ALL.into_iter().filter(is_chosen).collect()
}

fn seeds(default: u64) -> std::ops::Range<u64> {
    let seed = std::env::var("SIMULATION_SEED").ok();
    match seed.and_then(|text| text.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..default,
    }
}

/// Does each piece of work, on as many threads as there are processors.
fn on_all_processors<T: Send, R: Send>(work: Vec<T>, each: impl Fn(T) -> R + Sync) -> Vec<R> {
    let (queue, done) = (Mutex::new(work), Mutex::new(Vec::new()));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let run = || {
        while let Some(piece) = next() {
            let result = each(piece);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(run);
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The first seed that shows it, and is clean without it.
fn first_that_shows(sabotage: Sabotage) -> Option<Box<Broken>> {
    let of_seed = |seed| settings(shows_in(sabotage), seed);
    let is_clean = |broken: &Broken| {
        // The first seeds are run by the other test.
        broken.seed < CLEAN || simulate(of_seed(broken.seed)).is_ok()
    };
    let broken = |seed| simulate_broken(sabotage, of_seed(seed)).err();
    seeds(SEEDS).find_map(|seed| broken(seed).filter(|broken| is_clean(broken)))
}

#[test]
fn every_sabotage_is_caught() {
    let began = Instant::now();
    let mut found = on_all_processors(chosen(), |sabotage| {
        let (began, situation) = (Instant::now(), shows_in(sabotage));
        let broken = first_that_shows(sabotage);
        let took = began.elapsed();
        match &broken {
            Some(broken) => println!(
                "{sabotage:?} in {situation:?}: seed {}, {:?} into the run ({took:.1?}): {}",
                broken.seed, broken.elapsed, broken.violation
            ),
            None => println!("{sabotage:?} in {situation:?} ({took:.1?}): MISSED"),
        }
        (sabotage, broken.is_some())
    });
    println!("{} sabotages in {:.1?}", found.len(), began.elapsed());
    found.retain(|(_, is_caught)| !is_caught);
    assert!(found.is_empty(), "nothing caught {found:?}");
}

#[test]
fn without_a_sabotage_no_situation_breaks_a_promise() {
    let situations: BTreeSet<Situation> = chosen().into_iter().map(shows_in).collect();
    let runs = situations
        .iter()
        .flat_map(|situation| seeds(CLEAN).map(|seed| (*situation, seed)));
    let done = on_all_processors(runs.collect(), |(situation, seed)| {
        let began = Instant::now();
        let done = simulate(settings(situation, seed));
        let took = began.elapsed();
        match done {
            Ok(summary) => {
                println!(
                    "{situation:?}, seed {seed}: {:?} in {took:.1?}, {} active, {} failed, {} \
                     attempts",
                    summary.elapsed, summary.active, summary.failed, summary.attempts
                );
                None
            }
            Err(broken) => {
                println!(
                    "{situation:?}, seed {seed}: {} ({took:.1?})",
                    broken.violation
                );
                Some(format!("{situation:?}: {broken}"))
            }
        }
    });
    let broken: Vec<String> = done.into_iter().flatten().collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
