//! From power-on to a cluster with no hand on it; then what must not change any more: a power cycle
//! boots the disk, and a machine that claims to be another gets nothing.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that it is made of"
)]

use std::time::{Duration, SystemTime};

use e2e::event::Event;
use e2e::installed_disk::{Digests, digests, is_blank};
use e2e::planned::Planned;
use e2e::scenario::Scenario;
use e2e::segment::frames_with;
use e2e::stages;
use serde_json::Value;
use testbed::machine::Machine;
use testbed::rack::RackedMachine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);

/// The kinds of events that only a machine has that is to be installed.
const INSTALLS: [&str; 6] = [
    "attempt",
    "intent",
    "install",
    "kernel",
    "config",
    "installing",
];

#[tokio::test(flavor = "multi_thread")]
async fn uefi_and_bios_become_a_cluster_and_stay_it() {
    let machines = vec![
        Planned::control_plane(Machine::uefi("cp-1")),
        // Its firmware asks the network at every start: Drover must send it to its disk.
        Planned::worker(Machine::bios("worker-1").network_first()).with_board(),
    ];
    let scenario = Scenario::up("zero-touch", machines).await.unwrap();
    become_a_cluster(&scenario).await;
    for name in ["cp-1", "worker-1"] {
        power_cycle(&scenario, name).await;
    }
    scenario.wait_ready(LONG).await.unwrap();
    refuse_a_clone(&scenario).await;
    scenario.finish().await.unwrap();
}

async fn become_a_cluster(scenario: &Scenario) {
    let began = SystemTime::now();
    scenario.apply_cluster().await.unwrap();
    let mut reached = Vec::new();
    for member in scenario.members() {
        let name = member.machine.name();
        scenario.wait_active(name, LONG).await.unwrap();
        let events = member.timeline.events();
        reached.push((name, stages::reached(&events, began)));
        assert_installed_at_once(&scenario.show(name).await.unwrap());
        assert!(!is_blank(disk(&member.machine)).unwrap(), "{name}");
    }
    scenario.wait_ready(LONG).await.unwrap();
    println!("{}", stages::table(&reached).join("\n"));
    println!("cluster ready after {:?}", began.elapsed().unwrap());
}

/// One attempt, one release, and it is what runs.
fn assert_installed_at_once(shown: &Value) {
    let attempts = shown
        .pointer("/details/attempts")
        .unwrap()
        .as_array()
        .unwrap();
    let ends: Vec<&Value> = attempts.iter().map(|it| it.get("end").unwrap()).collect();
    assert_eq!(ends, ["installed"], "{shown}");
}

/// Off and on again: it boots its disk, on which nothing is written, and is ready as before.
async fn power_cycle(scenario: &Scenario, name: &str) {
    let member = scenario.member(name).unwrap();
    let before = written(&member.machine);
    let after = last_sequence(scenario, name);
    let cycle = ["machine", "power", "cycle", name, "--force"];
    let words = [&cycle[..], &["--confirm", name, "--reason", "a test"]].concat();
    scenario.drover().client().run(&words).await.unwrap();
    let timeline = &member.timeline;
    let disk = timeline.wait_after(after, "disk", LONG, |event| event.kind == "disk");
    let disk = disk.await.unwrap();
    let is_ready = |event: &Event| {
        event.kind == "status" && event.boot == disk.boot && event.detail == "running, ready"
    };
    let ready = timeline.wait_after(disk.sequence, "ready system", LONG, is_ready);
    ready.await.unwrap();
    for event in timeline.events() {
        let is_new = event.sequence > after;
        assert!(!is_new || !INSTALLS.contains(&&*event.kind), "{event:?}");
        assert!(!is_new || event.kind != "state", "{event:?}");
    }
    assert_eq!(
        written(&member.machine),
        before,
        "{name}: its disk was written"
    );
}

/// A second machine with the worker's UUID, and everything else its own. It gets no record: it stands
/// on the worker's timeline.
async fn refuse_a_clone(scenario: &Scenario) {
    let worker = scenario.member("worker-1").unwrap();
    let after = last_sequence(scenario, "worker-1");
    let clone = Machine::bios("clone")
        .uuid(worker.machine.uuid())
        .disk("CLONE-DISK".parse().unwrap(), 1)
        .network_first();
    let clone = scenario.lab().rack(clone).unwrap();
    clone.power_on().unwrap();

    let is_alarm = |event: &Event| event.kind == "alarm";
    let alarm = worker.timeline.wait_after(after, "alarm", LONG, is_alarm);
    let told = alarm.await.unwrap().detail;
    let (known, claimed) = (worker.machine.serial(), clone.serial());
    for named in ["worker-1", "serial", known.as_str(), claimed.as_str()] {
        assert!(told.contains(named), "{named} is not in {told}");
    }
    // iPXE has left the network, and the firmware finds nothing on the empty disk.
    clone
        .console()
        .wait_for("No bootable device", LONG)
        .await
        .unwrap();
    clone.cut_power().unwrap();
    assert!(is_blank(disk(&clone)).unwrap());
    println!("{told}");
    assert_eq!(configs_asked_for(scenario, &clone), 0);
    // The capture would show it: the worker has asked for its config.
    assert_ne!(configs_asked_for(scenario, &worker.machine), 0);

    let events = worker.timeline.events();
    let since: Vec<_> = events.iter().filter(|it| it.sequence > after).collect();
    let says = |event: &&&Event| event.kind == "status" || event.kind == "alarm";
    assert_eq!(since.iter().filter(says).count(), since.len(), "{since:?}");
    let list = ["machine", "list"];
    let list = scenario.drover().client().json(&list).await.unwrap();
    let machines = list.as_array().unwrap();
    assert_eq!(
        machines.len(),
        2,
        "the clone has a record of its own: {list}"
    );
    for machine in machines {
        assert_eq!(machine.get("state").unwrap(), "active", "{machine}");
    }
    scenario.wait_ready(LONG).await.unwrap();
}

/// How often a machine asked for a config, by what went over the wire.
fn configs_asked_for(scenario: &Scenario, machine: &RackedMachine) -> usize {
    let capture = scenario.lab().artefacts().path("segment.pcap");
    let cards = machine.macs().iter();
    cards
        .map(|card| frames_with(&capture, *card, b"GET /c/").unwrap())
        .sum()
}

fn last_sequence(scenario: &Scenario, name: &str) -> i64 {
    let events = scenario.member(name).unwrap().timeline.events();
    events.last().unwrap().sequence
}

fn disk(machine: &RackedMachine) -> &std::path::Path {
    let serial = &machine.disks().first().unwrap().serial;
    machine.disk_file(serial).unwrap()
}

/// What the installation wrote.
fn written(machine: &RackedMachine) -> Digests {
    let digests = digests(disk(machine)).unwrap();
    let names: Vec<&str> = digests.keys().map(String::as_str).collect();
    assert_eq!(names, ["ESP", "SLOT-A", "SLOT-B", "table"]);
    digests
}
