//! What Drover promises: no wrong disk is erased, and no config goes to the wrong machine. A
//! permission that is taken back, a machine with a copied card, an older database, an installer that
//! fails, and a disk that holds somebody else's install.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that it is made of"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use e2e::documents::Choices;
use e2e::event::Event;
use e2e::installed_disk::{digests, is_blank};
use e2e::planned::Planned;
use e2e::scenario::Scenario;
use serde_json::Value;
use testbed::machine::Machine;
use testbed::rack::RackedMachine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);
const NAME: &str = "cp-1";

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_that_is_withdrawn_erases_nothing() {
    let scenario = up("withdrawn", Machine::bios(NAME)).await;
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member(NAME).unwrap();
    member.timeline.wait_kind("intent", LONG).await.unwrap();
    let cancel = ["machine", "cancel", NAME, "--reason", "not now"];
    run(&scenario, &cancel).await;

    // Its installer was on its way: it asks for its config, and is refused.
    let refused = |event: &Event| event.detail.starts_with("no config for");
    let refused = member.timeline.wait_for("refusal", LONG, refused);
    println!("{}", refused.await.unwrap().detail);
    assert!(is_blank(disk(&member.machine)).unwrap());
    assert_eq!(count(&scenario, "config"), 0);
    let shown = scenario.show(NAME).await.unwrap();
    assert_eq!(ends(&shown), ["cancelled"], "{shown}");

    run(&scenario, &["machine", "accept", NAME, "--reason", "now"]).await;
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    assert_eq!(count(&scenario, "intent"), 2);
    assert_eq!(count(&scenario, "installed"), 1);
    scenario.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_copies_a_card_gets_no_config_while_the_bmc_says_off() {
    let scenario = up("impostor", Machine::bios(NAME)).await;
    let member = scenario.member(NAME).unwrap();
    // Its BMC takes every command, and the machine does not come on.
    member.machine.chassis().unplug().unwrap();
    scenario.apply_cluster().await.unwrap();
    let is_on = member
        .timeline
        .wait_for("power on", LONG, Event::switches_on);
    is_on.await.unwrap();

    let impostor = Machine::bios("impostor")
        .nic(*member.machine.macs().first().unwrap())
        .uuid(member.machine.uuid())
        .serial(member.machine.serial().clone())
        .disk("CP1-DISK".parse().unwrap(), 2)
        .network_first();
    let impostor = scenario.lab().rack(impostor).unwrap();
    impostor.power_on().unwrap();
    let alarm = member.timeline.wait_kind("alarm", LONG).await.unwrap();
    println!("{}", alarm.detail);
    impostor.cut_power().unwrap();
    assert_eq!(count(&scenario, "config"), 0);
    assert!(is_blank(disk(&impostor)).unwrap());

    member.machine.chassis().plug_in().unwrap();
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    assert!(!is_blank(disk(&member.machine)).unwrap());
    assert_eq!(count(&scenario, "installed"), 1);
    scenario.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_database_reinstalls_no_running_member() {
    let mut scenario = up("older-database", Machine::bios(NAME).network_first()).await;
    scenario.apply_cluster().await.unwrap();
    let timeline = &scenario.member(NAME).unwrap().timeline;
    timeline.wait_kind("intent", LONG).await.unwrap();
    // The worst copy there is: in it the machine may be installed.
    scenario.stop().await.unwrap();
    let copy = scenario.lab().folder().join("copy");
    copy_database(&scenario.state(), &copy);
    scenario.start_again().await.unwrap();
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let member = &scenario.member(NAME).unwrap().machine;
    let written = digests(disk(member)).unwrap();

    scenario.stop().await.unwrap();
    copy_database(&copy, &scenario.state());
    scenario.start_again().await.unwrap();
    let said = safe_mode(&scenario).await;
    assert!(said.contains("safe mode"), "{said}");
    println!("{said}");
    restarts_from_disk(&scenario).await;
    let member = &scenario.member(NAME).unwrap().machine;
    assert_eq!(digests(disk(member)).unwrap(), written);

    // A person looks first, as the confirmation asks for: here is a permission that is out of date.
    run(
        &scenario,
        &["machine", "cancel", NAME, "--reason", "it runs"],
    )
    .await;
    let confirm = [
        "database",
        "confirm",
        "--yes",
        "--reason",
        "the newest is lost",
    ];
    run(&scenario, &confirm).await;
    assert_eq!(safe_mode(&scenario).await, "");
    restarts_from_disk(&scenario).await;
    let member = &scenario.member(NAME).unwrap().machine;
    assert_eq!(digests(disk(member)).unwrap(), written);
    scenario.finish().await.unwrap();
}

/// Its reset button is pressed; it asks the network first, and its disk boots.
async fn restarts_from_disk(scenario: &Scenario) {
    let machine = &scenario.member(NAME).unwrap().machine;
    let console = machine.console();
    let before = console.mark();
    machine.reset().unwrap();
    // iPXE asks, and leaves; then the system of the disk says what it runs as.
    for wanted in ["net0", "running from its own config"] {
        let holds = |line: &str| line.contains(wanted);
        let said = console.wait_since(before, wanted, LONG, holds).await;
        said.unwrap();
    }
    let installs = |line: &str| line.contains("installing to");
    let since = console.lines_since(before);
    assert!(!since.iter().any(|line| installs(&line.text)), "{since:?}");
}

async fn safe_mode(scenario: &Scenario) -> String {
    let status = ["database", "status"];
    let status = scenario.drover().client().json(&status).await.unwrap();
    let said = status.get("safe_mode").and_then(Value::as_str);
    said.unwrap_or_default().to_owned()
}

/// The database and what was not yet written into it; nothing else of the state directory.
fn copy_database(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["drover.db", "drover.db-wal", "drover.db-shm"] {
        let (from, to) = (from.join(name), to.join(name));
        if from.exists() {
            fs::copy(&from, &to).unwrap();
        } else if to.exists() {
            fs::remove_file(&to).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installer_that_fails_is_wiped_and_tried_again() {
    let machines = vec![Planned::control_plane(Machine::bios(NAME))];
    let choices = Choices {
        arguments: &["node.install=fails-once"],
        ..Choices::USUAL
    };
    let scenario = Scenario::up_with("failed-install", machines, choices);
    let scenario = scenario.await.unwrap();
    scenario.apply_cluster().await.unwrap();
    let timeline = &scenario.member(NAME).unwrap().timeline;
    let ends_first = |event: &Event| {
        event.kind == "attempt"
            && event
                .detail
                .starts_with("attempt 1 ended: installer failed")
    };
    let ended = timeline.wait_for("failed installer", LONG, ends_first);
    let ended = ended.await.unwrap();
    assert!(ended.detail.contains("exit code 1"), "{ended:?}");
    let wipes = |event: &Event| event.kind == "wipe" && event.detail.starts_with("wipes ");
    let wipe = timeline.wait_after(ended.sequence, "wipe", LONG, wipes);
    println!("{}", wipe.await.unwrap().detail);
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let shown = scenario.show(NAME).await.unwrap();
    let ends = ends(&shown);
    assert_eq!(ends.first().unwrap(), "installer_failed", "{shown}");
    assert_eq!(ends.last().unwrap(), "installed", "{shown}");
    assert!(ends.len() <= 3, "{ends:?}");
    assert_eq!(count(&scenario, "intent"), 1);
    scenario.finish().await.unwrap();
}

/// One of its minutes is the time that Drover gives an older install to ask for its config.
#[tokio::test(flavor = "multi_thread")]
async fn an_install_of_another_drover_is_never_wiped() {
    let machines = vec![Planned::control_plane(Machine::bios(NAME))];
    let choices = Choices {
        sections: "install:\n  config_request_timeout: 60\n",
        ..Choices::USUAL
    };
    let scenario = Scenario::up_with("older-install", machines, choices);
    let mut scenario = scenario.await.unwrap();
    scenario.apply_cluster().await.unwrap();
    scenario.wait_active(NAME, LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    let machine = &scenario.member(NAME).unwrap().machine;
    machine.cut_power().unwrap();
    let older = digests(disk(machine)).unwrap();
    scenario.stop().await.unwrap();
    scenario.begin_anew().await.unwrap();

    scenario.apply_cluster().await.unwrap();
    let timeline = &scenario.member(NAME).unwrap().timeline;
    let failed = timeline.wait_kind("failed", LONG).await.unwrap();
    println!("{}", failed.detail);
    for named in ["older Talos", "CP1-DISK", "drover machine retry cp-1"] {
        assert!(failed.detail.contains(named), "{named}: {failed:?}");
    }
    let machine = &scenario.member(NAME).unwrap().machine;
    machine.cut_power().unwrap();
    assert_eq!(digests(disk(machine)).unwrap(), older);
    assert_eq!(count(&scenario, "wipe"), 0);

    // A person erases the disk, as the machine's words say.
    let erased = fs::OpenOptions::new().write(true).open(disk(machine));
    let erased = erased.unwrap();
    let length = erased.metadata().unwrap().len();
    erased.set_len(0).unwrap();
    erased.set_len(length).unwrap();
    run(
        &scenario,
        &["machine", "retry", NAME, "--reason", "it is erased"],
    )
    .await;
    let is_active = |event: &Event| event.enters("active");
    let active = timeline.wait_after(failed.sequence, "active", LONG, is_active);
    active.await.unwrap();
    assert_eq!(count(&scenario, "installed"), 1);
    scenario.finish().await.unwrap();
}

async fn up(name: &str, machine: Machine) -> Scenario {
    let machines = vec![Planned::control_plane(machine)];
    Scenario::up(name, machines).await.unwrap()
}

async fn run(scenario: &Scenario, words: &[&str]) {
    let printed = scenario.drover().client().run(words).await.unwrap();
    println!("{}: {}", words.join(" "), printed.trim());
}

fn disk(machine: &RackedMachine) -> &Path {
    let serial = &machine.disks().first().unwrap().serial;
    machine.disk_file(serial).unwrap()
}

/// How many events of this kind are on the timeline.
fn count(scenario: &Scenario, kind: &str) -> usize {
    let events = scenario.member(NAME).unwrap().timeline.events();
    events.iter().filter(|event| event.kind == kind).count()
}

/// How the attempts ended, first to last.
fn ends(shown: &Value) -> Vec<String> {
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
