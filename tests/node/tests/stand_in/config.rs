//! Which configs a node accepts and which it refuses.

use crate::site::{DOCUMENTS, PEM, control_plane, worker};
use node::config::MachineType;
use node::config_error::{ConfigLoadError, ConfigRefused, Finding};
use node::disk::InstallTarget;
use node::validation;
use proptest::prelude::*;

fn refused(text: &str) -> ConfigRefused {
    match validation::accept(text.as_bytes()) {
        Err(refused) => refused,
        Ok(config) => panic!("accepted: {config:?}"),
    }
}

fn findings(text: &str) -> Vec<Finding> {
    match refused(text) {
        ConfigRefused::Validation(error) => error.findings,
        other => panic!("not refused by validation: {other}"),
    }
}

fn load_error(text: &str) -> ConfigLoadError {
    match refused(text) {
        ConfigRefused::Load(error) => error,
        other => panic!("not refused at load: {other}"),
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
    let unknown = |keys: &str| ConfigLoadError::UnknownKeys {
        document: "/v1alpha1/".to_owned(),
        keys: keys.to_owned(),
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
        unknown("extra: 1\n")
    );
    let text = control_plane().replace("    certSANs", "    certificateSANs");
    assert_eq!(
        load_error(&text),
        unknown("machine:\n  certificateSANs: []\n")
    );
    let text = control_plane().replace("    controlPlane:", "    controlplane:");
    assert!(matches!(
        load_error(&text),
        ConfigLoadError::UnknownKeys { keys, .. } if keys.starts_with("cluster:\n  controlplane:")
    ));
    let text = control_plane().replace("serial:", "serialNumber:");
    assert!(matches!(
        load_error(&text),
        ConfigLoadError::UnknownKeys { keys, .. } if keys == "serialNumber"
    ));
    let text = format!(
        "{}---\nkind: KubePrismConfig\napiVersion: v1alpha1\n",
        control_plane()
    );
    assert!(matches!(
        load_error(&text),
        ConfigLoadError::UnknownKind { .. }
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
    assert_eq!(load_error(&twice), duplicate("/v1alpha1", ""));
    let sinks = format!("{}{DOCUMENTS}{DOCUMENTS}", control_plane());
    assert_eq!(load_error(&sinks), duplicate("v1alpha1/HostnameConfig", ""));
    let logs = format!("{}{DOCUMENTS}", control_plane()).replace("name: two", "name: one");
    assert_eq!(
        load_error(&logs),
        duplicate("v1alpha1/KmsgLogConfig", "one")
    );
}

fn assert_found(text: &str, wanted: &Finding) {
    let found = findings(text);
    assert!(
        found.contains(wanted),
        "wanted {wanted:?}, got {found:?} in\n{text}"
    );
}

#[test]
fn refusals_at_validation() {
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
            control_plane().replace("aaaaaa.bbbbbbbbbbbbbbbb", "\"\""),
            Finding::NoMachineToken,
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
    ] {
        assert_found(&text, &wanted);
    }
}

#[test]
fn refusals_of_authorities_at_validation() {
    let key = format!("        key: {PEM}\n");
    for (text, wanted) in [
        (
            control_plane().replacen(&key, "", 1),
            Finding::NoMachineCaKey,
        ),
        (
            control_plane().replacen("    ca:\n", "    kubelet:\n", 1),
            Finding::NoMachineCa,
        ),
        (
            control_plane().replacen(PEM, "x", 1),
            Finding::NotPem {
                path: "machine.ca.crt",
            },
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
        assert_found(&text, &wanted);
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
