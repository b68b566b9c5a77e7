//! Fleets of many seeds. `SIMULATION_SEEDS=n` runs more of them, `SIMULATION_SEED=n` only that one;
//! a seed that breaks a promise is run again for its trace, and printed.

#![expect(
    clippy::panic,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what it ran, and ends with the seed that failed"
)]

use std::time::{Duration, Instant};

use simulation::invariant::Violation;
use simulation::run::{Broken, Summary, simulate};
use simulation::scenario::{Sabotage, Settings};

const FAULTY: Settings = Settings {
    seed: 0,
    machines: 10,
    faults: Duration::from_hours(4),
    sabotage: None,
    trace: 0,
};

fn seeds(default: u64) -> std::ops::Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SIMULATION_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SIMULATION_SEEDS").unwrap_or(default),
    }
}

fn run(settings: Settings) -> Summary {
    simulate(settings).unwrap_or_else(|_| {
        let again = simulate(Settings {
            trace: 60,
            ..settings
        });
        panic!("{}", again.expect_err("the same seed is the same run"))
    })
}

fn report(name: &str, summaries: &[Summary], began: Instant) {
    let hours: u64 = summaries.iter().map(|it| it.elapsed.as_secs()).sum::<u64>() / 3600;
    let sum = |of: fn(&Summary) -> usize| summaries.iter().map(of).sum::<usize>();
    let events: u64 = summaries.iter().map(|it| it.events).sum();
    let attempts: u32 = summaries.iter().map(|it| it.attempts).sum();
    let refusals: u64 = summaries.iter().map(|it| it.refusals).sum();
    println!(
        "{name}: {} runs, {hours} virtual hours, {events} events in {:?}: {} active, {} failed, \
         {} other, {} clusters ready, {} with an unknown Bootstrap, {attempts} attempts, {refusals} configs refused",
        summaries.len(),
        began.elapsed(),
        sum(|it| it.active),
        sum(|it| it.failed),
        sum(|it| it.other),
        sum(|it| it.ready),
        sum(|it| it.unknown),
    );
}

#[test]
fn with_every_fault_no_promise_is_broken_and_all_come_to_rest() {
    let began = Instant::now();
    let summaries: Vec<Summary> = seeds(60)
        .map(|seed| run(Settings { seed, ..FAULTY }))
        .collect();
    report("faults", &summaries, began);
    let active: usize = summaries.iter().map(|it| it.active).sum();
    let failed: usize = summaries.iter().map(|it| it.failed).sum();
    assert!(
        active > 2 * failed,
        "{active} active, {failed} failed: too many were given up"
    );
}

#[test]
fn without_faults_every_machine_boots_the_network_once_and_is_active() {
    let began = Instant::now();
    let settings = Settings {
        faults: Duration::ZERO,
        ..FAULTY
    };
    let summaries: Vec<Summary> = seeds(40)
        .map(|seed| run(Settings { seed, ..settings }))
        .collect();
    report("no faults", &summaries, began);
    for (seed, summary) in seeds(40).zip(&summaries) {
        assert_eq!(
            (summary.active, summary.failed, summary.other),
            (10, 0, 0),
            "seed {seed}"
        );
        assert_eq!(
            (summary.attempts, summary.most_attempts),
            (10, 1),
            "seed {seed}"
        );
        assert_eq!(
            (summary.installers, summary.most_installers),
            (10, 1),
            "seed {seed}"
        );
    }
}

#[test]
fn two_thousand_machines_at_once() {
    let began = Instant::now();
    let settings = Settings {
        machines: 2000,
        faults: Duration::ZERO,
        ..FAULTY
    };
    let summary = run(settings);
    report("a big fleet", &[summary], began);
    assert_eq!((summary.active, summary.most_attempts), (2000, 1));
    assert_eq!(summary.installers, 2000);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let settings = Settings { seed: 7, ..FAULTY };
    assert_eq!(run(settings), run(settings));
}

/// The first violation that a broken rule leads to, within 60 seeds.
fn caught(sabotage: Sabotage) -> Violation {
    let broken: Box<Broken> = (0..60)
        .find_map(|seed| {
            simulate(Settings {
                seed,
                sabotage: Some(sabotage),
                ..FAULTY
            })
            .err()
        })
        .unwrap_or_else(|| panic!("nobody noticed {sabotage:?}"));
    broken.violation
}

#[test]
fn a_broken_rule_is_noticed() {
    assert!(matches!(
        caught(Sabotage::ReleaseToAnybody),
        Violation::WrongPeer { .. } | Violation::ReleaseWithoutIntent { .. }
    ));
    assert!(matches!(
        caught(Sabotage::IgnorePower),
        Violation::NoPowerProof { .. } | Violation::WrongPeer { .. }
    ));
    assert!(matches!(
        caught(Sabotage::IgnoreDoubt),
        Violation::Disputed { .. }
    ));
    let stale = caught(Sabotage::CommitStale);
    assert!(
        matches!(stale, Violation::ReleaseWithoutIntent { .. }),
        "{stale}"
    );
    assert!(matches!(
        caught(Sabotage::RepeatBootstrap),
        Violation::BootstrapTwice(2)
    ));
    assert!(matches!(
        caught(Sabotage::NoDeadline),
        Violation::Deadline { .. }
    ));
    assert!(matches!(
        caught(Sabotage::NeverStartAnew),
        Violation::NotMended { .. }
    ));
}
