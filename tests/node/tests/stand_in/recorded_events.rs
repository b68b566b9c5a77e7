//! The event stream, held against what was recorded.

use crate::recording::lines;
use crate::site::{NOW, answered, control_plane, events, facts, network_up, power_on, record};
use node::action::Happened;
use node::event::Event;
use node::messages::MachineStage;
use node::node::Node;
use serde_json::Value;

/// Sequences, phases and restarts of a recording, in order.
fn recorded_course(situation: &str) -> Vec<String> {
    let number = |text: &Value| match text.as_str().unwrap() {
        "NOOP" => "noop",
        "START" => "start",
        _ => "stop",
    };
    lines(situation, "events.jsonl")
        .iter()
        .filter_map(|line| {
            let event = &line["event"];
            let named = |key: &str| {
                format!(
                    "{} {}",
                    event[key].as_str().unwrap(),
                    number(&event["action"])
                )
            };
            match line["type"].as_str().unwrap() {
                "SequenceEvent" => Some(match event["error"]["message"].as_str() {
                    Some(message) => format!("{}: {message}", named("sequence")),
                    None => named("sequence"),
                }),
                "PhaseEvent" => Some(named("phase")),
                "RestartEvent" => Some(format!("restart {}", event["cmd"])),
                _ => None,
            }
        })
        .collect()
}

/// The same of the stand-in's events.
fn course(events: &[Event]) -> Vec<String> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Sequence(it) => {
                let action = ["noop", "start", "stop"][usize::try_from(it.action).unwrap()];
                let named = format!("{} {action}", it.sequence);
                Some(match &it.error {
                    Some(error) => format!("{named}: {}", error.message),
                    None => named,
                })
            }
            Event::Phase(it) => {
                let action = ["start", "stop"][usize::try_from(it.action).unwrap()];
                Some(format!("{} {action}", it.phase))
            }
            Event::Restart(it) => Some(format!("restart {}", it.cmd)),
            _ => None,
        })
        .collect()
}

/// The stages of a recording with what was said of being ready, each once in a row.
fn recorded_stages(situation: &str) -> Vec<(String, bool)> {
    let lines = lines(situation, "events.jsonl");
    let statuses = lines.iter().filter(|it| it["type"] == "MachineStatusEvent");
    let mut stages: Vec<_> = statuses
        .map(|it| {
            let stage = it["event"]["stage"].as_str().unwrap().replace('_', "");
            (stage, it["event"]["ready"].as_bool().unwrap())
        })
        .collect();
    stages.dedup();
    stages
}

fn stages(events: &[Event]) -> Vec<(String, bool)> {
    let statuses = events.iter().filter_map(|event| match event {
        Event::Status(it) => {
            let stage = MachineStage::try_from(it.stage).unwrap();
            let ready = it.status.as_ref().unwrap().ready;
            Some((format!("{stage:?}").to_uppercase(), ready))
        }
        _ => None,
    });
    let mut stages: Vec<_> = statuses.collect();
    stages.dedup();
    stages
}

/// The kernel line of the recorded network boots: without a dashboard.
const LINE: &str = "talos.dashboard.disabled=1 talos.config=http://10.0.0.1/c";

#[test]
fn an_install_is_told_as_recorded_and_its_last_word_is_rebooting() {
    let (mut node, mut actions) = power_on(None, LINE);
    actions.extend(network_up(&mut node));
    actions.extend(answered(&mut node, 200, &control_plane()));
    actions.extend(node.happened(Happened::Installed(Ok(())), NOW));
    let told = events(&actions);
    assert_eq!(course(&told), recorded_course("install"));
    assert_eq!(stages(&told), recorded_stages("install"));
    let last = Event::status(MachineStage::Rebooting, &[]);
    assert_eq!(told.last(), Some(&last));
    // With GRUB a little more arrived, and no NOOP either.
    let grub = recorded_course("bios-install");
    assert_eq!(
        grub[grub.len() - 3..],
        ["kexec start", "kexec stop", "reboot start"]
    );
}

#[test]
fn a_wipe_is_told_as_recorded() {
    let line = format!("{LINE} talos.experimental.wipe=system");
    let mut facts = facts(Some(record(control_plane(), true)), &line);
    facts.system_disk = facts.disks.first().cloned();
    let (mut node, mut actions) = Node::power_on(facts).unwrap();
    actions.extend(network_up(&mut node));
    actions.extend(node.happened(Happened::Wiped(Ok(())), NOW));
    let told = events(&actions);
    assert_eq!(course(&told), recorded_course("wipe"));
    assert_eq!(stages(&told), recorded_stages("wipe"));
}

#[test]
fn a_config_on_the_disk_is_booted_as_recorded() {
    let (mut node, mut actions) = power_on(Some(record(control_plane(), false)), LINE);
    actions.extend(network_up(&mut node));
    let told = events(&actions);
    assert_eq!(course(&told), recorded_course("config-on-disk"));
    assert_eq!(stages(&told), recorded_stages("config-on-disk"));
}

#[test]
fn maintenance_is_told_as_recorded() {
    let (mut node, mut actions) = power_on(None, LINE);
    actions.extend(network_up(&mut node));
    let hostname = "apiVersion: v1alpha1\nkind: HostnameConfig\nhostname: a\n";
    actions.extend(answered(&mut node, 200, hostname));
    let told = events(&actions);
    assert_eq!(course(&told), recorded_course("partial-config"));
    assert_eq!(stages(&told), recorded_stages("partial-config"));

    let (mut node, mut actions) = power_on(None, "talos.dashboard.disabled=1");
    actions.extend(network_up(&mut node));
    assert_eq!(course(&events(&actions)), recorded_course("maintenance"));
}
