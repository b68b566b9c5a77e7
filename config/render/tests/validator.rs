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

use config_render::talos::cluster::ClusterInput;
use config_render::talos::machine::{MachineInput, RenderError, Rendered, render};
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
fn judge(program: &Path, kind: &str, document: &[u8]) -> Result<(), String> {
    let mut child = Command::new(program)
        .arg(kind)
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

fn rendered(endpoint: &str, machine: &MachineInput) -> Result<Rendered, RenderError> {
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    let contract = "1.13.9".parse().unwrap();
    let cluster = ClusterInput::new("base", endpoint, "1.34.1", contract, &secrets).unwrap();
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
                    judge(&program, "config", config.bytes()),
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
        let refused = judge(&program, "config", base.unwrap().as_bytes()).unwrap_err();
        assert!(
            refused.contains("either install disk or diskSelector should be defined"),
            "{refused}"
        );
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
    let judged = judge(&program, "secrets", made.to_yaml().as_bytes());
    assert_eq!(judged, Ok(()));
    made.os.key = SecretsBundle::from_yaml(SECRETS).unwrap().os.key.clone();
    let judged = judge(&program, "secrets", made.to_yaml().as_bytes());
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
    let config = std::str::from_utf8(config.bytes()).unwrap();
    let base = include_str!("golden/base-worker.yaml").replace("v1.28.0", "v1.34.1");
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
    assert_eq!(once.media_type(), "application/yaml");
    assert!(format!("{once:?}").len() < 64, "{once:?}");
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
