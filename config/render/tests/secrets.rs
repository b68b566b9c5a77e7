//! Secrets: made, written, read, refused, and never shown. `openssl` is the judge of certificates.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "openssl is a program that reads files; a test stops where it stands"
)]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use config_render::talos::admin::{ApiRole, credentials, talosconfig};
use config_render::talos::check::is_token;
use config_render::talos::contract::TalosContract;
use config_render::talos::secrets::SecretsBundle;
use machine_core::time::Timestamp;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const SECRETS: &str = include_str!("golden/secrets.yaml");
/// 2026-11-23T22:20:05.123Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_472_405_123);
const NOW_SECONDS: &str = "1795472405";

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

/// Once for all tests: RSA-4096 is slow to make.
static MADE: LazyLock<SecretsBundle> = LazyLock::new(|| {
    let contract: TalosContract = "1.13".parse().unwrap();
    SecretsBundle::generate(contract, NOW, &mut rng()).unwrap()
});

#[test]
fn what_is_made_is_accepted_and_comes_back() {
    let yaml = MADE.to_yaml();
    assert_eq!(SecretsBundle::from_yaml(&yaml).unwrap(), *MADE);
    assert!(is_token(MADE.bootstrap_token.expose()));
    assert!(is_token(MADE.trustd_token.expose()));
    assert_ne!(MADE.bootstrap_token, MADE.trustd_token);
}

#[test]
fn keys_carry_the_labels_that_talos_writes() {
    for (key, label) in [
        (&MADE.etcd.key, "EC"),
        (&MADE.kubernetes.key, "EC"),
        (&MADE.aggregator.key, "EC"),
        (&MADE.service_account, "RSA"),
        (&MADE.os.key, "ED25519"),
    ] {
        let head = format!("-----BEGIN {label} PRIVATE KEY-----\n");
        assert!(key.expose().starts_with(&head), "{label}");
    }
}

#[test]
fn nothing_is_shown() {
    let shown = format!("{:?}", *MADE);
    let yaml = MADE.to_yaml();
    let secret_fields = [
        "secret",
        "bootstraptoken",
        "secretboxencryptionsecret",
        "token",
        "key",
    ];
    let mut looked_at = 0;
    for line in yaml.lines() {
        let Some((field, value)) = line.trim().split_once(": ") else {
            continue;
        };
        if secret_fields.contains(&field) {
            looked_at += 1;
            assert!(!shown.contains(value), "{field}");
        }
    }
    assert_eq!(looked_at, 9);
    assert!(!shown.contains("PRIVATE KEY"));
}

#[test]
fn broken_bundles_are_refused_by_field_and_without_their_values() {
    let token = "inn7ol.u4ehnti8qyls9ymo";
    let secretbox = "45yd2Ke+sytiICojDf8aibTfgt99nzJmO53cjDqrCto=";
    for (from, to, expected) in [
        (
            token,
            "inn7ol",
            "secrets.bootstraptoken: wanted 6 and 16 of a-z0-9 with a dot between",
        ),
        (
            token,
            "INN7OL.u4ehnti8qyls9ymo",
            "secrets.bootstraptoken: wanted 6",
        ),
        (
            "    token: d8cwfa",
            "    token: 8cwfa",
            "trustdinfo.token: wanted 6",
        ),
        (
            "    token: d8cwfa.eyvpi0xwxyarbfid",
            "    token: [d8cwfa.eyvpi0xwxyarbfid]",
            "line ",
        ),
        (
            secretbox,
            "aGk=",
            "secrets.secretboxencryptionsecret: wanted base64 of 32 bytes",
        ),
        ("0raF93qn", "0raF", "cluster.id: wanted base64 of 32 bytes"),
        ("pofHbABZ", "________", "cluster.secret: wanted"),
        ("    secretboxencryptionsecret:", "    other:", "line "),
        ("        crt: LS0t", "        crt: '!", "line "),
        (
            "key: LS0tLS1CRUdJTiBFRDI1NTE5",
            "key: LS0tLS1CRUdJTiBFRDI1NTE4",
            "certs.os.key is not a private key",
        ),
        ("cluster:\n", "nonsense:\n", "line "),
        ("cluster:", "cluster: [", "line "),
    ] {
        let broken = SECRETS.replacen(from, to, 1);
        assert_ne!(broken, SECRETS, "{from}");
        let error = SecretsBundle::from_yaml(&broken).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.starts_with(expected), "{expected}: {error}");
        for secret in [token, secretbox, "LS0t", "eyvpi0xwxyarbfid"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[test]
fn a_key_that_no_bundle_has_is_named_without_its_value() {
    let token = "inn7ol.u4ehnti8qyls9ymo";
    for (from, to, key) in [
        (
            "    bootstraptoken: ",
            "    bootstraptokenn: ",
            Some("bootstraptokenn"),
        ),
        ("    bootstraptoken: ", "    bootstraptoken:", None),
        (
            "    bootstraptoken: inn7ol.u4ehnti8qyls9ymo",
            "    inn7ol.u4ehnti8qyls9ymo: x",
            None,
        ),
        (
            "secrets:\n",
            "machine: { token: inn7ol.u4ehnti8qyls9ymo }\nsecrets:\n",
            Some("machine"),
        ),
    ] {
        let broken = SECRETS.replacen(from, to, 1);
        assert_ne!(broken, SECRETS, "{from}");
        let error = SecretsBundle::from_yaml(&broken).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.starts_with("line "), "{shown}");
        assert!(!shown.contains(token), "{shown}");
        let named = key.is_some_and(|key| shown.contains(&format!("the key `{key}`")));
        assert_eq!(named, key.is_some(), "{shown}");
    }
}

#[test]
fn missing_fields_are_named() {
    for (cut, field) in [
        (
            "    secret: pofHbABZq7VXuObsdLdy/bHmz6hlMHZ3p8+6WKrv1ic=\n",
            "cluster.secret",
        ),
        (
            "    bootstraptoken: inn7ol.u4ehnti8qyls9ymo\n",
            "secrets.bootstraptoken",
        ),
    ] {
        let error = SecretsBundle::from_yaml(&SECRETS.replace(cut, "")).unwrap_err();
        assert_eq!(error.to_string(), format!("{field} is missing"));
    }
    let error = SecretsBundle::from_yaml("cluster: {}\n").unwrap_err();
    assert_eq!(error.to_string(), "cluster.id is missing");
}

proptest! {
    #[test]
    fn any_text_is_a_bundle_or_an_error(text: String, at in 0..SECRETS.len(), byte in b' '..b'~') {
        let _ = SecretsBundle::from_yaml(&text);
        let mut changed = SECRETS.as_bytes().to_vec();
        changed[at] = byte;
        if let Err(error) = SecretsBundle::from_yaml(std::str::from_utf8(&changed).unwrap()) {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("LS0t") && !shown.contains("eyvpi0"), "{}", shown);
        }
    }
}

