//! The way to a config, and the refusals of one, held against what was recorded.

use crate::recording::lines;
use crate::site::{NOW, control_plane, disks};
use node::config_url::{UrlValues, fill};
use node::disk::{Disk, Transport};
use node::event_stream::restart_pause;
use node::fetch::{Answer, Fetch, FetchStep};
use node::validation;
use serde_json::Value;
use std::time::Duration;

#[test]
fn the_url_is_filled_as_recorded() {
    let values = UrlValues {
        uuid: Some("4c4c4544-0000-4000-8000-000000000000".into()),
        serial: Some("HT1".into()),
        mac: Some("52:54:00:77:00:01".into()),
        ..UrlValues::default()
    };
    for (situation, path) in [("install", "/config-inst"), ("sata-disk", "/config-sata")] {
        let url = fill(&format!("http://h{path}?uuid=&serial=&mac="), &values);
        for request in lines(situation, "requests.jsonl") {
            let wanted = format!("GET {} HTTP/1.1", url.strip_prefix("http://h").unwrap());
            assert_eq!(request["line"], wanted);
        }
    }
    let values = UrlValues {
        uuid: Some("4c4c4544-0000-4000-8000-000000000005".into()),
        serial: Some("HT5".into()),
        mac: Some("52:54:00:77:00:05".into()),
        ..UrlValues::default()
    };
    let url = "http://h/config-g?u=${uuid}&m=${mac}&s=${serial}&h=${hostname}&c=${code}";
    let asked = fill(url, &values);
    let wanted = format!("GET {} HTTP/1.1", asked.strip_prefix("http://h").unwrap());
    assert_eq!(lines("variables", "requests.jsonl")[0]["line"], wanted);
}

/// The gaps between requests, in milliseconds.
fn gaps(requests: &[Value]) -> Vec<u64> {
    let millis = |request: &Value| -> u64 {
        let at: Vec<u64> = request["at"]
            .as_str()
            .unwrap()
            .split([':', '.'])
            .map(|part| part.parse().unwrap())
            .collect();
        ((at[0] * 60 + at[1]) * 60 + at[2]) * 1000 + at[3]
    };
    let pairs = requests.iter().zip(&requests[1..]);
    pairs
        .map(|(one, next)| millis(next) - millis(one))
        .collect()
}

/// What a request itself took at most, on the emulated machines of the recordings.
const REQUEST: u64 = 1000;

/// When the stand-in asks again after this many tries without a config, in milliseconds.
fn asks_again(codes: &[u16], jitter: Duration) -> Vec<u64> {
    let mut fetch = Fetch::begin(NOW);
    let pauses = codes.iter().map(|&code| {
        let answer = Answer::Status {
            code,
            body: Vec::new(),
        };
        match fetch.answered(answer, NOW, jitter) {
            FetchStep::RetryAt { at, .. } => u64::try_from(at.since(NOW).as_millis()).unwrap(),
            other => panic!("{code}: {other:?}"),
        }
    });
    pauses.collect()
}

#[test]
fn downloads_are_repeated_with_the_recorded_gaps_whatever_was_answered() {
    for situation in ["not-found", "status-codes"] {
        let mut requests = lines(situation, "requests.jsonl");
        // A redirection is followed at once: no gap of its own.
        requests.retain(|request| request["answered"] != 302);
        let codes: Vec<u16> = requests
            .iter()
            .map(|request| u16::try_from(request["answered"].as_u64().unwrap()).unwrap())
            .filter(|code| *code != 200)
            .collect();
        let least = asks_again(&codes, Duration::ZERO);
        let most = asks_again(&codes, Duration::from_secs(1));
        for (place, gap) in gaps(&requests).into_iter().enumerate() {
            let fits = gap + 100 >= least[place] && gap <= most[place] + REQUEST;
            assert!(fits, "{situation}, gap {place}: {gap} ms");
        }
    }
}

