//! Into a cluster: what is handed out is recorded, bounded and confirmed; secrets are replaced only
//! while nobody has them.

use std::time::Duration;

use api_server::cluster_vault::AccessRole;
use api_server::operations::apply_result::ApplyResult;
use machine_core::artefact::{FetchedArtefact, NamedDigest, Sha256Digest};
use machine_core::attempt::{Attempt, Release};
use machine_core::cluster::Role;
use machine_core::id::BootId;
use machine_core::id::{AttemptId, IntentId};
use machine_core::intent::{Actor, Assignment, Intent, IntentKind};
use machine_core::lifecycle::{Origin, State};
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::commit::Committer;
use machine_store::commit::claim::{ClaimOutcome, ReleaseClaim};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;

impl Around {
    /// cp-1 is permitted to be installed for the cluster, and an attempt is open.
    pub(crate) async fn installing(&self) -> Attempt {
        let (view, _) = self
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .unwrap();
        let mut machine = self.machine("cp-1").await;
        machine.state = State::Provisioning(Origin::Available);
        let assignment = Assignment {
            cluster: view.cluster.id,
            role: Role::ControlPlane,
            disk: "serial:CP1".parse().unwrap(),
        };
        let intent = Intent {
            id: IntentId::from_bytes([71; 16]),
            machine: machine.id,
            assignment: assignment.clone(),
            actor: Actor::Policy("cluster lab".to_owned()),
            reason: "its rule".to_owned(),
            opened: NOW,
            expires: NOW.plus(Intent::LIFETIME),
            kind: IntentKind::Install,
            claims: 0,
            closed: None,
        };
        let attempt = Attempt {
            id: AttemptId::from_bytes([72; 16]),
            machine: machine.id,
            intent: intent.id,
            number: 1,
            assignment,
            opened: NOW,
            deadline: NOW.plus(Duration::from_hours(1)),
            boot: None,
            power_actions: 0,
            power_at: None,
            release: None,
            closed: None,
            accepted_boot: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        self.write(Change {
            machines: vec![MachineWrite::Update(machine)],
            intents: vec![IntentWrite::Open(intent)],
            attempts: vec![AttemptWrite::Open(attempt.clone())],
            ..Change::default()
        })
        .await;
        attempt
    }

    /// The config of an attempt is released.
    pub(crate) async fn release(&self, attempt: &Attempt) {
        let boot = BootId::from_bytes([73; 16]);
        self.write(Change {
            attempts: vec![AttemptWrite::Serve {
                id: attempt.id,
                boot,
            }],
            ..Change::default()
        })
        .await;
        let (commit, _task) = Committer::spawn(self.db.clone());
        let machine = self.machine("cp-1").await;
        let claim = ReleaseClaim {
            attempt: attempt.id,
            intent: attempt.intent,
            machine: machine.id,
            machine_version: machine.version,
            boot,
            release: Release::fetched(NOW, [10, 77, 0, 10].into(), [1; 32]),
            artefact: NamedDigest {
                name: "config",
                sha256: Sha256Digest([1; 32]),
            },
            events: vec![],
        };
        let claimed = commit.submit(claim).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
    }
}

#[tokio::test]
async fn access_is_recorded_with_who_which_role_and_until_when() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let give = async |role, hours, key| {
        let lifetime = Duration::from_hours(hours);
        let by = asked(key);
        around
            .operations
            .give_access("lab", role, lifetime, &by)
            .await
    };
    let access = give(AccessRole::TalosReader, 0, "2").await.unwrap();
    assert_eq!(access.document.as_str(), "lab os:reader []");
    assert_eq!(access.until, NOW.plus(Duration::from_hours(8)));
    assert!(
        access.notes[0].contains("no endpoint"),
        "{:?}",
        access.notes
    );
    let viewer = give(AccessRole::KubeViewer, 1, "3").await.unwrap();
    assert!(viewer.notes[0].contains("--group=drover:viewers"));
    // Asked again under the same key, it is another certificate, and another record.
    give(AccessRole::KubeViewer, 1, "3").await.unwrap();
    let events = around.events().await;
    let until = NOW.plus(Duration::from_hours(8));
    let told = format!("person:alice: talosconfig for os:reader until {until} of lab (it is time)");
    assert!(events.contains(&told), "{events:?}");
    let viewers = events
        .iter()
        .filter(|it| it.contains("kubeconfig for viewer until"));
    assert_eq!(viewers.count(), 2, "{events:?}");
}

#[tokio::test]
async fn access_that_can_not_be_taken_back_ends_within_30_days() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let give = async |lifetime, key| {
        let (by, role) = (asked(key), AccessRole::KubeAdmin);
        around
            .operations
            .give_access("lab", role, lifetime, &by)
            .await
    };
    give(Duration::from_hours(720), "2").await.unwrap();
    for (lifetime, key, got) in [
        (Duration::from_hours(2400), "3", "got 100d"),
        (Duration::from_hours(721), "4", "got 721h"),
        (Duration::from_secs(59), "5", "got 59s"),
    ] {
        let refused = give(lifetime, key).await.unwrap_err().to_string();
        assert!(refused.contains("from 1m to 30d"), "{refused}");
        assert!(refused.ends_with(got), "{refused}");
    }
}

