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

use std::path::Path;
use std::time::Duration;

use e2e::installed_disk::{Digests, digests, is_blank};
use e2e::kill_point::KillPoint;
use e2e::planned::Planned;
use e2e::scenario::Scenario;
use machine_core::power::{BootDevice, PowerState};
use serde_json::Value;
use testbed::machine::Machine;
use testbed::program::Program;
use testbed::rack::RackedMachine;
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
/// What the node image says on its console when an install begins.
const BEGINS: &str = "installing to /dev/";
/// What it says in the middle of an install: before the system's own
/// partition, and long before the table that makes the disk bootable.
const IN_THE_MIDDLE: &str = "installer: ESP written";
/// What it says at the end of a whole one.
const COMPLETE: &str = "installer: partition table and boot code written";

#[tokio::test(flavor = "multi_thread")]
async fn power_that_is_cut_in_the_middle_of_an_install() {
    let scenario = one_machine("power-cut").await;
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member(NAME).unwrap();
    let timeline = &member.timeline;
    timeline.wait_kind("installing", LONG).await.unwrap();
    let console = member.machine.console();
    let written = console.wait_for(IN_THE_MIDDLE, LONG).await.unwrap();
    member.machine.cut_power().unwrap();
    println!("cut after: {}", written.text);
    let (cut, is_untouched) = (disk(&scenario), is_blank(disk_file(&scenario)).unwrap());
    assert!(!is_untouched, "the cut came before anything was written");
    assert_eq!(said(&scenario, COMPLETE), 0, "the cut came too late");
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    assert_ne!(disk(&scenario), cut, "nothing was left to write");
    assert_eq!(ends(&scenario).await, ["interrupted", "installed"]);
    assert_installed_once(&scenario);
    scenario.finish().await.unwrap();
}

fn disk_file(scenario: &Scenario) -> &Path {
    let machine = &scenario.member(NAME).unwrap().machine;
    let serial = &machine.disks().first().unwrap().serial;
    machine.disk_file(serial).unwrap()
}

fn disk(scenario: &Scenario) -> Digests {
    digests(disk_file(scenario)).unwrap()
}

/// How often the machine said this on its console.
fn said(scenario: &Scenario, text: &str) -> usize {
    let console = scenario.member(NAME).unwrap().machine.console();
    let lines = console.lines_since(Mark::default());
    lines.iter().filter(|line| line.text.contains(text)).count()
}

