//! A large fleet at rest: what it leaves in the records and in memory does not grow with time.
//!
//! `SIMULATION_MACHINES` (200) and `SIMULATION_HOURS` (6) say how large and how long: a minute of one
//! processor. A day of 1,000 machines takes many times that.

#![expect(
    clippy::panic,
    clippy::print_stdout,
    reason = "a test says what it ran, and ends with what failed"
)]

use std::time::{Duration, Instant};

use simulation::outcome::Summary;
use simulation::run::simulate;
use simulation::scenario::Settings;
use simulation::situation::Situation;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn run(machines: usize, stays: Duration) -> Summary {
    let began = Instant::now();
    let settings = Settings {
        seed: number("SIMULATION_SEED", 1),
        machines,
        faults: Duration::ZERO,
        whole_trace: false,
        dies_at: None,
        stays,
        situation: Situation::Chance,
    };
    let summary = simulate(settings).unwrap_or_else(|broken| panic!("{broken}"));
    println!(
        "{machines} machines, {:?} of which {stays:?} at rest: {} events on record, {} MB, {:?}",
        summary.elapsed,
        summary.on_record,
        megabytes(),
        began.elapsed()
    );
    summary
}

/// What this process holds of the machine's memory.
fn megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|it| it.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

#[test]
fn a_fleet_at_rest_leaves_nothing_more_however_long_it_rests() {
    let machines = usize::try_from(number("SIMULATION_MACHINES", 200)).unwrap_or(200);
    let hours = number("SIMULATION_HOURS", 6);
    let short = run(machines, Duration::from_mins(10));
    let before = megabytes();
    let long = run(machines, Duration::from_hours(hours));
    assert_eq!(long.active, machines);
    assert!(
        long.on_record <= short.on_record + i64::try_from(machines).unwrap_or(i64::MAX),
        "{} events after {hours} h, {} after ten minutes",
        long.on_record,
        short.on_record
    );
    assert!(
        megabytes() < before * 2 + 100,
        "memory grew from {before} MB"
    );
}
