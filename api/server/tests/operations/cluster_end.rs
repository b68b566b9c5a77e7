//! What ends a cluster's stories: a person resolves a Bootstrap, a cluster is deleted.

use api_server::operations::endings::Ending;
use machine_core::id::OperationId;
use machine_core::lifecycle::State;
use machine_core::operation::{Operation, OperationOutcome, Resolution};
use machine_store::change::{Change, ClusterWrite, OperationWrite};
use machine_store::place::Place;
use machine_store::{attempts, intents, secrets};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::machines::RACK;
use crate::permitted::Begun;

impl Around {
    async fn delete(&self, confirm: &str, key: &str) -> Result<Vec<String>, String> {
        let by = asked(key);
        let deleted = self.operations.delete_cluster("lab", confirm, &by).await;
        deleted.map_err(|error| error.to_string())
    }

    async fn call_bootstrap(&self, number: u8, outcome: OperationOutcome) {
        let (view, _) = self
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .unwrap();
        let machine = self.machine("cp-1").await.id;
        let id = OperationId::from_bytes([number; 16]);
        let called = Operation {
            outcome,
            ..Operation::bootstrap(id, view.cluster.id, machine, NOW)
        };
        self.write(Change {
            clusters: vec![ClusterWrite::Update(view.cluster)],
            operations: vec![OperationWrite::Begin(called)],
            ..Change::default()
        })
        .await;
    }
}

#[tokio::test]
async fn a_person_resolves_a_bootstrap_whose_outcome_is_unknown() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let resolve = async |resolution, key| {
        let by = asked(key);
        let view = around
            .operations
            .resolve_bootstrap("lab", resolution, &by)
            .await;
        let bootstrap = view.map(|it| it.cluster.bootstrap.map(|it| it.outcome));
        bootstrap.map_err(|error| error.to_string())
    };
    let said = resolve(Resolution::Done, "2").await.unwrap_err();
    assert!(
        said.starts_with("lab: Bootstrap was not called yet"),
        "{said}"
    );
    around.call_bootstrap(1, OperationOutcome::Unknown).await;
    assert_eq!(resolve(Resolution::NotDone, "3").await, Ok(None));
    around.call_bootstrap(2, OperationOutcome::Refused).await;
    let done = Ok(Some(OperationOutcome::Done));
    assert_eq!(resolve(Resolution::Done, "4").await, done);
    // The same request again is answered, and the other one is refused.
    assert_eq!(resolve(Resolution::Done, "4").await, done);
    let said = resolve(Resolution::NotDone, "5").await.unwrap_err();
    assert!(said.contains("bootstrapped already"), "{said}");
    let events = around.events().await;
    for told in [
        "person:alice: a person says that it was not carried out: it is called again (it is time)",
        "person:alice: a person says that it was carried out (it is time)",
    ] {
        assert!(events.iter().any(|it| it == told), "{events:?}");
    }
}

#[tokio::test]
async fn a_cluster_without_members_is_deleted_with_its_secrets_and_permissions() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let attempt = around.installing().await;
    let said = around.delete("", "2").await.unwrap_err();
    assert!(said.contains("--confirm lab"), "{said}");
    let place = Place::new("cluster", attempt.assignment.cluster, "secrets");
    assert!(secrets::find(&around.db, &place).await.unwrap().is_some());
    assert_eq!(around.delete("lab", "3").await.unwrap(), ["cp-1"]);
    assert_eq!(around.delete("lab", "3").await.unwrap(), ["cp-1"], "again");
    assert_eq!(secrets::find(&around.db, &place).await.unwrap(), None);
    let machine = around.machine("cp-1").await;
    assert_eq!(machine.state, State::Available);
    let intent = intents::latest_of_machine(&around.db, machine.id).await;
    assert!(intent.unwrap().unwrap().closed.is_some());
    let attempt = attempts::find(&around.db, attempt.id).await.unwrap();
    assert!(attempt.unwrap().closed.is_some());
    let said = around.delete("lab", "4").await.unwrap_err();
    assert_eq!(said, "there is no cluster \"lab\"");
    let events = around.events().await;
    assert!(
        events
            .iter()
            .any(|it| it.contains("lab was deleted, with its secrets"))
    );
    let taken_back = "it may not erase serial:CP1 any more";
    assert!(
        events.iter().any(|it| it.contains(taken_back)),
        "{events:?}"
    );
    // The name is free for another one.
    assert!(around.cluster(CLUSTER, "5").await.unwrap().0);
}

#[tokio::test]
async fn a_cluster_with_members_is_not_deleted_and_they_are_named() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let attempt = around.installing().await;
    around.release(&attempt).await;
    let said = around.delete("lab", "2").await.unwrap_err();
    assert!(
        said.starts_with("lab has members: cp-1 (provisioning; got its config at 1970-")
            && said.contains("retire"),
        "{said}"
    );
    assert!(
        around
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .is_ok()
    );
}

/// The config went out, and its keys are on a disk: what was permitted later does not change that.
#[tokio::test]
async fn a_machine_that_got_a_config_before_its_install_was_cancelled_keeps_its_cluster() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    around.begin("cp-1", "lab", Begun::Released).await;
    let elsewhere = RACK.replace("serial: CP1", "serial: CP2");
    around.rack(&elsewhere, "another disk").await.unwrap();
    around.operations.retry("cp-1", &asked("2")).await.unwrap();
    around.begin_again("cp-1", "lab", 2).await;
    let said = around.delete("lab", "3").await.unwrap_err();
    let wanted = "lab has members: cp-1 (provisioning; got its config at 1970-";
    assert!(said.starts_with(wanted), "{said}");
    // Another cluster takes it: until it came up there, it has the keys of the first one.
    let other = CLUSTER
        .replace("name: lab", "name: other")
        .replace("0.10:6443", "0.20:6443");
    let nobody = CLUSTER.replace("machine: cp-1", "machine: cp-2");
    around.cluster(&nobody, "4").await.unwrap();
    around.cluster(&other, "5").await.unwrap();
    around.begin_again("cp-1", "other", 3).await;
    let said = around.delete("lab", "6").await.unwrap_err();
    assert!(
        said.contains("cp-1 (provisioning; got its config"),
        "{said}"
    );
    // What it says to do can be done.
    let by = asked("7");
    let retired = around.operations.end("cp-1", Ending::Retire, &by).await;
    assert!(retired.is_ok(), "{retired:?}");
    assert_eq!(around.delete("lab", "8").await, Ok(Vec::new()));
}
