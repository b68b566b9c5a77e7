//! What opens a cluster for a person: talosconfig, kubeconfig, and its secrets as a file. `openssl`
//! is the judge of certificates, Talos' own code that of files (`tests/oracle`, in validator.rs).
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "openssl is a program that reads files; a test stops where it stands"
)]

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use config_render::talos::admin::{ApiRole, credentials, talosconfig};
use config_render::talos::cluster::ClusterName;
use config_render::talos::kubeconfig::{KubeCluster, KubeRole, kubeconfig};
use config_render::talos::secrets::SecretsBundle;
use machine_core::cluster_endpoint::ClusterEndpoint;
use machine_core::time::Timestamp;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const SECRETS: &str = include_str!("golden/secrets.yaml");
/// 2026-11-23T22:20:05.123Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_472_405_123);
const EIGHT_HOURS: Duration = Duration::from_hours(8);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn kube(name: &str, endpoint: &str, role: KubeRole) -> String {
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    let name: ClusterName = name.parse().unwrap();
    let endpoint: ClusterEndpoint = endpoint.parse().unwrap();
    let cluster = KubeCluster {
        name: &name,
        endpoint: &endpoint,
        secrets: &secrets,
    };
    kubeconfig(cluster, role, NOW, EIGHT_HOURS, &mut rng())
        .unwrap()
        .to_string()
}

/// A kubeconfig with the texts in base64 left out, and those texts.
fn without_data(config: &str) -> (String, Vec<String>) {
    let mut data = Vec::new();
    let lines = config.lines().map(|line| match line.split_once("-data: ") {
        Some((field, value)) => {
            let text = STANDARD.decode(value).unwrap();
            data.push(String::from_utf8(text).unwrap());
            format!("{field}-data: …\n")
        }
        None => format!("{line}\n"),
    });
    (lines.collect(), data)
}

#[test]
fn a_kubeconfig_has_the_shape_that_talos_gives_it() {
    let (shape, data) = without_data(&kube("lab", "https://[fd00::1]:6443", KubeRole::Admin));
    assert_eq!(shape, include_str!("golden/kubeconfig.yaml"));
    let [authority, certificate, key] = data.as_slice() else {
        unreachable!("{shape}")
    };
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    assert_eq!(*authority, secrets.kubernetes.certificate);
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----\n"));
    assert!(key.starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
}

#[test]
fn a_cluster_whose_name_is_a_number_is_a_text_in_its_kubeconfig() {
    for name in ["123", "true", "null", "1e5", "lab"] {
        let config = kube(name, "https://lab:6443", KubeRole::Viewer);
        let read: serde_json::Value = serde_saphyr::from_str(&config).unwrap();
        assert_eq!(read["clusters"][0]["name"], name, "{config}");
        assert_eq!(read["contexts"][0]["context"]["cluster"], name);
        assert_eq!(read["current-context"], format!("viewer@{name}"));
    }
}

#[test]
fn a_talosconfig_has_the_shape_that_talos_gives_it() {
    let secrets = SecretsBundle::from_yaml(SECRETS).unwrap();
    let made = credentials(&secrets, ApiRole::Reader, NOW, EIGHT_HOURS, &mut rng()).unwrap();
    for (endpoints, shape) in [
        (
            vec!["10.77.0.10".to_owned(), "fd77::10".to_owned()],
            "        endpoints:\n            - 10.77.0.10\n            - fd77::10\n",
        ),
        (vec![], "        endpoints: []\n"),
    ] {
        let config = talosconfig("lab", &endpoints, &made);
        let head = format!("context: lab\ncontexts:\n    lab:\n{shape}        ca: LS0t");
        assert!(config.starts_with(&head), "{}", &config[..120]);
        let fields: Vec<&str> = config.lines().rev().take(3).collect();
        for (line, field) in fields.iter().zip(["key: LS0t", "crt: LS0t", "ca: LS0t"]) {
            assert!(line.trim_start().starts_with(field), "{field}");
        }
    }
}

#[test]
fn secrets_that_are_imported_and_exported_are_the_same_bytes() {
    let read = SecretsBundle::from_yaml(SECRETS).unwrap();
    let (comment, file) = SECRETS.split_once('\n').unwrap();
    assert!(comment.starts_with('#'));
    assert!(read.to_yaml().as_str() == file, "other bytes");
}

fn openssl(directory: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// Holds the client's key to belong to its certificate: both give the same public key.
fn assert_key_fits(directory: &Path) {
    let (_, from_key) = openssl(directory, &["pkey", "-in", "client.key", "-pubout"]);
    let arguments = ["x509", "-in", "client.crt", "-noout", "-pubkey"];
    let (_, from_certificate) = openssl(directory, &arguments);
    assert!(from_key.contains("BEGIN PUBLIC KEY"));
    assert_eq!(from_key, from_certificate);
}

#[test]
fn openssl_verifies_a_client_of_the_kubernetes_authority() {
    if Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: no openssl");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for (role, subject) in [
        (KubeRole::Admin, "Subject: O = system:masters, CN = admin\n"),
        (
            KubeRole::Viewer,
            "Subject: O = drover:viewers, CN = viewer\n",
        ),
    ] {
        let (_, data) = without_data(&kube("lab", "https://lab:6443", role));
        for (file, text) in ["ca.crt", "client.crt", "client.key"].iter().zip(&data) {
            std::fs::write(directory.path().join(file), text).unwrap();
        }
        let verify = |purpose, at: i64| {
            let at = at.to_string();
            let arguments = ["verify", "-attime", &at, "-purpose", purpose];
            let files = ["-CAfile", "ca.crt", "client.crt"];
            openssl(directory.path(), &[arguments.as_slice(), &files].concat())
        };
        let now = NOW.as_millis() / 1000;
        let (verified, text) = verify("sslclient", now);
        assert!(verified, "{text}");
        assert!(!verify("sslserver", now).0, "good for a server");
        assert!(
            !verify("sslclient", now + 8 * 3600 + 1).0,
            "good after its hours"
        );
        assert!(
            verify("sslclient", now - 23 * 3600).0,
            "a clock a day behind"
        );
        let (_, text) = openssl(
            directory.path(),
            &[
                "x509",
                "-in",
                "client.crt",
                "-noout",
                "-text",
                "-nameopt",
                "oneline",
            ],
        );
        for wanted in [
            subject,
            "Digital Signature, Key Encipherment\n",
            "TLS Web Client Authentication\n",
            "Signature Algorithm: ecdsa-with-SHA256",
        ] {
            assert!(text.contains(wanted), "{role} lacks {wanted:?}: {text}");
        }
        assert_key_fits(directory.path());
    }
}
