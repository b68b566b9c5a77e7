//! What a machine is handed, judged by Talos' own loader and validator (`tests/oracle`).
#![expect(
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::panic,
    reason = "the validator is a program; a test stops where it stands"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use config_render::os::Artefact;
use config_render::talos::admin::{ApiRole, credentials, talosconfig};
use config_render::talos::cluster::ClusterInput;
use config_render::talos::contract::TalosContract;
use config_render::talos::kubeconfig::{KubeCluster, KubeRole, kubeconfig};
use config_render::talos::machine::{MachineInput, RenderError, render};
use config_render::talos::request::{GenerateRequest, generate_base};
use config_render::talos::secrets::SecretsBundle;
use machine_core::cluster::Role;
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const SECRETS: &str = include_str!("golden/secrets.yaml");

/// Builds the validator, each test its own (they run at once); or says why this machine cannot.
fn validator(name: &str) -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle/talos-validate");
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let go = |arguments: &[&str]| {
        let mut command = Command::new("go");
        command.args(arguments).current_dir(&source).output()
    };
    let download = go(&["mod", "download"]).map_err(|error| format!("no go ({error})"))?;
    if !download.status.success() {
        let why = String::from_utf8_lossy(&download.stderr).into_owned();
        return Err(format!("go cannot get the modules: {why}"));
    }
    let build = go(&["build", "-o", &program.to_string_lossy(), "."]).unwrap();
    assert!(
        build.status.success(),
        "{}",
        String::from_utf8_lossy(&build.stderr)
    );
    Ok(program)
}

/// `Err` with Talos' words if it refuses.
fn judge(program: &Path, question: &[&str], document: &[u8]) -> Result<(), String> {
    let mut child = Command::new(program)
        .args(question)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(document).unwrap();
    let output = child.wait_with_output().unwrap();
    match output.status.code() {
        Some(0) => Ok(()),
        Some(1) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        other => panic!("the validator ended with {other:?}"),
    }
}

fn machine(role: Role, disk: &str) -> MachineInput {
    MachineInput {
        role,
        disk: disk.parse().unwrap(),
        installer: "ghcr.io/siderolabs/installer:v1.13.9".to_owned(),
        event_sink: "10.77.0.1:6000".parse().unwrap(),
        kernel_log: "10.77.0.1:6001".parse().unwrap(),
        service_log: "[fd77::1]:6002".parse().unwrap(),
        attempt: AttemptId::from_bytes([0x12; 16]),
        hostname: None,
        certificate_names: Vec::new(),
    }
}

fn rendered(endpoint: &str, machine: &MachineInput) -> Result<Artefact, RenderError> {
    rendered_with(endpoint, "1.34.1", machine)
}

fn rendered_with(
    endpoint: &str,
    kubernetes: &str,
    machine: &MachineInput,
) -> Result<Artefact, RenderError> {
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    let contract = "1.13.9".parse().unwrap();
    let cluster = ClusterInput::new("base", endpoint, kubernetes, contract, &secrets).unwrap();
    render(&cluster, machine)
}

