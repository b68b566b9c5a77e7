//! The logs, held against what was recorded.

use crate::recording::lines;
use crate::site::NOW;
use machine_core::time::Timestamp;
use node::kernel_log::KernelRecord;
use node::service_log::ServiceLine;
use serde_json::Value;

#[test]
fn a_kernel_line_has_the_recorded_keys_and_values() {
    for sent in lines("install", "kernel.jsonl") {
        let priorities = [
            "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
        ];
        let priority = priorities
            .iter()
            .position(|it| sent["priority"] == *it)
            .unwrap();
        let facilities = ["kern", "user", "mail", "daemon", "auth", "syslog"];
        let facility = facilities
            .iter()
            .position(|it| sent["facility"] == *it)
            .unwrap();
        let text = sent["msg"].as_str().unwrap().trim_end_matches('\n');
        let record = KernelRecord {
            priority: u32::try_from(facility * 8 + priority).unwrap(),
            sequence: sent["seq"].as_u64().unwrap(),
            clock: sent["clock"].as_u64().unwrap(),
            text: text.to_owned(),
        };
        let mut line: Value = serde_json::from_str(&record.to_line(NOW)).unwrap();
        let mut sent = sent;
        for either in [&mut line, &mut sent] {
            assert!(
                either
                    .as_object_mut()
                    .unwrap()
                    .remove("talos-time")
                    .is_some()
            );
        }
        assert_eq!(line, sent);
    }
}

#[test]
fn the_kernel_is_among_the_services_as_recorded() {
    let lines = lines("shutdown", "services.jsonl");
    let sent = lines
        .iter()
        .find(|it| it["talos-service"] == "kernel")
        .unwrap();
    let record = KernelRecord {
        priority: 5,
        sequence: 0,
        clock: 0,
        text: "Linux version 6.18".into(),
    };
    let line = ServiceLine::of_kernel(&record, Timestamp::from_millis(0));
    let form = |text: &str| text.split('[').next().unwrap().to_owned();
    assert_eq!(form(&line.text), form(sent["msg"].as_str().unwrap()));
    let line: Value = serde_json::from_str(&line.to_line(&[].into())).unwrap();
    let keys = |value: &Value| -> Vec<String> {
        let keys = value.as_object().unwrap().keys();
        keys.filter(|key| *key != "drover-attempt")
            .cloned()
            .collect()
    };
    assert_eq!(keys(&line), keys(sent));
    let services = ServiceLine::at_start(NOW).map(|line| line.service);
    for service in services {
        assert!(
            lines.iter().any(|it| it["talos-service"] == service),
            "{service}"
        );
    }
}
