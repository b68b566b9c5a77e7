//! Drover ends at each of its awaits in turn, from the first power-on to the cluster that is ready:
//! before and after each commit, and before and after each word with a BMC or a node. Whatever was
//! begun is finished by the next life, once.
//!
//! `SIMULATION_DIES_AT=n` runs one of them.

use std::time::{Duration, Instant};

use simulation::outcome::Summary;
use simulation::run::simulate;
use simulation::scenario::Settings;
use simulation::seeds::simulate_each;
use simulation::situation::Situation;

/// Two control planes with BMCs: releases, power, attempts, Verify and Bootstrap.
const SMALL: Settings = Settings {
    seed: 1,
    machines: 2,
    faults: Duration::ZERO,
    whole_trace: false,
    dies_at: None,
    stays: Duration::ZERO,
    situation: Situation::Chance,
};

/// After how many awaits it is not known whether Bootstrap was called: from its record to the call.
/// A person is asked then, for a second call could make a second cluster.
const UNKNOWN: usize = 2;

fn is_whole(summary: &Summary) -> bool {
    let is_installed = (summary.active, summary.installs) == (SMALL.machines, 2);
    is_installed && summary.ready + summary.unknown == 1
}

#[test]
fn an_end_at_any_await_leaves_nothing_half_done() {
    let began = Instant::now();
    let whole = simulate(SMALL).unwrap_or_else(|broken| panic!("{broken}"));
    let only = std::env::var("SIMULATION_DIES_AT").ok();
    let only = only.and_then(|text| text.parse().ok());
    let awaits = only.map_or(1..=whole.awaits, |only| only..=only);
    let runs = awaits.map(|last| Settings {
        dies_at: Some(last),
        ..SMALL
    });
    let outcomes = simulate_each(&runs.collect::<Vec<_>>());
    let count = outcomes.len();
    let (mut failed, mut unknown) = (Vec::new(), 0);
    for (settings, outcome) in outcomes {
        let at = settings.dies_at.unwrap_or_default();
        let why = match outcome {
            Ok(summary) if is_whole(&summary) => {
                unknown += summary.unknown;
                continue;
            }
            Ok(summary) => format!("{summary:?}"),
            Err(broken) => broken.to_string(),
        };
        println!(
            "{why}\nto run it again: SIMULATION_DIES_AT={at} cargo test -p simulation kills\n"
        );
        failed.push(at);
    }
    println!(
        "kills: {count} awaits in {:?}, {unknown} with an unknown Bootstrap",
        began.elapsed()
    );
    assert!(unknown <= UNKNOWN, "{unknown}");
    assert!(
        count > 0 && failed.is_empty(),
        "ends that left something: {failed:?}"
    );
}
