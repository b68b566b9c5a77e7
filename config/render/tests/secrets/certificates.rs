//! The authorities and clients that are made, before `openssl` as the judge.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use config_render::talos::admin::{ApiRole, credentials};
use config_render::talos::secrets::SecretsBundle;

use crate::{MADE, NOW, SECRETS, rng};

const NOW_SECONDS: &str = "1795472405";

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

fn has_openssl() -> bool {
    Command::new("openssl").arg("version").output().is_ok()
}

/// Holds what is in `directory` to be a good key of this kind.
fn assert_good_key(directory: &Path, arguments: &[&str], kind: &str) {
    let (fits, text) = openssl(directory, arguments);
    assert!(fits && text.contains(kind), "{text}");
}

/// Holds the client's key, in DER, to belong to its certificate: both give the same public key.
fn assert_key_fits(directory: &Path) {
    let arguments = ["pkey", "-inform", "DER", "-in", "client.key", "-pubout"];
    let (_, from_key) = openssl(directory, &arguments);
    let arguments = ["x509", "-in", "client.crt", "-noout", "-pubkey"];
    let (_, from_certificate) = openssl(directory, &arguments);
    assert!(from_key.contains("BEGIN PUBLIC KEY"));
    assert_eq!(from_key, from_certificate);
}

#[test]
fn openssl_reads_the_authorities_as_talos_makes_them() {
    if !has_openssl() {
        println!("skipped: no openssl");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    for (name, pair, subject) in [
        ("etcd", &MADE.etcd, "subject=O = etcd\n"),
        ("k8s", &MADE.kubernetes, "subject=O = kubernetes\n"),
        ("aggregator", &MADE.aggregator, "subject=\n"),
        ("os", &MADE.os, "subject=O = talos\n"),
    ] {
        let file = format!("{name}.crt");
        std::fs::write(directory.path().join(&file), &pair.certificate).unwrap();
        let (read, text) = openssl(
            directory.path(),
            &[
                "x509", "-in", &file, "-noout", "-text", "-subject", "-nameopt", "oneline",
            ],
        );
        assert!(read, "{name}: {text}");
        for wanted in [
            subject,
            "Not Before: Nov 22 22:20:05 2026 GMT",
            "Not After : Nov 20 22:20:05 2036 GMT",
            "X509v3 Key Usage: critical\n                Digital Signature, Certificate Sign\n",
            "TLS Web Server Authentication, TLS Web Client Authentication",
            "X509v3 Basic Constraints: critical\n                CA:TRUE\n",
            "X509v3 Subject Key Identifier",
        ] {
            assert!(text.contains(wanted), "{name} lacks {wanted:?}: {text}");
        }
        let (verified, text) = openssl(
            directory.path(),
            &[
                "verify",
                "-attime",
                NOW_SECONDS,
                "-check_ss_sig",
                "-CAfile",
                &file,
                &file,
            ],
        );
        assert!(verified, "{name}: {text}");
    }
    std::fs::write(
        directory.path().join("sa.key"),
        MADE.service_account.expose(),
    )
    .unwrap();
    let arguments = ["rsa", "-in", "sa.key", "-check", "-noout", "-text"];
    assert_good_key(directory.path(), &arguments, "4096 bit");
    std::fs::write(directory.path().join("etcd.key"), MADE.etcd.key.expose()).unwrap();
    let arguments = ["ec", "-in", "etcd.key", "-check", "-noout", "-text"];
    assert_good_key(directory.path(), &arguments, "prime256v1");
}

#[test]
fn openssl_verifies_a_client_of_the_os_authority() {
    if !has_openssl() {
        println!("skipped: no openssl");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let golden = SecretsBundle::from_yaml(SECRETS).unwrap();
    for bundle in [&golden, &*MADE] {
        let validity = Duration::from_hours(1);
        let made = credentials(bundle, ApiRole::Admin, NOW, validity, &mut rng()).unwrap();
        std::fs::write(directory.path().join("ca.crt"), &made.ca).unwrap();
        std::fs::write(directory.path().join("client.crt"), &made.certificate).unwrap();
        let verify = |purpose, at| {
            openssl(
                directory.path(),
                &[
                    "verify",
                    "-attime",
                    at,
                    "-purpose",
                    purpose,
                    "-CAfile",
                    "ca.crt",
                    "client.crt",
                ],
            )
        };
        let (verified, text) = verify("sslclient", NOW_SECONDS);
        assert!(verified, "{text}");
        assert!(!verify("sslserver", NOW_SECONDS).0, "good for a server");
        assert!(!verify("sslclient", "1795476006").0, "good after its hour");
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
        assert!(text.contains("Subject: O = os:admin\n"), "{text}");
        assert!(
            text.contains("Digital Signature\n") && !text.contains("CA:TRUE"),
            "{text}"
        );
        std::fs::write(directory.path().join("client.key"), made.key_pkcs8_der()).unwrap();
        assert_key_fits(directory.path());
    }
}
