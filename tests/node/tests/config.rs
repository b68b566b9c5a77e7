//! Which configs a node accepts and which it refuses, and how the node lives with either.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test says what it wanted by panicking"
)]

use machine_core::time::Timestamp;
use node::action::{Action, Happened, PowerOn};
use node::config::{InstallTarget, MachineType};
use node::config_error::{ConfigLoadError, ConfigRefused, Finding};
use node::config_url::UrlValues;
use node::disk::Disk;
use node::event::Event;
use node::fetch::Answer;
use node::node::Node;
use node::state_record::StateRecord;
use node::validation;
use proptest::prelude::*;
use std::net::IpAddr;
use std::time::Duration;

/// `-----BEGIN TEST-----`, in base64.
const PEM: &str = "LS0tLS1CRUdJTiBURVNULS0tLS0K";

fn control_plane() -> String {
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

fn worker() -> String {
    control_plane()
        .replace("controlplane", "worker")
        .replace(&format!("key: {PEM}"), "key: \"\"")
}

const DOCUMENTS: &str = "---
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

fn refused(text: &str) -> ConfigRefused {
    match validation::accept(text.as_bytes()) {
        Err(refused) => refused,
        Ok(config) => panic!("accepted: {config:?}"),
    }
}

fn findings(text: &str) -> Vec<Finding> {
    match refused(text) {
        ConfigRefused::Validation(error) => error.findings,
        ConfigRefused::Load(error) => panic!("refused at load: {error}"),
    }
}

fn load_error(text: &str) -> ConfigLoadError {
    match refused(text) {
        ConfigRefused::Load(error) => error,
        ConfigRefused::Validation(error) => panic!("loaded, but not valid: {error}"),
    }
}

#[test]
fn the_configs_of_both_kinds_of_machine_are_accepted() {
    let config = validation::accept(format!("{}{DOCUMENTS}", control_plane()).as_bytes()).unwrap();
    assert_eq!(config.machine_type, MachineType::ControlPlane);
    assert_eq!(config.endpoint.host, "10.0.0.7");
    assert_eq!(config.endpoint.port, 6443);
    assert_eq!(config.hostname.as_deref(), Some("n1"));
    assert_eq!(config.event_sink.as_deref(), Some("10.0.0.1:4001"));
    assert_eq!(
        config.kernel_logs,
        ["tcp://10.0.0.1:4002", "udp://10.0.0.1:4003"]
    );
    assert!(matches!(config.install, InstallTarget::Selector(_)));
    let config = validation::accept(worker().as_bytes()).unwrap();
    assert_eq!(config.machine_type, MachineType::Worker);
    assert_eq!(config.ca_key.expose(), "");
}

#[test]
fn what_talos_does_not_look_at_is_accepted() {
    // Seen on Talos's own validator: a malformed token and another `version` pass.
    for (from, to) in [
        ("aaaaaa.bbbbbbbbbbbbbbbb", "x"),
        ("version: v1alpha1", "version: v1beta1"),
    ] {
        let text = control_plane().replace(from, to);
        assert!(validation::accept(text.as_bytes()).is_ok(), "{to}");
    }
}

#[test]
fn refusals_at_load() {
    let unknown = |key: &str| ConfigLoadError::UnknownKeys {
        keys: vec![key.to_owned()],
    };
    assert_eq!(load_error(""), ConfigLoadError::Empty);
    assert_eq!(load_error("# nothing\n"), ConfigLoadError::Empty);
    assert_eq!(load_error("[1]"), ConfigLoadError::NotAMapping { index: 1 });
    assert_eq!(
        load_error("machine: {}"),
        ConfigLoadError::NoKind { index: 1 }
    );
    assert_eq!(
        load_error(&format!("{}extra: 1\n", control_plane())),
        unknown("extra")
    );
    let text = control_plane().replace("    certSANs", "    certificateSANs");
    assert_eq!(load_error(&text), unknown("machine.certificateSANs"));
    let text = control_plane().replace("    controlPlane:", "    controlplane:");
    assert_eq!(load_error(&text), unknown("cluster.controlplane"));
    let text = control_plane().replace("serial:", "serialNumber:");
    assert_eq!(load_error(&text), unknown("v1alpha1: serialNumber"));
    let text = format!(
        "{}---\nkind: KubePrismConfig\napiVersion: v1alpha1\n",
        control_plane()
    );
    assert!(matches!(
        load_error(&text),
        ConfigLoadError::UnknownKind { index: 2, .. }
    ));
    let text = format!("{}token: a\ntoken: b\n", control_plane());
    assert!(
        matches!(load_error(&text), ConfigLoadError::Yaml { .. }),
        "a key twice"
    );
    let text = control_plane().replace("certSANs: []", "certSANs: 7");
    assert!(matches!(
        load_error(&text),
        ConfigLoadError::WrongType { .. }
    ));
}

#[test]
fn a_document_may_stand_once() {
    let twice = format!("{}---\n{}", control_plane(), control_plane());
    let duplicate = |kind: &str, name: &str| ConfigLoadError::Duplicate {
        kind: kind.to_owned(),
        name: name.to_owned(),
    };
    assert_eq!(load_error(&twice), duplicate("v1alpha1", ""));
    let sinks = format!("{}{DOCUMENTS}{DOCUMENTS}", control_plane());
    assert_eq!(load_error(&sinks), duplicate("HostnameConfig", ""));
    let logs = format!("{}{DOCUMENTS}", control_plane()).replace("name: two", "name: one");
    assert_eq!(load_error(&logs), duplicate("KmsgLogConfig", "one"));
}

#[test]
fn refusals_at_validation() {
    let key = format!("        key: {PEM}\n");
    for (text, wanted) in [
        ("version: v1alpha1\n".to_owned(), Finding::NoMachine),
        (
            control_plane().replace("https://10.0.0.7:6443", "10.0.0.7"),
            Finding::BadEndpoint {
                got: "10.0.0.7".into(),
            },
        ),
        (
            control_plane().replace(
                "        endpoint: https://10.0.0.7:6443\n",
                "        localAPIServerPort: 1\n",
            ),
            Finding::NoEndpoint,
        ),
        (
            control_plane().replace("controlplane", "master"),
            Finding::UnknownMachineType {
                got: "master".into(),
            },
        ),
        (
            control_plane().replace("    type: controlplane\n", ""),
            Finding::UnknownMachineType { got: String::new() },
        ),
        (
            control_plane().replacen(&key, "", 1),
            Finding::NoMachineCaKey,
        ),
        (
            control_plane().replacen("    ca:\n", "    kubelet:\n", 1),
            Finding::NoMachineCa,
        ),
        (
            control_plane().replace("aaaaaa.bbbbbbbbbbbbbbbb", "\"\""),
            Finding::NoMachineToken,
        ),
        (
            control_plane().replacen(PEM, "x", 1),
            Finding::NotPem {
                path: "machine.ca.crt",
            },
        ),
        (
            control_plane().replace("            serial: root-1\n", "            serial:\n"),
            Finding::NoInstallDisk,
        ),
        (
            control_plane().replace("    install:\n", "    sysctls:\n"),
            Finding::NoInstall,
        ),
        (
            control_plane().replace(
                "        grubUse",
                "        extraKernelArgs: [a]\n        grubUse",
            ),
            Finding::KernelArgumentsBesideUki,
        ),
        (
            control_plane().replace("machine:\n", "persist: false\nmachine:\n"),
            Finding::NotPersistent,
        ),
        (
            worker().replacen("key: \"\"", &format!("key: {PEM}"), 1),
            Finding::WorkerHasMachineCaKey,
        ),
        (
            control_plane()
                .replace("controlplane", "worker")
                .replacen(&key, "", 1),
            Finding::WorkerHasClusterCaKey,
        ),
    ] {
        let found = findings(&text);
        assert!(
            found.contains(&wanted),
            "wanted {wanted:?}, got {found:?} in\n{text}"
        );
    }
}

#[test]
fn a_refusal_names_no_secret() {
    let text = control_plane()
        .replacen(PEM, "bm90LWEtcGVt", 1)
        .replace("aaaaaa.", "7: [");
    let shown = format!("{:?}", validation::accept(text.as_bytes()));
    assert!(
        !shown.contains("bbbbbbbb") && !shown.contains(PEM),
        "{shown}"
    );
    let config = validation::accept(control_plane().as_bytes()).unwrap();
    assert!(!format!("{config:?}").contains("bbbbbbbb"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = validation::accept(&bytes);
    }

    #[test]
    fn no_cut_or_changed_config_makes_it_panic(at in 0_usize..700, byte in any::<u8>()) {
        let mut bytes = format!("{}{DOCUMENTS}", control_plane()).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = validation::accept(&bytes);
        bytes.truncate(at);
        let _ = validation::accept(&bytes);
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

fn power_on(state: Option<StateRecord>, more: &str) -> (Node, Vec<Action>) {
    Node::power_on(PowerOn {
        command_line: format!("slab_nomerge= pti=on talos.platform=metal {more}"),
        disks: vec![
            Disk {
                name: "vda".into(),
                serial: "data".into(),
                sectors: 1 << 21,
                ..Disk::default()
            },
            Disk {
                name: "vdb".into(),
                serial: "root-1".into(),
                sectors: 1 << 21,
                ..Disk::default()
            },
        ],
        identity: UrlValues {
            uuid: Some("u-1".into()),
            ..UrlValues::default()
        },
        state,
        bad_slot: None,
    })
    .unwrap()
}

fn network_up(node: &mut Node) -> Vec<Action> {
    let addresses = vec![IpAddr::from([10, 0, 0, 7])];
    node.happened(
        Happened::NetworkUp {
            addresses,
            hostname: None,
        },
        NOW,
    )
}

fn answered(node: &mut Node, code: u16, body: &str) -> Vec<Action> {
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

fn fetches(actions: &[Action]) -> Option<(&str, Timestamp)> {
    actions.iter().find_map(|action| match action {
        Action::Fetch { url, at } => Some((url.as_str(), *at)),
        _ => None,
    })
}

fn installs_to(actions: &[Action]) -> Option<&str> {
    actions.iter().find_map(|action| match action {
        Action::Install { disk, .. } => Some(disk.name.as_str()),
        _ => None,
    })
}

#[test]
fn a_netbooted_node_asks_for_its_config_and_installs_to_the_disk_that_it_names() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c?t=1&u=${uuid}");
    let actions = network_up(&mut node);
    assert_eq!(
        fetches(&actions),
        Some(("http://10.0.0.1/c?t=1&u=u-1", NOW))
    );
    let actions = answered(&mut node, 404, "wait");
    assert!(fetches(&actions).is_some(), "404 is asked again");
    let actions = answered(&mut node, 200, &format!("{}{DOCUMENTS}", control_plane()));
    assert_eq!(installs_to(&actions), Some("vdb"));
    assert!(actions.contains(&Action::ConnectSink("10.0.0.1:4001".into())));
    assert!(actions.contains(&Action::SetHostname("n1".into())));
    assert!(
        !actions.contains(&Action::ServeApi),
        "no API before the disk boot"
    );
    assert!(node.bootstrap(NOW).is_err());
    let actions = node.happened(Happened::Installed(Ok(())), NOW);
    assert_eq!(actions.last(), Some(&Action::Restart));
}

#[test]
fn a_bad_config_is_reported_and_asked_for_again() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c");
    network_up(&mut node);
    let actions = answered(&mut node, 200, "nonsense: true");
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::LoadError(_))))
    );
    let (_, first) = fetches(&actions).unwrap();
    let actions = answered(
        &mut node,
        200,
        &control_plane().replace("controlplane", "x"),
    );
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::ValidationError(_))))
    );
    let (_, second) = fetches(&actions).unwrap();
    assert!(NOW < first && first < second, "the pauses grow");
    let actions = answered(&mut node, 204, "");
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::LoadError(_))))
    );
    assert!(installs_to(&answered(&mut node, 200, &control_plane())).is_some());
}

