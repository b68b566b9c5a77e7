//! Installations that are interrupted, by the power of the machine or by Drover's own death, and
//! are finished all the same: once, and by nobody's hand.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that it is made of"
)]

use std::time::Duration;

use e2e::kill_point::KillPoint;
use e2e::scenario::{Planned, Scenario};
use machine_core::power::{BootDevice, PowerState};
use serde_json::Value;
use testbed::machine::Machine;
use testbed::requirement::built;
use testbed::transcript::Mark;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);
/// How often a chassis is looked at that is about to be switched on.
const LOOK: Duration = Duration::from_millis(2);

async fn one_machine(name: &str) -> Scenario {
    let machine = Planned::control_plane(Machine::bios(NAME));
    Scenario::up(name, vec![machine]).await.unwrap()
}

const NAME: &str = "cp-1";
/// What the node image says on its console when it begins to install.
const INSTALLS: &str = "installing to /dev/";

#[tokio::test(flavor = "multi_thread")]
async fn power_that_is_cut_in_the_middle_of_an_install() {
    let scenario = one_machine("power-cut").await;
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member(NAME).unwrap();
    let timeline = &member.timeline;
    let installing = timeline.wait_kind("installing", LONG).await.unwrap();
    member.machine.cut_power().unwrap();
    println!("cut after: {} ({})", installing.kind, installing.detail);
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let events = timeline.events();
    let installed = events.iter().filter(|event| event.kind == "installed");
    assert_eq!(installed.count(), 1, "the cut came too late: {events:?}");
    assert_eq!(ends(&scenario).await, ["interrupted", "installed"]);
    scenario.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn drover_is_killed_before_each_thing_it_does() {
    let points = [
        KillPoint::ConfigAsked,
        KillPoint::BeforeCommit,
        KillPoint::BeforeAcknowledgement,
    ];
    let scenario = one_machine("killed-before").await;
    // The override stands, and power is not on: Drover has said the one and not yet the other.
    let scenario = killed_at_power(scenario, |scenario| {
        let chassis = scenario.member(NAME).unwrap().machine.chassis();
        chassis.boot_override() == BootDevice::Network
    });
    let (scenario, power) = scenario.await;
    assert_eq!(power, PowerState::Off);
    killed_at_each(scenario, &points).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drover_is_killed_after_each_thing_it_does() {
    let points = [
        KillPoint::BeforeFirstByte,
        KillPoint::AfterFirstByte,
        KillPoint::AfterAcknowledgement,
    ];
    let scenario = one_machine("killed-after").await;
    let scenario = killed_at_power(scenario, |scenario| {
        scenario.member(NAME).unwrap().machine.power() == PowerState::On
    });
    let (scenario, power) = scenario.await;
    assert_eq!(power, PowerState::On);
    killed_at_each(scenario, &points).await;
}

/// Applies the cluster, and kills Drover when the machine's chassis is as wanted; the power of the
/// machine then, before Drover is started again.
async fn killed_at_power(
    mut scenario: Scenario,
    is_it: impl Fn(&Scenario) -> bool,
) -> (Scenario, PowerState) {
    scenario.apply_cluster().await.unwrap();
    let watching = async {
        while !is_it(&scenario) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LONG, watching).await.unwrap();
    scenario.kill().await.unwrap();
    let power = scenario.member(NAME).unwrap().machine.power();
    println!("killed with power {power}");
    scenario.start_again().await.unwrap();
    (scenario, power)
}

/// Kills Drover at each of these points of one installation, and starts it again each time. The
/// installation ends as if nothing had happened.
async fn killed_at_each(mut scenario: Scenario, points: &[KillPoint]) {
    for point in points {
        kill_at(&mut scenario, *point).await;
    }
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let ends = ends(&scenario).await;
    assert_eq!(ends.last().unwrap(), "installed");
    assert!(ends.len() <= 2, "{ends:?}");
    let events = scenario.member(NAME).unwrap().timeline.events();
    let count = |kind: &str| events.iter().filter(|it| it.kind == kind).count();
    // One permission to erase, and the machine came to its end once.
    assert_eq!(count("intent"), 1, "{events:?}");
    let entered = events.iter().filter(|event| event.enters("active"));
    assert_eq!(entered.count(), 1, "{events:?}");
    // What the machine itself says: each attempt installs at most once.
    let console = &scenario.member(NAME).unwrap().machine.console();
    let lines = console.lines_since(Mark::default());
    let installs = lines.iter().filter(|it| it.text.contains(INSTALLS)).count();
    assert!((1..=ends.len()).contains(&installs), "{installs} installs");
    println!("{} attempts, {installs} installs", ends.len());
    assert_eq!(count("alarm"), 0, "{events:?}");
    scenario.finish().await.unwrap();
}

async fn kill_at(scenario: &mut Scenario, point: KillPoint) {
    let pid = scenario.drover().daemon().program().pid().unwrap();
    let mut command = scenario
        .lab()
        .server()
        .command(built("kill-at", "e2e").unwrap());
    command.arg(point.as_str()).arg(pid.to_string());
    let log = format!("kill-{point}");
    let mut killer = scenario.lab().start(&log, command).unwrap();
    let watches = |line: &str| line == "watching";
    killer
        .wait_ready("word that it watches", LONG, watches)
        .await
        .unwrap();
    let ended = killer.wait(LONG).await.unwrap();
    assert!(
        ended.success(),
        "{point}: {}",
        killer.output().last_lines(3)
    );
    let seen = scenario.member(NAME).unwrap().timeline.events();
    let last = seen.last().map_or("nothing", |event| &event.kind);
    println!("killed at {point}; the timeline had come to {last}");
    scenario.revive(LONG).await.unwrap();
}

/// How the attempts ended, first to last.
async fn ends(scenario: &Scenario) -> Vec<String> {
    let shown = scenario.show(NAME).await.unwrap();
    let Some(Value::Array(attempts)) = shown.get("attempts") else {
        panic!("no attempts in {shown}");
    };
    let mut ends: Vec<(u64, String)> = attempts
        .iter()
        .map(|attempt| {
            let number = attempt.get("number").unwrap().as_u64().unwrap();
            let end = attempt.get("end").unwrap().as_str().unwrap();
            (number, end.to_owned())
        })
        .collect();
    ends.sort();
    ends.into_iter().map(|(_, end)| end).collect()
}
