//! Configs, and a node in front of them.

use machine_core::time::Timestamp;
use node::action::{Action, Happened, PowerOn};
use node::config_url::UrlValues;
use node::disk::{Disk, Transport};
use node::event::Event;
use node::fetch::Answer;
use node::node::Node;
use node::quirk::Lasting;
use node::state_record::StateRecord;
use std::net::IpAddr;
use std::time::Duration;

/// `-----BEGIN TEST-----`, in base64.
pub(crate) const PEM: &str = "LS0tLS1CRUdJTiBURVNULS0tLS0K";

pub(crate) fn control_plane() -> String {
    format!(
        "version: v1alpha1
machine:
    type: controlplane
    token: aaaaaa.bbbbbbbbbbbbbbbb
    ca:
        crt: {PEM}
        key: {PEM}
    certSANs: []
    install:
        diskSelector:
            serial: root-1
        grubUseUKICmdline: true
    features:
        kubePrism:
            enabled: true
cluster:
    controlPlane:
        endpoint: https://10.0.0.7:6443
    ca:
        crt: {PEM}
        key: {PEM}
"
    )
}

pub(crate) fn worker() -> String {
    control_plane()
        .replace("controlplane", "worker")
        .replace(&format!("key: {PEM}"), "key: \"\"")
}

pub(crate) const DOCUMENTS: &str = "---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: n1
---
apiVersion: v1alpha1
kind: EventSinkConfig
endpoint: 10.0.0.1:4001
---
apiVersion: v1alpha1
kind: KmsgLogConfig
name: one
url: tcp://10.0.0.1:4002
---
apiVersion: v1alpha1
kind: KmsgLogConfig
name: two
url: udp://10.0.0.1:4003
";

pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) fn power_on(state: Option<StateRecord>, more: &str) -> (Node, Vec<Action>) {
    Node::power_on(facts(state, more)).unwrap()
}

pub(crate) fn facts(state: Option<StateRecord>, more: &str) -> PowerOn {
    PowerOn {
        command_line: format!("slab_nomerge= pti=on talos.platform=metal {more}"),
        disks: disks(),
        identity: UrlValues {
            uuid: Some("u-1".into()),
            ..UrlValues::default()
        },
        state,
        ..PowerOn::default()
    }
}

pub(crate) fn disks() -> Vec<Disk> {
    let disk = |name: &str, serial: &str| Disk {
        name: name.into(),
        serial: serial.into(),
        transport: Transport::Virtio,
        sectors: 1 << 21,
        ..Disk::default()
    };
    vec![disk("vda", "data"), disk("vdb", "root-1")]
}

pub(crate) fn network_up(node: &mut Node) -> Vec<Action> {
    let addresses = vec![IpAddr::from([10, 0, 0, 7])];
    node.happened(
        Happened::NetworkUp {
            addresses,
            hostname: None,
        },
        NOW,
    )
}

pub(crate) fn answered(node: &mut Node, code: u16, body: &str) -> Vec<Action> {
    let answer = Answer::Status {
        code,
        body: body.as_bytes().to_vec(),
    };
    node.happened(
        Happened::ConfigAnswered {
            answer,
            jitter: Duration::ZERO,
        },
        NOW,
    )
}

pub(crate) fn fetches(actions: &[Action]) -> Option<(&str, Timestamp)> {
    actions.iter().find_map(|action| match action {
        Action::Fetch { url, at } => Some((url.as_str(), *at)),
        _ => None,
    })
}

pub(crate) fn installs_to(actions: &[Action]) -> Option<&str> {
    actions.iter().find_map(|action| match action {
        Action::Install { disk, .. } => Some(disk.name.as_str()),
        _ => None,
    })
}

pub(crate) fn record(config: String, etcd_has_data: bool) -> StateRecord {
    StateRecord {
        generation: 0,
        etcd_has_data,
        quirks: Lasting::default(),
        config: config.into_bytes(),
    }
}

/// The events among the actions.
pub(crate) fn events(actions: &[Action]) -> Vec<Event> {
    let events = actions.iter().filter_map(|action| match action {
        Action::Publish(event) => Some(event.clone()),
        _ => None,
    });
    events.collect()
}