#[tokio::test]
async fn secrets_are_exported_to_who_names_the_cluster_twice_and_that_is_recorded() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    for confirm in ["", "yes", "lab2"] {
        let by = asked("2");
        let refused = around.operations.export_secrets("lab", confirm, &by).await;
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("--confirm lab"), "{said}");
    }
    let by = asked("3");
    let document = around.operations.export_secrets("lab", "lab", &by).await;
    assert!(document.unwrap().starts_with("keys of "));
    let events = around.events().await;
    assert_eq!(
        events.last().unwrap(),
        "person:alice: all secrets of lab (it is time)"
    );
    assert_eq!(
        events
            .iter()
            .filter(|it| it.contains("all secrets"))
            .count(),
        1
    );
    assert!(
        !events.iter().any(|it| it.contains("keys of")),
        "{events:?}"
    );
}

#[tokio::test]
async fn secrets_are_imported_until_a_machine_has_those_that_were_made() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let import = async |document, key| {
        let by = asked(key);
        let imported = around
            .operations
            .import_secrets(("lab", "lab"), document, &by)
            .await;
        imported.map(|_| ()).map_err(|error| error.to_string())
    };
    let shown = around
        .operations
        .cluster_events(&caller(), "lab")
        .await
        .unwrap();
    assert!(!shown.is_empty());
    let made = around.secrets().await;
    let unconfirmed = around
        .operations
        .import_secrets(("lab", ""), "theirs", &asked("0"))
        .await;
    let said = unconfirmed.unwrap_err().to_string();
    assert!(said.contains("--confirm lab"), "{said}");
    assert_eq!(around.secrets().await, made);
    assert_eq!(import("", "2").await.unwrap_err(), "cluster.id is missing");
    assert_eq!(around.secrets().await, made);
    import("theirs", "3").await.unwrap();
    let theirs = around.secrets().await;
    assert_ne!(theirs, made);
    // The first answer again.
    import("theirs", "3").await.unwrap();
    assert_eq!(around.secrets().await, theirs);
    let attempt = around.installing().await;
    let said = import("others", "4").await.unwrap_err();
    assert!(said.contains("drover machine cancel cp-1"), "{said}");
    around.release(&attempt).await;
    let said = import("others", "5").await.unwrap_err();
    assert!(
        said.contains("cp-1 got a config with the secrets of lab"),
        "{said}"
    );
    assert_eq!(around.secrets().await, theirs);
    let events = around.events().await;
    let told = "person:alice: lab was given imported secrets (it is time)";
    assert_eq!(
        events.iter().filter(|it| *it == told).count(),
        1,
        "{events:?}"
    );
}

#[tokio::test]
async fn secrets_of_another_cluster_are_refused_and_the_same_ones_change_nothing() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let second = CLUSTER
        .replace("name: lab", "name: second")
        .replace("0.10:6443", "0.20:6443");
    around.cluster(&second, "2").await.unwrap();
    let import = async |name: &'static str, document, key| {
        let by = asked(key);
        let imported = around
            .operations
            .import_secrets((name, name), document, &by)
            .await;
        imported
            .map(|it| it.result == ApplyResult::Unchanged)
            .map_err(|error| error.to_string())
    };
    assert_eq!(import("second", "theirs and more", "3").await, Ok(false));
    let made = around.secrets().await;
    for (document, key) in [("theirs and more", "4"), ("theirs but other", "5")] {
        let said = import("lab", document, key).await.unwrap_err();
        let wanted = "wanted secrets of its own for lab, got those of the cluster second";
        assert!(said.starts_with(wanted), "{said}");
    }
    assert_eq!(around.secrets().await, made);
    assert_eq!(import("lab", "ours", "6").await, Ok(false));
    assert_eq!(import("lab", "ours", "7").await, Ok(true));
    // A part of them that changes leaves the cluster its own.
    assert_eq!(import("lab", "ours again", "8").await, Ok(false));
    // What a machine has is not replaced by the same, so that is no contradiction.
    let attempt = around.installing().await;
    around.release(&attempt).await;
    assert_eq!(import("lab", "ours again", "9").await, Ok(true));
    let events = around.events().await;
    let told = "person:alice: lab was given imported secrets (it is time)";
    let count = events.iter().filter(|it| *it == told).count();
    assert_eq!(count, 2, "{events:?}");
}

#[tokio::test]
async fn a_machine_is_shown_with_the_documents_that_left_under_its_attempts() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let attempt = around.installing().await;
    let show = async || {
        let shown = around.operations.show_machine(&caller(), "cp-1").await;
        shown.unwrap().artefacts
    };
    assert_eq!(show().await, []);
    around.release(&attempt).await;
    let wanted = FetchedArtefact {
        attempt: attempt.id,
        name: "config".to_owned(),
        sha256: Sha256Digest([1; 32]),
        first: NOW,
        last: NOW,
        fetches: 1,
    };
    assert_eq!(show().await, [wanted]);
}
