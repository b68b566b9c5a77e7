//! Configs against what Talos' own generator made of the same input.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test reads files and stops where it stands"
)]

use std::collections::BTreeMap;
use std::path::Path;

use config_render::talos::contract::TalosContract;
use config_render::talos::machine::RenderError;
use config_render::talos::request::{GenerateRequest, caveat, generate_base};
use config_render::talos::secrets::SecretsBundle;

const SECRETS: &str = include_str!("golden/secrets.yaml");

const BASE: GenerateRequest<'_> = GenerateRequest {
    cluster: "base",
    endpoint: "https://base:6443",
    kubernetes: "1.28.0",
    contract: "1.13",
    role: "controlplane",
    secrets: SECRETS,
};

#[test]
fn base_configs_are_those_of_talos_byte_for_byte() {
    for (contract, role) in TalosContract::ALL
        .iter()
        .flat_map(|it| ["controlplane", "worker"].map(|role| (it.as_str(), role)))
    {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
        let file = golden.join(contract).join(format!("base-{role}.yaml"));
        let expected = std::fs::read_to_string(&file).unwrap();
        let request = GenerateRequest {
            role,
            contract,
            ..BASE
        };
        let config = generate_base(&request).unwrap();
        for (line, (ours, talos)) in config.lines().zip(expected.lines()).enumerate() {
            assert_eq!(ours, talos, "{contract}, {role}, line {}", line + 1);
        }
        assert!(*config == expected, "{contract}, {role}: lengths differ");
    }
}

#[test]
fn a_kubernetes_that_no_node_of_the_contract_runs_is_told() {
    let told = |kubernetes| caveat(&GenerateRequest { kubernetes, ..BASE });
    for kubernetes in ["1.31.0", "v1.34.1", "1.36.7"] {
        assert_eq!(told(kubernetes), None, "{kubernetes}");
    }
    for kubernetes in ["1.10.0", "1.28.0", "1.37.0"] {
        let said = told(kubernetes).map(|it| it.to_string());
        let wanted =
            format!("kubernetes: wanted 1.31.0 to 1.36.x, which Talos 1.13 runs, got {kubernetes}");
        assert_eq!(said, Some(wanted));
    }
}

#[test]
fn the_bundle_is_written_as_it_was_read() {
    let bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    let (_comment, expected) = SECRETS.split_once('\n').unwrap();
    assert!(*bundle.to_yaml() == expected);
}

#[test]
fn a_worker_never_holds_an_authoritys_key() {
    let bundle = SecretsBundle::from_yaml(SECRETS).unwrap();
    let config = generate_base(&GenerateRequest {
        role: "worker",
        ..BASE
    })
    .unwrap();
    let certs_only = bundle.to_yaml();
    let keys: Vec<&str> = certs_only
        .lines()
        .filter_map(|line| line.trim().strip_prefix("key: "))
        .collect();
    assert_eq!(keys.len(), 5);
    for key in keys {
        assert!(!config.contains(key));
    }
    assert!(!config.contains("secretboxEncryptionSecret"));
}

#[test]
fn inputs_that_talos_would_take_or_cannot_be_guessed_are_refused() {
    let refused = |change: GenerateRequest<'_>| generate_base(&change).unwrap_err();
    let text = |error: RenderError| error.to_string();
    assert_eq!(
        text(refused(GenerateRequest {
            contract: "1.7",
            ..BASE
        })),
        "wanted a Talos version of 1.12, 1.13, got \"1.7\""
    );
    assert_eq!(
        text(refused(GenerateRequest {
            role: "init",
            ..BASE
        })),
        "role: wanted controlplane or worker, got \"init\""
    );
    assert_eq!(
        text(refused(GenerateRequest {
            endpoint: "base:6443",
            ..BASE
        })),
        "cluster endpoint: wanted a URL such as https://10.0.0.1:6443, got \"base:6443\""
    );
    assert_eq!(
        text(refused(GenerateRequest {
            kubernetes: "latest",
            ..BASE
        })),
        "kubernetes version: wanted a version such as 1.34.1, got \"latest\""
    );
    assert_eq!(
        text(refused(GenerateRequest {
            cluster: "a b",
            ..BASE
        })),
        "cluster name: wanted 1 to 253 letters, digits, dots, hyphens and underscores, got \"a b\""
    );
}

type Key = (String, String, String);

/// Documents by apiVersion, kind and name; an absent field and `null` are the same.
fn documents(yaml: &str) -> BTreeMap<Key, serde_json::Value> {
    let all: Vec<serde_json::Value> = serde_saphyr::from_multiple(yaml).unwrap();
    let count = all.len();
    let keyed: BTreeMap<Key, serde_json::Value> = all
        .into_iter()
        .map(|document| {
            let field = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
            let key = (field("apiVersion"), field("kind"), field("name"));
            (key, without_nulls(document))
        })
        .collect();
    assert_eq!(keyed.len(), count, "a document occurs twice");
    keyed
}

fn without_nulls(value: serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(entries) => entries
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key, without_nulls(value)))
            .collect(),
        serde_json::Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        scalar => scalar,
    }
}

#[test]
fn further_inputs_have_the_values_that_talos_gives_them() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/cases");
    let mut seen = 0;
    for case in std::fs::read_dir(cases).unwrap() {
        let case = case.unwrap().path();
        let arguments = std::fs::read_to_string(case.join("args")).unwrap();
        let expected = std::fs::read_to_string(case.join("expected.yaml")).unwrap();
        let lines: Vec<&str> = arguments.lines().collect();
        let argument = |name: &str| {
            let at = lines.iter().position(|line| *line == name).unwrap();
            lines[at + 1]
        };
        let config = generate_base(&GenerateRequest {
            cluster: argument("--cluster"),
            endpoint: argument("--endpoint"),
            kubernetes: argument("--kubernetes"),
            contract: argument("--contract"),
            role: argument("--role"),
            secrets: SECRETS,
        })
        .unwrap();
        assert!(
            documents(&config) == documents(&expected),
            "{}",
            case.display()
        );
        seen += 1;
    }
    assert_eq!(seen, 9);
}
