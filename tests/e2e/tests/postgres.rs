//! An install with the records in PostgreSQL, which is away for a while in the middle of it.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that it is made of"
)]

use std::time::Duration;

use e2e::planned::Planned;
use e2e::scenario::Scenario;
use testbed::machine::Machine;
use testbed::transcript::Mark;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);
/// How long PostgreSQL is away: longer than any statement is waited for, and than the node image
/// takes to install and to start from its disk.
const AWAY: Duration = Duration::from_secs(20);
const NAME: &str = "cp-1";
/// What the node image says on its console at the end of an install.
const COMPLETE: &str = "installer: partition table and boot code written";

#[tokio::test(flavor = "multi_thread")]
async fn the_database_is_away_in_the_middle_of_an_install() {
    let machine = Planned::control_plane(Machine::bios(NAME));
    let up = Scenario::up_on_postgres("postgres", vec![machine]);
    let (scenario, mut postgres) = up.await.unwrap();
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member(NAME).unwrap();
    member.timeline.wait_kind("installing", LONG).await.unwrap();
    let daemon = scenario.drover().daemon().program();
    let before = daemon.output().mark();
    postgres.stop().await.unwrap();
    println!("PostgreSQL is stopped");
    says(&scenario, before, "the lock on the database was lost").await;
    tokio::time::sleep(AWAY).await;
    postgres.start_again(scenario.lab()).await.unwrap();
    println!("PostgreSQL is back");
    says(&scenario, before, "the database is ours alone again").await;

    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let shown = scenario.show(NAME).await.unwrap();
    let attempts = shown.pointer("/details/attempts").unwrap();
    let attempts = attempts.as_array().unwrap().iter();
    let ends: Vec<_> = attempts.map(|it| it.get("end").unwrap()).collect();
    assert_eq!(ends, ["installed"], "{shown}");
    let events = member.timeline.events();
    let count = |kind: &str| events.iter().filter(|it| it.kind == kind).count();
    assert_eq!(count("intent"), 1, "{events:?}");
    assert_eq!(count("alarm"), 0, "{events:?}");
    // What the installer said at its end fell into the gap: it does not say it twice.
    assert!(count("installed") <= 1, "{events:?}");
    let console = member.machine.console().lines_since(Mark::default());
    let whole = console.iter().filter(|line| line.text.contains(COMPLETE));
    assert_eq!(whole.count(), 1, "installations on the console");
    scenario.finish().await.unwrap();
}

/// Waits until the daemon says this.
async fn says(scenario: &Scenario, since: Mark, words: &str) {
    let daemon = scenario.drover().daemon().program();
    let said = daemon
        .output()
        .wait_since(since, words, LONG, |line| line.contains(words));
    println!("{}", said.await.unwrap().text);
}
