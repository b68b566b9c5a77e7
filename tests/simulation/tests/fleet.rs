//! Fleets of many seeds. `SIMULATION_SEEDS=n` runs more of them, `SIMULATION_SEED=n` only that one;
//! a seed that breaks a promise is printed with the end of its trace, and how to run it again.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it ran, and ends with the seed that failed"
)]

use std::time::{Duration, Instant};

use simulation::run::{Summary, simulate};
use simulation::scenario::Settings;

const PEACE: Settings = Settings {
    seed: 0,
    machines: 5,
    faults: Duration::ZERO,
    whole_trace: false,
    situation: simulation::situation::Situation::Chance,
};

const FAULTY: Settings = Settings {
    machines: 6,
    faults: Duration::from_mins(40),
    ..PEACE
};

fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(default),
    }
}

fn run(settings: Settings) -> Summary {
    let seed = settings.seed;
    simulate(settings).unwrap_or_else(|broken| {
        panic!("{broken}\nto run it again: SIMULATION_SEED={seed} cargo test -p simulation")
    })
}

fn report(name: &str, summaries: &[Summary], began: Instant) {
    let hours: u64 = summaries.iter().map(|it| it.elapsed.as_secs()).sum::<u64>() / 3600;
    let sum = |of: fn(&Summary) -> usize| summaries.iter().map(of).sum::<usize>();
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
fn in_peace_every_machine_is_installed_once_and_the_cluster_is_ready() {
    let began = Instant::now();
    let summaries: Vec<Summary> = seeds(3)
        .map(|seed| run(Settings { seed, ..PEACE }))
        .collect();
    report("peace", &summaries, began);
    for (seed, summary) in seeds(3).zip(&summaries) {
        assert_eq!(
            (summary.active, summary.failed, summary.other),
            (5, 0, 0),
            "seed {seed}\n{}",
            summary.trace.join("\n")
        );
        assert_eq!((summary.attempts, summary.installs), (5, 5), "seed {seed}");
        assert_eq!(summary.ready, 1, "seed {seed}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    for settings in [PEACE, FAULTY] {
        let settings = Settings {
            seed: 7,
            whole_trace: true,
            ..settings
        };
        assert_eq!(run(settings), run(settings));
    }
}

#[test]
fn with_every_fault_no_promise_is_broken_and_all_come_to_rest() {
    let began = Instant::now();
    let summaries: Vec<Summary> = seeds(3)
        .map(|seed| run(Settings { seed, ..FAULTY }))
        .collect();
    report("faults", &summaries, began);
}
