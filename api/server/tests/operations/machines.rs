//! Machines: registered, moved, accepted, looked at.

use api_server::caller::{Asked, Caller};
use api_server::error::UseCaseError;
use api_server::operations::page::Page;
use api_server::role::Role;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::SystemUuid;
use machine_core::lifecycle::State;
use machine_core::time::Timestamp;
use machine_store::change::Change;
use machine_store::evidence::{Evidence, Fact};
use machine_store::{requests, reservations};
use sha2::{Digest, Sha256};

use crate::around::{Around, NOW, asked, caller};

pub(crate) const RACK: &str = "\
machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:00:01\", address: 10.77.0.10 }]
    disk: { serial: CP1 }
    bmc: { ipmi: 10.77.1.11, username: drover, password: hunter2 }
  - name: cp-2
    nics: [{ mac: \"52:54:00:77:00:02\", address: 10.77.0.11 }]
";

impl Around {
    pub(crate) async fn racked() -> Self {
        let around = Self::new().await;
        around.rack(RACK, "rack").await.unwrap();
        around
    }

    /// Applies a document of machines; the notes.
    pub(crate) async fn rack(
        &self,
        document: &str,
        key: &str,
    ) -> Result<Vec<String>, UseCaseError> {
        let applied = self
            .operations
            .apply_machines("rack.yaml", document, &asked(key))
            .await?;
        Ok(applied.notes)
    }

    async fn addresses(&self) -> Vec<String> {
        let reserved = reservations::list(&self.db).await.unwrap();
        let told = reserved
            .iter()
            .map(|it| format!("{} {}", it.mac, it.address));
        let mut told: Vec<String> = told.collect();
        told.sort();
        let mut handed_out: Vec<String> = {
            let reserved = self.world.reserved.lock().unwrap();
            reserved
                .iter()
                .map(|(it, at)| format!("{it} {at}"))
                .collect()
        };
        handed_out.sort();
        assert_eq!(told, handed_out);
        told
    }
}

#[tokio::test]
async fn machines_that_are_applied_twice_are_registered_once() {
    let around = Around::racked().await;
    let before = around.machine("cp-1").await;
    let events = around.events().await;
    assert_eq!(events[0], "person:alice: registered (it is time)");
    let repeated = around
        .operations
        .apply_machines("rack.yaml", RACK, &asked("rack"))
        .await
        .unwrap();
    let names: Vec<&str> = repeated
        .machines
        .iter()
        .map(|it| it.view.machine.name.as_str())
        .collect();
    assert_eq!(names, ["cp-1", "cp-2"]);
    assert_eq!(around.machine("cp-1").await, before);
    assert_eq!(around.events().await, events);

    // Under another key it is another request, which finds nothing to change.
    let notes = around.rack(RACK, "another").await.unwrap();
    assert_eq!(notes, ["unchanged: cp-1, cp-2"]);
    assert_eq!(around.machine("cp-1").await, before);
    assert_eq!(around.events().await, events);
}

#[tokio::test]
async fn a_change_without_who_why_or_key_is_refused() {
    for (who, why, key, wanted) in [
        ("", "why", "key", "wanted who asks with the change"),
        ("alice", " ", "key", "wanted a reason with the change"),
        (
            "alice",
            "why",
            "",
            "wanted an idempotency key with the change",
        ),
    ] {
        let caller = Caller::in_process(who, Role::ALL);
        let asked = Asked::new(caller, why.to_owned(), key.to_owned());
        let said = asked.unwrap_err().to_string();
        assert!(said.starts_with(wanted), "{said}");
    }
}

#[tokio::test]
async fn a_key_stands_for_one_request() {
    let around = Around::racked().await;
    let said = around.operations.accept("cp-1", &asked("rack")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("\"rack\" was used for a different"), "{said}");
    assert_eq!(around.machine("cp-1").await.state, State::Discovered);
}

#[tokio::test]
async fn names_that_are_not_known_are_told() {
    let around = Around::new().await;
    let operations = &around.operations;
    let told = [
        operations.accept("nobody", &asked("1")).await.err(),
        operations.retry("nobody", &asked("2")).await.err(),
        operations.show_machine(&caller(), "nobody").await.err(),
        operations.watched(&caller(), "nobody").await.err(),
        operations.show_cluster(&caller(), "nobody").await.err(),
    ];
    for error in told {
        let said = error.unwrap().to_string();
        assert!(said.ends_with(" \"nobody\""), "{said}");
    }
}

#[tokio::test]
async fn a_machine_is_accepted_once() {
    let around = Around::racked().await;
    let operations = &around.operations;
    operations.accept("cp-1", &asked("a")).await.unwrap();
    let again = operations.accept("cp-1", &asked("a")).await.unwrap();
    assert_eq!(again.machine.state, State::Inspecting);
    let said = operations.accept("cp-1", &asked("b")).await.unwrap_err();
    let said = said.to_string();
    assert!(said.starts_with("cp-1: accept is not possible"), "{said}");
    let accepted = "person:alice: discovered -> inspecting: accept (it is time)";
    let events = around.events().await;
    assert_eq!(events.iter().filter(|it| *it == accepted).count(), 1);
}

#[tokio::test]
async fn an_address_moves_with_the_document() {
    let around = Around::racked().await;
    let before = [
        "52:54:00:77:00:01 10.77.0.10",
        "52:54:00:77:00:02 10.77.0.11",
    ];
    assert_eq!(around.addresses().await, before);
    // They exchange their addresses.
    let swapped = RACK
        .replace(".0.10", ".0.99")
        .replace(".0.11", ".0.10")
        .replace(".0.99", ".0.11");
    around.rack(&swapped, "swap").await.unwrap();
    let after = [
        "52:54:00:77:00:01 10.77.0.11",
        "52:54:00:77:00:02 10.77.0.10",
    ];
    assert_eq!(around.addresses().await, after);
    let without = RACK.replace(", address: 10.77.0.11", "");
    around.rack(&without, "without").await.unwrap();
    assert_eq!(around.addresses().await, before[..1]);
}

#[tokio::test]
async fn beside_another_server_an_address_is_recorded_and_said_to_be_his() {
    let around = Around::new().await;
    *around.world.is_proxy.lock().unwrap() = true;
    let notes = around.rack(RACK, "rack").await.unwrap();
    assert_eq!(notes.len(), 3, "{notes:?}");
    let note = "cp-1: 10.77.0.10 is recorded, but Drover gives no addresses there";
    assert!(notes[0].starts_with(note), "{notes:?}");
    assert!(around.world.reserved.lock().unwrap().is_empty());
    let recorded = reservations::list(&around.db).await.unwrap();
    assert_eq!(recorded.len(), 2);
}

#[tokio::test]
async fn an_address_that_can_be_no_machines_is_refused_before_anything_is_written() {
    let around = Around::new().await;
    let wrong = RACK.replace("10.77.0.11", "10.77.0.1");
    let said = around.rack(&wrong, "rack").await.unwrap_err().to_string();
    assert_eq!(
        said,
        "rack.yaml:7: nics.address: wanted an address for cp-2: not the server's, \
         got \"10.77.0.1\""
    );
    assert!(
        around
            .operations
            .list_machines(&caller(), &Page::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    // Nor is the key used up.
    around.rack(RACK, "rack").await.unwrap();
}

#[tokio::test]
async fn evidence_is_shown_with_its_own_times() {
    let around = Around::racked().await;
    let machine = around.machine("cp-1").await.id;
    let boards: [SystemUuid; 2] = [
        "4c4c4544-0042-4b10-8051-b3c04f564231",
        "4c4c4544-0042-4b10-8051-b3c04f564232",
    ]
    .map(|it| it.parse().unwrap());
    for (hours, board) in [(1, boards[0]), (2, boards[1]), (3, boards[1])] {
        around
            .write(Change {
                evidence: vec![Evidence {
                    machine,
                    at: Timestamp::from_millis(NOW.as_millis() + hours),
                    source: EvidenceSource::Asked,
                    facts: vec![Fact::Uuid(board)],
                }],
                ..Change::default()
            })
            .await;
    }
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let times = |value: &str| {
        let mut all = details.evidence.iter();
        let it = all.find(|it| it.value == value).unwrap();
        [it.first_seen, it.last_seen].map(|at| at.as_millis() - NOW.as_millis())
    };
    assert_eq!(times("52:54:00:77:00:01"), [0, 0]);
    assert_eq!(times(&boards[0].to_string()), [1, 1]);
    assert_eq!(times(&boards[1].to_string()), [2, 3]);
}

#[tokio::test]
async fn a_password_can_not_be_tried_out_on_the_record_of_its_request() {
    let around = Around::racked().await;
    let request = requests::find(&around.db, "rack").await.unwrap().unwrap();
    let mut plain = Sha256::new();
    for part in ["apply machines", RACK] {
        plain.update(u64::try_from(part.len()).unwrap().to_be_bytes());
        plain.update(part);
    }
    let plain: [u8; 32] = plain.finalize().into();
    assert_ne!(request.digest, plain);
    assert!(!request.result.contains("hunter2"));
    let other = Around::racked().await;
    let elsewhere = requests::find(&other.db, "rack").await.unwrap().unwrap();
    assert_ne!(request.digest, elsewhere.digest);
}

#[tokio::test]
async fn a_name_that_was_typed_wrongly_is_answered_with_the_one_that_was_meant() {
    let around = Around::racked().await;
    let said = around
        .operations
        .show_machine(&caller(), "CP1")
        .await
        .unwrap_err();
    assert_eq!(
        said.to_string(),
        "there is no machine \"CP1\": did you mean cp-1?"
    );
    let said = around
        .operations
        .show_machine(&caller(), "cp-9")
        .await
        .unwrap_err();
    assert_eq!(said.to_string(), "there is no machine \"cp-9\"");
}

/// What stands on the label of a server is a card or a UUID.
#[tokio::test]
async fn who_looks_finds_a_machine_by_its_card_or_uuid_too() {
    let around = Around::racked().await;
    let uuid = "4c4c4544-0000-4000-8000-000000000002";
    let with = format!("uuid: {uuid}\n    nics: [{{ mac: \"52:54:00:77:00:02\"");
    let document = RACK.replace("nics: [{ mac: \"52:54:00:77:00:02\"", &with);
    around.rack(&document, "uuid").await.unwrap();
    let shown = async |words: &str| {
        let shown = around.operations.show_machine(&caller(), words).await;
        shown.map(|it| it.view.machine.name)
    };
    for words in [
        "cp-2",
        "52:54:00:77:00:02",
        "52-54-00-77-00-02",
        uuid,
        &uuid.to_uppercase(),
    ] {
        assert_eq!(shown(words).await.unwrap(), "cp-2", "{words}");
    }
    let nobody = shown("52:54:00:77:00:99").await.unwrap_err();
    assert!(matches!(nobody, UseCaseError::NotFound { .. }), "{nobody}");
}