#[test]
fn refused_configs_are_fetched_again_with_the_recorded_gaps() {
    let requests = lines("refused-configs", "requests.jsonl");
    let millis = |failures, jitter| u64::try_from(restart_pause(failures, jitter).as_millis());
    for (failures, gap) in (0..).zip(gaps(&requests)) {
        let (least, most) = (
            millis(failures, 0).unwrap(),
            millis(failures, 1000).unwrap(),
        );
        let fits = gap >= least && gap <= most + REQUEST;
        assert!(
            fits,
            "refusal {failures}: {gap} ms, {least} to {most} wanted"
        );
    }
    // Each refusal is one download and one event.
    let refused = lines("refused-configs", "events.jsonl");
    let refused = refused
        .iter()
        .filter(|it| it["type"] == "ConfigLoadErrorEvent");
    assert_eq!(refused.count(), requests.len());
}

/// The texts of a recording's refusals, without the line numbers in them.
fn refusals(situation: &str) -> Vec<String> {
    lines(situation, "events.jsonl")
        .iter()
        .filter(|line| line["type"] == "ConfigLoadErrorEvent")
        .map(|line| {
            let text = line["event"]["error"].as_str().unwrap();
            match text.split_once(" (line ") {
                Some((front, back)) => {
                    format!("{front}{}", back.split_once(')').unwrap().1)
                }
                None => text.to_owned(),
            }
        })
        .collect()
}

fn selecting(serial: &str) -> String {
    control_plane().replace("root-1", serial)
}

/// With these images of Kubernetes.
fn with_kubernetes(config: &str, version: &str) -> String {
    let image = |name: &str| format!("image: registry.k8s.io/{name}:v{version}");
    config
        .replace(
            "    install:\n",
            &format!("    kubelet:\n        {}\n    install:\n", image("kubelet")),
        )
        .replace(
            "cluster:\n",
            &format!(
                "cluster:\n    apiServer:\n        {}\n    controllerManager:\n        {}\n    \
                 scheduler:\n        {}\n",
                image("kube-apiserver"),
                image("kube-controller-manager"),
                image("kube-scheduler")
            ),
        )
}

#[test]
fn configs_are_refused_in_the_recorded_words() {
    let document = |kind: &str, more: &str| {
        format!(
            "{}---\napiVersion: v1alpha1\nkind: {kind}\n{more}",
            control_plane()
        )
    };
    let hostnames = format!(
        "{}---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: b\n",
        document("HostnameConfig", "hostname: a\n")
    );
    let worker = control_plane()
        .replace("controlplane", "worker")
        .replace("cluster:\n", "cluster:\n    etcd: {}\n");
    let recorded = refusals("refused-configs");
    for (config, place) in [
        (String::new(), 2),
        (format!("{}foo: bar\n", control_plane()), 3),
        (document("NoSuchConfig", "name: x\n"), 4),
        (hostnames, 5),
        (
            control_plane().replace("https://10.0.0.7:6443", "https://"),
            6,
        ),
        (with_kubernetes(&selecting("HTDISK2"), "1.20.0"), 7),
        (with_kubernetes(&selecting("HTDISK2"), "1.60.0"), 8),
        (
            control_plane().replace("            serial: root-1\n", ""),
            9,
        ),
        (worker, 10),
        (selecting("NOSUCHDISK"), 12),
    ] {
        let refused = validation::accept_for(config.as_bytes(), &disks()).unwrap_err();
        assert_eq!(refused.to_string(), recorded[place], "{config}");
    }
    let sata = Disk {
        name: "sda".into(),
        transport: Transport::Scsi,
        serial: "ATA-01".into(),
        wwid: "naa.5000c500a1b2c3d4".into(),
        ..Disk::default()
    };
    let refused = validation::accept_for(selecting("ATA-01").as_bytes(), &[sata]).unwrap_err();
    assert_eq!(refused.to_string(), refusals("sata-disk")[0]);
}
