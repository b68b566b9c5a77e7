//! Secrets: made, written, read, refused, and never shown.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "openssl is a program that reads files; a test stops where it stands"
)]

mod certificates;

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

const SECRETS: &str = include_str!("../golden/secrets.yaml");
/// 2026-11-23T22:20:05.123Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_472_405_123);

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
