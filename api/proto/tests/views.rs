//! The views as JSON: they are read back as what they were, absent is null, and their shape changes
//! only where somebody looks.

#![expect(clippy::unwrap_used, reason = "a test may stop")]

use api_proto::schema::Views;
use api_proto::time::from_millis;
use api_proto::v1;
use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::OpenApi;

/// The description that is kept, to see in a review what changes for programs.
const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/views.openapi.json");

fn machine() -> v1::Machine {
    v1::Machine {
        id: "0b".repeat(16),
        name: "cp-1".to_owned(),
        state: v1::MachineState::Failed.into(),
        since: Some(from_millis(1_763_936_405_250)),
        conditions: vec![v1::Condition {
            kind: v1::ConditionKind::BootLoop.into(),
            text: "BootLoop (5 network boots in 15 minutes)".to_owned(),
        }],
        role: Some(v1::MemberRole::Controlplane.into()),
        power: v1::PowerState::Unknown.into(),
        failure: Some(v1::Failure {
            step: "install".to_owned(),
            why: "no disk".to_owned(),
            advice: "look at it".to_owned(),
        }),
        result: Some(v1::ChangeResult::Created.into()),
        details: Some(v1::MachineDetails {
            attempts: vec![v1::Attempt {
                id: "a".to_owned(),
                number: 1,
                opened: Some(from_millis(1_763_936_405_000)),
                end: Some(v1::AttemptEnd::TimedOut.into()),
                artefacts: vec![v1::Artefact {
                    name: "config".to_owned(),
                    sha256: "0b".repeat(32),
                    first_fetched: Some(from_millis(1_763_936_405_000)),
                    last_fetched: Some(from_millis(1_763_936_406_000)),
                    fetches: 2,
                }],
                ..v1::Attempt::default()
            }],
            record: Some(v1::MachineRecord {
                bmc: Some(v1::Bmc {
                    protocol: v1::BmcProtocol::Ipmi.into(),
                    address: "10.77.1.11:623".to_owned(),
                    username: "ADMIN".to_owned(),
                    workarounds: vec!["sun20".to_owned()],
                }),
                ..v1::MachineRecord::default()
            }),
            ..v1::MachineDetails::default()
        }),
        ..v1::Machine::default()
    }
}

/// Over the wire, into JSON, and back.
fn travelled<T>(view: &T) -> T
where
    T: Message + Default + Serialize + DeserializeOwned,
{
    let received = T::decode(view.encode_to_vec().as_slice()).unwrap();
    serde_json::from_str(&serde_json::to_string(&received).unwrap()).unwrap()
}

#[test]
fn a_view_is_the_same_behind_the_wire_and_json() {
    let machine = machine();
    assert_eq!(travelled(&machine), machine);
    let cluster = v1::Cluster {
        name: "lab".to_owned(),
        bootstrap: v1::BootstrapState::Recorded.into(),
        details: Some(v1::ClusterDetails {
            members: vec![machine],
            events: vec![v1::Event {
                sequence: 7,
                at: Some(from_millis(1)),
                ..v1::Event::default()
            }],
        }),
        ..v1::Cluster::default()
    };
    assert_eq!(travelled(&cluster), cluster);
    let database = v1::Database::default();
    assert_eq!(travelled(&database), database);
}

#[test]
fn programs_read_words_and_times_and_null_for_what_is_absent() {
    let value = serde_json::to_value(machine()).unwrap();
    for (pointer, wanted) in [
        ("/state", json!("failed")),
        ("/since", json!("2025-11-23T22:20:05.250Z")),
        ("/waiting", Value::Null),
        ("/cluster", Value::Null),
        ("/architecture", Value::Null),
        ("/role", json!("controlplane")),
        ("/power", json!("unknown")),
        ("/conditions/0/kind", json!("boot_loop")),
        ("/result", json!("created")),
        ("/details/attempts/0/end", json!("timed_out")),
        (
            "/details/attempts/0/opened",
            json!("2025-11-23T22:20:05.000Z"),
        ),
        ("/details/attempts/0/closed", Value::Null),
        ("/details/record/bmc/protocol", json!("ipmi")),
        ("/details/evidence", json!([])),
    ] {
        assert_eq!(value.pointer(pointer), Some(&wanted), "{pointer}: {value}");
    }
}

#[test]
fn a_word_that_does_not_exist_is_refused_with_those_that_do() {
    let mut value = serde_json::to_value(machine()).unwrap();
    value["state"] = json!("happy");
    let said = serde_json::from_value::<v1::Machine>(value).unwrap_err();
    let said = said.to_string();
    assert!(said.contains("active") && said.contains("happy"), "{said}");
}

#[test]
fn the_shape_of_the_views_is_the_one_that_is_kept() {
    let described = Views::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(KEPT, &described).unwrap();
    }
    let kept = std::fs::read_to_string(KEPT).unwrap_or_default();
    assert_eq!(
        kept, described,
        "the views have another shape: if that is meant, UPDATE_GOLDEN=1 cargo test -p api-proto \
         keeps it"
    );
}
