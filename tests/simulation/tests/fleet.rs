//! Fleets of many seeds, on all processors. `SIMULATION_SEEDS=n` runs so many of them,
//! `SIMULATION_SEED=n` only that one; a seed that breaks a promise is printed with its trace (where
//! many run, with the end of it), and how to run it again.

#![expect(
    clippy::print_stdout,
    reason = "a test says what it ran, and ends with the seed that failed"
)]

use std::time::{Duration, Instant};

use simulation::outcome::Summary;
use simulation::scenario::Settings;
use simulation::seeds::{SeedRange, simulate_all};

const PEACE: Settings = Settings {
    seed: 0,
    machines: 20,
    faults: Duration::ZERO,
    whole_trace: false,
    dies_at: None,
    stays: Duration::ZERO,
    situation: simulation::situation::Situation::Chance,
};

const FAULTY: Settings = Settings {
    faults: Duration::from_mins(40),
    ..PEACE
};

/// Runs each seed; what is broken ends the test, after all seeds ran.
fn run(name: &str, settings: Settings, default: u64) -> Vec<(u64, Summary)> {
    let began = Instant::now();
    // Who asks for one seed wants to see all of it.
    let settings = Settings {
        whole_trace: std::env::var_os("SIMULATION_SEED").is_some(),
        ..settings
    };
    let outcomes = simulate_all(settings, SeedRange::from_environment(default));
    let mut summaries = Vec::new();
    let mut failed = Vec::new();
    for (seed, outcome) in outcomes {
        match outcome {
            Ok(summary) => summaries.push((seed, summary)),
            Err(broken) => {
                println!(
                    "{broken}\nto run it again: SIMULATION_SEED={seed} cargo test -p simulation\n"
                );
                failed.push(seed);
            }
        }
    }
    report(name, &summaries, began);
    assert!(
        failed.is_empty(),
        "{name}: these seeds broke a promise: {failed:?}"
    );
    summaries
}

fn report(name: &str, summaries: &[(u64, Summary)], began: Instant) {
    let summaries: Vec<&Summary> = summaries.iter().map(|(_, summary)| summary).collect();
    let hours: u64 = summaries.iter().map(|it| it.elapsed.as_secs()).sum::<u64>() / 3600;
    let sum = |of: fn(&Summary) -> usize| summaries.iter().map(|it| of(it)).sum::<usize>();
    let events: u64 = summaries.iter().map(|it| it.events).sum();
    let lives: u32 = summaries.iter().map(|it| it.lives).sum();
    println!(
        "{name}: {} runs, {hours} virtual hours, {events} events, {lives} lives of Drover in {:?}: \
         {} active, {} failed, {} other, {} clusters ready, {} with an unknown Bootstrap, {} \
         attempts",
        summaries.len(),
        began.elapsed(),
        sum(|it| it.active),
        sum(|it| it.failed),
        sum(|it| it.other),
        sum(|it| it.ready),
        sum(|it| it.unknown),
        sum(|it| it.attempts),
    );
}

#[test]
fn in_peace_every_machine_is_installed_once_and_the_clusters_are_ready() {
    for (seed, summary) in run("peace", PEACE, 30) {
        assert_eq!(
            (summary.active, summary.failed, summary.other),
            (20, 0, 0),
            "seed {seed}\n{}",
            summary.trace.join("\n")
        );
        let told = (summary.attempts, summary.installs, summary.ready);
        let trace = summary.trace.join("\n");
        assert_eq!(told, (20, 20, 2), "seed {seed}\n{trace}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for settings in [PEACE, FAULTY] {
        let settings = Settings {
            seed: 7,
            machines: 6,
            whole_trace: true,
            ..settings
        };
        let runs: Vec<_> = (0..2)
            .map(|_| simulate_all(settings, SeedRange::only(7)))
            .map(|mut outcomes| {
                outcomes
                    .remove(0)
                    .1
                    .unwrap_or_else(|broken| panic!("{broken}"))
            })
            .collect();
        assert_eq!(runs[0], runs[1]);
    }
}

#[test]
fn with_every_fault_no_promise_is_broken_and_all_come_to_rest() {
    let runs = run("faults", FAULTY, 170);
    let revisions: u64 = runs.iter().map(|(_, it)| it.revisions).sum();
    let has_many = runs.len() >= 30;
    assert!(
        !has_many || revisions > 0,
        "nobody changed a cluster's document"
    );
}