/// One installation came to its end: the machine says so on its console, and Drover on its timeline.
fn assert_installed_once(scenario: &Scenario) {
    assert_eq!(said(scenario, COMPLETE), 1, "installations on the console");
    let events = scenario.member(NAME).unwrap().timeline.events();
    let told = events.iter().filter(|event| event.kind == "installed");
    assert_eq!(told.count(), 1, "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn drover_is_killed_before_each_thing_it_does() {
    let mut scenario = one_machine("killed-before").await;
    // The override stands, and power is not on: Drover has said the one and not yet the other.
    let power = killed_at_power(&mut scenario, |machine| {
        machine.chassis().boot_override() == BootDevice::Network
    });
    assert_eq!(power.await, PowerState::Off);
    let points = [
        KillPoint::ConfigAsked,
        KillPoint::BeforeCommit,
        KillPoint::BeforeAcknowledgement,
    ];
    killed_at_each(&mut scenario, &points).await;
    finishes_once(scenario).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drover_is_killed_after_each_thing_it_does() {
    let mut scenario = one_machine("killed-after").await;
    let power = killed_at_power(&mut scenario, |machine| machine.power() == PowerState::On);
    assert_eq!(power.await, PowerState::On);
    let points = [
        KillPoint::BeforeFirstByte,
        KillPoint::AfterFirstByte,
        KillPoint::AfterAcknowledgement,
    ];
    killed_at_each(&mut scenario, &points).await;
    finishes_once(scenario).await;
}

/// Applies the cluster, and kills Drover when the machine's chassis is as wanted; the power of the
/// machine then.
async fn killed_at_power(
    scenario: &mut Scenario,
    is_it: impl Fn(&RackedMachine) -> bool,
) -> PowerState {
    scenario.apply_cluster().await.unwrap();
    let watching = async {
        while !is_it(&scenario.member(NAME).unwrap().machine) {
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::time::timeout(LONG, watching).await.unwrap();
    scenario.kill().await.unwrap();
    let power = scenario.member(NAME).unwrap().machine.power();
    println!("killed with power {power}");
    power
}

/// Starts Drover again, which was killed, and kills it at each of these points of one installation;
/// at the end it runs. While it starts, no time passes for the machine.
async fn killed_at_each(scenario: &mut Scenario, points: &[KillPoint]) {
    let mut came_to = None;
    for point in points.iter().copied().map(Some).chain([None]) {
        hold(scenario, true);
        scenario.start_again().await.unwrap();
        if let Some(point) = came_to {
            assert_came_to(scenario, point).await;
        }
        let mut killer = match point {
            Some(point) => Some(start_killer(scenario, point).await),
            None => None,
        };
        hold(scenario, false);
        if let Some(killer) = &mut killer {
            let ended = killer.wait(LONG).await.unwrap();
            assert!(ended.success(), "{}", killer.output().last_lines(3));
            scenario.wait_end(LONG).await.unwrap();
        }
        came_to = point;
    }
}

fn hold(scenario: &Scenario, is_held: bool) {
    let chassis = scenario.member(NAME).unwrap().machine.chassis();
    let done = if is_held {
        chassis.hold()
    } else {
        chassis.let_go_on()
    };
    done.unwrap();
}

async fn start_killer(scenario: &Scenario, point: KillPoint) -> Program {
    let pid = scenario.drover().daemon().program().pid().unwrap();
    let program = built("kill-at", "e2e").unwrap();
    let mut command = scenario.lab().server().command(program);
    command.arg(point.as_str()).arg(pid.to_string());
    let log = format!("kill-{point}");
    let mut killer = scenario.lab().start(&log, command).unwrap();
    let watches = |line: &str| line == "watching";
    let ready = killer.wait_ready("word that it watches", LONG, watches);
    ready.await.unwrap();
    killer
}

/// What Drover knows after it was killed at this point is what it had committed before.
async fn assert_came_to(scenario: &Scenario, killed: KillPoint) {
    let (kind, is_kept) = match killed {
        KillPoint::ConfigAsked | KillPoint::BeforeCommit => (" config ", false),
        KillPoint::BeforeFirstByte | KillPoint::AfterFirstByte => (" config ", true),
        KillPoint::BeforeAcknowledgement | KillPoint::AfterAcknowledgement => {
            (" installing ", true)
        }
    };
    let words = ["machine", "timeline", NAME];
    let timeline = scenario.drover().client().run(&words).await.unwrap();
    println!(
        "killed at {killed}: {kind}kept: {}",
        timeline.contains(kind)
    );
    assert_eq!(timeline.contains(kind), is_kept, "{killed}:\n{timeline}");
}

/// The machine becomes active and its cluster ready; there was one permission to erase, and one
/// installation that came to its end.
async fn finishes_once(scenario: Scenario) {
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let ends = ends(&scenario).await;
    let installed = ends.iter().filter(|end| *end == "installed");
    assert_eq!(installed.count(), 1, "{ends:?}");
    assert_eq!(ends.last().unwrap(), "installed");
    assert!(ends.len() <= 2, "{ends:?}");
    assert_installed_once(&scenario);
    let events = scenario.member(NAME).unwrap().timeline.events();
    let count = |kind: &str| events.iter().filter(|it| it.kind == kind).count();
    assert_eq!(count("intent"), 1, "{events:?}");
    assert_eq!(count("alarm"), 0, "{events:?}");
    // The event that was kept and not acknowledged came again.
    let begun = said(&scenario, BEGINS);
    assert_eq!(count("installing"), begun, "{events:?}");
    let entered = events.iter().filter(|event| event.enters("active"));
    assert_eq!(entered.count(), 1, "{events:?}");
    println!("{} attempts, one of them installed", ends.len());
    scenario.finish().await.unwrap();
}

/// How the attempts ended, first to last.
async fn ends(scenario: &Scenario) -> Vec<String> {
    let shown = scenario.show(NAME).await.unwrap();
    let Some(Value::Array(attempts)) = shown.pointer("/details/attempts") else {
        panic!("no attempts in {shown}");
    };
    let mut ends: Vec<(u64, String)> = attempts
        .iter()
        .map(|attempt| {
            let number = attempt.get("number").unwrap().as_u64().unwrap();
            let end = attempt.get("end").unwrap().as_str().unwrap_or_default();
            (number, end.to_owned())
        })
        .collect();
    ends.sort();
    ends.into_iter().map(|(_, end)| end).collect()
}