#[test]
fn a_config_that_names_no_disk_of_this_machine_installs_nothing() {
    let (mut node, _) = power_on(None, "talos.config=http://10.0.0.1/c");
    network_up(&mut node);
    let actions = answered(&mut node, 200, &control_plane().replace("root-1", "other"));
    assert_eq!(installs_to(&actions), None);
    assert!(matches!(actions.last(), Some(Action::RestartAfter(_))));
}

fn record(config: String, etcd_has_data: bool) -> StateRecord {
    StateRecord {
        generation: 0,
        etcd_has_data,
        config: config.into_bytes(),
    }
}

#[test]
fn a_config_in_state_wins_over_the_url_and_nothing_is_installed() {
    for more in ["node.slot=A", "talos.config=http://10.0.0.1/c"] {
        let (mut node, _) = power_on(Some(record(control_plane(), false)), more);
        let actions = network_up(&mut node);
        assert_eq!(fetches(&actions), None);
        assert_eq!(installs_to(&actions), None);
        assert!(actions.contains(&Action::ServeApi));
        let own = actions
            .iter()
            .any(|action| matches!(action, Action::ProbeEndpoint(_)));
        assert!(!own, "the endpoint is the node itself");
    }
}

#[test]
fn etcd_data_is_kept_once() {
    let (mut node, _) = power_on(Some(record(control_plane(), false)), "node.slot=A");
    network_up(&mut node);
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    node.happened(Happened::TimePassed, at(2));
    assert!(node.bootstrap(at(2)).is_ok());
    let actions = node.happened(Happened::TimePassed, at(4));
    let kept: Vec<&StateRecord> = actions
        .iter()
        .filter_map(|action| match action {
            Action::KeepState(record) => Some(record),
            _ => None,
        })
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].generation, kept[0].etcd_has_data), (1, true));
    let (mut node, _) = power_on(Some(kept[0].clone()), "node.slot=A");
    network_up(&mut node);
    assert!(node.bootstrap(at(9)).is_err());
}

#[test]
fn a_worker_asks_trustd_and_waits_for_the_endpoint() {
    let (mut node, _) = power_on(Some(record(worker(), false)), "node.slot=A");
    let actions = network_up(&mut node);
    assert!(actions.contains(&Action::RequestCertificate("10.0.0.7".into())));
    assert!(!actions.contains(&Action::ServeApi));
    let actions = node.happened(Happened::CertificateReady, NOW);
    assert_eq!(actions, [Action::ServeApi]);
}

#[test]
fn without_a_config_the_node_says_that_it_is_in_maintenance() {
    let (mut node, _) = power_on(None, "talos.config=none");
    let actions = network_up(&mut node);
    assert_eq!(fetches(&actions), None);
    assert!(
        actions
            .iter()
            .any(|action| matches!(action, Action::Publish(Event::Task(task))
        if task.task == "runningMaintenance"))
    );
}