#[test]
fn talos_accepts_what_machines_are_handed_and_refuses_the_base() {
    let program = match validator("talos-validate-config") {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    for role in [Role::ControlPlane, Role::Worker] {
        for disk in [
            "serial:LAB-DISK 1",
            "serial:0123456",
            "wwn:naa.5000c500a1b2c3d4",
        ] {
            for hostname in [None, Some("node-1.example.com".to_owned())] {
                let machine = MachineInput {
                    hostname,
                    certificate_names: vec!["10.77.0.50".to_owned(), "fd77::50".to_owned()],
                    ..machine(role, disk)
                };
                let config = rendered("https://10.77.0.50:6443", &machine).unwrap();
                assert_eq!(
                    judge(&program, &["config"], config.body.expose()),
                    Ok(()),
                    "{machine:?}"
                );
            }
        }
        let base = generate_base(&GenerateRequest {
            cluster: "base",
            endpoint: "https://base:6443",
            kubernetes: "1.28.0",
            contract: "1.13",
            role: role.as_str(),
            secrets: SECRETS,
        });
        let refused = judge(&program, &["config"], base.unwrap().as_bytes()).unwrap_err();
        assert!(
            refused.contains("either install disk or diskSelector should be defined"),
            "{refused}"
        );
    }
}

/// What a machine asks when it has booted: before that, nobody looks at the versions of the images.
#[test]
fn talos_runs_every_kubernetes_of_its_contract_and_no_other() {
    let program = match validator("talos-validate-kubernetes") {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let endpoint = "https://10.77.0.50:6443";
    let contract: TalosContract = "1.13.9".parse().unwrap();
    let range = contract.kubernetes();
    for role in [Role::ControlPlane, Role::Worker] {
        let machine = machine(role, "serial:0123456");
        for (major, minor) in range.minors() {
            for patch in [0, 98] {
                let version = format!("{major}.{minor}.{patch}");
                let config = rendered_with(endpoint, &version, &machine).unwrap();
                let judged = judge(&program, &["config"], config.body.expose());
                assert_eq!(judged, Ok(()), "{role} {version}");
            }
        }
        let ((major, oldest), (_, newest)) = (range.oldest, range.newest);
        for (version, wanted) in [
            (format!("{major}.{}.99", oldest - 1), "is too old"),
            (format!("{major}.{}.0", newest + 1), "is too new"),
        ] {
            let error = rendered_with(endpoint, &version, &machine).unwrap_err();
            assert!(matches!(error, RenderError::Kubernetes { .. }), "{error}");
            // Talos says the same of the config that is not handed out.
            let inside = rendered_with(endpoint, "1.34.1", &machine).unwrap();
            let config = std::str::from_utf8(inside.body.expose()).unwrap();
            let outside = config.replace("v1.34.1", &format!("v{version}"));
            let refused = judge(&program, &["config"], outside.as_bytes()).unwrap_err();
            assert!(refused.contains(wanted), "{version}: {refused}");
        }
    }
}

/// A disk that the machine does not have is found by the second validator only.
#[test]
fn talos_refuses_a_disk_that_the_machine_does_not_have() {
    let program = match validator("talos-validate-disk") {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let machine = machine(Role::Worker, "serial:ANOTHER");
    let config = rendered("https://10.77.0.50:6443", &machine).unwrap();
    let refused = judge(&program, &["config"], config.body.expose()).unwrap_err();
    assert!(
        refused.contains("runtime validate") && refused.contains("no disks matched"),
        "{refused}"
    );
}

#[test]
fn talos_makes_the_same_access_of_the_same_secrets() {
    let program = match validator("talos-validate-access") {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/secrets.yaml");
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    // 2026-11-23.
    let now = Timestamp::from_millis(1_795_472_405_123);
    let (hours, mut rng) = (Duration::from_hours(8), ChaCha20Rng::seed_from_u64(5));
    for role in [ApiRole::Admin, ApiRole::Operator, ApiRole::Reader] {
        let made = credentials(&secrets, role, now, hours, &mut rng).unwrap();
        for endpoints in [vec![], vec!["10.77.0.10".to_owned(), "fd77::1".to_owned()]] {
            let config = talosconfig("lab", &endpoints, &made);
            let question = ["talosconfig", file, role.as_str()];
            assert_eq!(judge(&program, &question, config.as_bytes()), Ok(()));
        }
        let config = talosconfig("lab", &[], &made);
        let question = ["talosconfig", file, "os:etcd:backup"];
        assert!(judge(&program, &question, config.as_bytes()).is_err());
    }
    let (name, endpoint) = ("lab".parse().unwrap(), "https://lab:6443".parse().unwrap());
    for role in KubeRole::ALL {
        let cluster = KubeCluster {
            name: &name,
            endpoint: &endpoint,
            secrets: &secrets,
        };
        let config = kubeconfig(cluster, role, now, hours, &mut rng).unwrap();
        let question = ["kubeconfig", file, role.group(), role.as_str()];
        assert_eq!(judge(&program, &question, config.as_bytes()), Ok(()));
    }
}

#[test]
fn talos_accepts_the_secrets_that_are_made_and_refuses_a_wrong_key() {
    let program = match validator("talos-validate-secrets") {
        Ok(program) => program,
        Err(why) => {
            println!("skipped: {why}");
            return;
        }
    };
    let contract = "1.13".parse().unwrap();
    // 2026-11-23; authorities are not asked for their times here.
    let now = Timestamp::from_millis(1_795_472_405_123);
    let mut rng = ChaCha20Rng::seed_from_u64(11);
    let mut made = SecretsBundle::generate(contract, now, &mut rng).unwrap();
    let judged = judge(&program, &["secrets"], made.to_yaml().as_bytes());
    assert_eq!(judged, Ok(()));
    made.os.key = SecretsBundle::from_yaml(SECRETS).unwrap().os.key.clone();
    let judged = judge(&program, &["secrets"], made.to_yaml().as_bytes());
    let refused = judged.unwrap_err();
    assert!(
        refused.contains("doesn't match parent's PublicKey"),
        "{refused}"
    );
}

/// The base, and on top of it exactly what is particular to the machine.
#[test]
fn a_machines_config_is_the_base_and_its_own_facts() {
    let machine = MachineInput {
        hostname: Some("node-1".to_owned()),
        certificate_names: vec!["10.77.0.50".to_owned()],
        ..machine(Role::Worker, "serial:LAB1")
    };
    let config = rendered("https://base:6443", &machine).unwrap();
    let config = std::str::from_utf8(config.body.expose()).unwrap();
    let base = include_str!("golden/1.13/base-worker.yaml").replace("v1.28.0", "v1.34.1");
    let expected = base
        .replace(
            "    certSANs: []\n",
            "    certSANs:\n        - 10.77.0.50\n",
        )
        .replace(
            "    install:\n",
            "    install:\n        diskSelector:\n            serial: LAB1\n        \
             image: ghcr.io/siderolabs/installer:v1.13.9\n",
        )
        .replace(
            "cluster:\n    id",
            "    logging:\n        destinations:\n            - endpoint: tcp://[fd77::1]:6002\n              \
             format: json_lines\n              extraTags:\n                \
             drover-attempt: \"12121212121212121212121212121212\"\ncluster:\n    id",
        )
        .replace("auto: stable\n", "hostname: node-1\n")
        + "---\napiVersion: v1alpha1\nkind: EventSinkConfig\nendpoint: 10.77.0.1:6000\n\
           ---\napiVersion: v1alpha1\nkind: KmsgLogConfig\nname: drover\nurl: tcp://10.77.0.1:6001\n";
    assert_eq!(config, expected);
}

#[test]
fn the_same_machine_gets_the_same_bytes_and_shows_none() {
    let machine = machine(Role::ControlPlane, "wwn:naa.5000c500a1b2c3d4");
    let once = rendered("https://base:6443", &machine).unwrap();
    assert!(once == rendered("https://base:6443", &machine).unwrap());
    assert_eq!(once.media_type, "application/yaml");
    let shown = format!("{once:?}");
    assert!(shown.contains("body: Secret(…)"), "{shown}");
}

#[test]
fn what_a_machine_would_not_get_over_is_refused() {
    let good = machine(Role::Worker, "serial:LAB1");
    let refused = |machine: MachineInput| rendered("https://base:6443", &machine).unwrap_err();
    assert_eq!(
        rendered("https://base/", &good).unwrap_err().to_string(),
        "cluster endpoint: wanted a port, as in https://base:6443"
    );
    for installer in ["", "a b", "x\ny: z"] {
        let installer = installer.to_owned();
        let error = refused(MachineInput {
            installer,
            ..good.clone()
        });
        assert!(matches!(error, RenderError::Installer { .. }), "{error}");
    }
    for name in ["", "a b", "-a", "a_b", "a..b", &"a".repeat(64), "a\n"] {
        let hostname = Some(name.to_owned());
        let error = refused(MachineInput {
            hostname,
            ..good.clone()
        });
        assert!(
            matches!(error, RenderError::Hostname { .. }),
            "{name:?}: {error}"
        );
    }
    let error = refused(MachineInput {
        service_log: "10.77.0.1:0".parse().unwrap(),
        ..good.clone()
    });
    assert_eq!(
        error.to_string(),
        "service log: wanted an address with a port, got 10.77.0.1:0"
    );
}