/// The certificate of one authority and the key of another.
#[test]
fn keys_that_do_not_fit_are_refused() {
    let mut bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    bundle.os.key = MADE.os.key.clone();
    let error = SecretsBundle::from_yaml(&bundle.to_yaml()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "certs.os.key: wanted the key of the certificate beside it"
    );
    let mut bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    bundle.etcd.key = bundle.kubernetes.key.clone();
    let error = SecretsBundle::from_yaml(&bundle.to_yaml()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "certs.etcd.key: wanted the key of the certificate beside it"
    );
}

#[test]
fn a_talosconfig_names_its_context_and_holds_the_credentials() {
    let bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    let validity = Duration::from_hours(1);
    let made = credentials(&bundle, ApiRole::Admin, NOW, validity, &mut rng()).unwrap();
    let config = talosconfig("base", &["10.77.0.50".to_owned()], &made);
    let read: serde_json::Value = serde_saphyr::from_str(&config).unwrap();
    assert_eq!(read["context"], "base");
    let context = &read["contexts"]["base"];
    assert_eq!(context["endpoints"], serde_json::json!(["10.77.0.50"]));
    let head = "LS0tLS1CRUdJTiBFRDI1NTE5IFBSSVZBVEUgS0VZLS0tLS0K";
    assert!(context["key"].as_str().unwrap().starts_with(head));
    assert_eq!(made.key_pkcs8_der().len(), 48);
}

#[test]
fn the_same_input_makes_the_same_credentials() {
    let bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    let made = |seed| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let validity = Duration::from_mins(1);
        credentials(&bundle, ApiRole::Reader, NOW, validity, &mut rng).unwrap()
    };
    assert_eq!(made(1).certificate, made(1).certificate);
    assert_ne!(made(1).certificate, made(2).certificate);
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

fn has_openssl() -> bool {
    Command::new("openssl").arg("version").output().is_ok()
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
    let (fits, text) = openssl(
        directory.path(),
        &["rsa", "-in", "sa.key", "-check", "-noout", "-text"],
    );
    assert!(fits && text.contains("4096 bit"), "{text}");
    std::fs::write(directory.path().join("etcd.key"), MADE.etcd.key.expose()).unwrap();
    let (fits, text) = openssl(
        directory.path(),
        &["ec", "-in", "etcd.key", "-check", "-noout", "-text"],
    );
    assert!(fits && text.contains("prime256v1"), "{text}");
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
        // The key belongs to the certificate: both give the same public key.
        std::fs::write(directory.path().join("client.key"), made.key_pkcs8_der()).unwrap();
        let (_, from_key) = openssl(
            directory.path(),
            &["pkey", "-inform", "DER", "-in", "client.key", "-pubout"],
        );
        let (_, from_certificate) = openssl(
            directory.path(),
            &["x509", "-in", "client.crt", "-noout", "-pubkey"],
        );
        assert!(from_key.contains("BEGIN PUBLIC KEY"));
        assert_eq!(from_key, from_certificate);
    }
}

#[test]
fn two_bundles_with_one_id_or_one_talos_authority_are_one_cluster_to_their_machines() {
    let other = SecretsBundle::from_yaml(SECRETS).unwrap();
    assert!(!other.has_identity_of(&MADE));
    let mut one_id = other.clone();
    one_id.cluster_id.clone_from(&MADE.cluster_id);
    assert!(one_id.has_identity_of(&MADE));
    let mut one_authority = other;
    one_authority.os.clone_from(&MADE.os);
    assert!(one_authority.has_identity_of(&MADE));
}
