//! Whoever changes a machine finds the change in the next list: what was said of it before is looked
//! at anew, and the list waits for that.

use std::collections::BTreeMap;

use api_server::effects::power::PowerRequest;
use api_server::operations::endings::Ending;
use api_server::operations::page::Page;
use api_server::operations::release_hold::Choice;
use machine_core::claimant::Claimant;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{BootId, MachineId};
use machine_core::lifecycle::Input;
use machine_core::machine::{Failure, Machine};
use machine_store::change::{Change, MachineWrite};
use machine_store::claimants::Heard;
use machine_store::commit::Committer;
use machine_store::evidence::{Evidence, Fact};
use machine_store::generation::resume;

use crate::around::{Around, NEW_NOTE, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::machines::RACK;
use crate::permitted::Begun;

const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const OLD: &str = "of before";

impl Around {
    /// A rack with its cluster, in which every note is of before.
    async fn noted() -> Self {
        let around = Self::racked().await;
        around.cluster(CLUSTER, "cluster").await.unwrap();
        around.with_old_notes().await
    }

    async fn with_old_notes(self) -> Self {
        self.operations
            .list_machines(&caller(), &Page::default())
            .await
            .unwrap();
        let mut notes = self.world.notes.lock().unwrap();
        notes.values_mut().for_each(|note| OLD.clone_into(note));
        drop(notes);
        self
    }

    /// The note of each machine, as the next list has it.
    async fn notes(&self) -> BTreeMap<String, String> {
        let listed = self
            .operations
            .list_machines(&caller(), &Page::default())
            .await
            .unwrap()
            .items;
        let notes = listed.into_iter();
        notes.map(|it| (it.machine.name, it.seen.waiting)).collect()
    }

    /// What the next list says of these machines is new.
    async fn is_new(&self, command: &str, machines: &[&str]) {
        let notes = self.notes().await;
        for name in machines {
            let note = notes.get(*name).map(String::as_str);
            assert_eq!(note, Some(NEW_NOTE), "{name} after {command}");
        }
    }

    async fn is_ended(&self, name: &str, ending: Ending<'_>) {
        let asked = asked("ending");
        self.operations.end(name, ending, &asked).await.unwrap();
    }

    async fn shows(&self, machine: MachineId, fact: Fact) {
        let evidence = vec![Evidence {
            machine,
            source: EvidenceSource::Registered,
            at: NOW,
            facts: vec![fact],
        }];
        let change = Change {
            evidence,
            ..Change::default()
        };
        self.write(change).await;
    }

    /// A machine with a record of its own and the card of cp-1.
    async fn with_a_claimant() -> Self {
        let around = Self::noted().await;
        let machine = Machine::discovered(MachineId::from_bytes([0xf0; 16]), "m-1", NOW);
        let id = machine.id;
        let machines = vec![MachineWrite::Insert(machine)];
        let change = Change {
            machines,
            ..Change::default()
        };
        around.write(change).await;
        around.shows(id, Fact::Mac(CARD)).await;
        around
    }
}

#[tokio::test]
async fn after_each_command_for_one_machine_the_next_list_says_what_is_so_now() {
    let around = Around::noted().await;
    let operations = &around.operations;
    operations.accept("cp-1", &asked("a")).await.unwrap();
    around.is_new("accept", &["cp-1"]).await;

    let around = Around::noted().await;
    around.begin("cp-1", "lab", Begun::Permitted).await;
    let around = around.with_old_notes().await;
    let cancel = Ending::Cancel;
    let operations = &around.operations;
    operations.end("cp-1", cancel, &asked("c")).await.unwrap();
    around.is_new("cancel", &["cp-1"]).await;

    let around = Around::noted().await;
    let inspected = around
        .machine("cp-1")
        .await
        .after(Input::Accept, NOW)
        .unwrap();
    let write = |machine| Change {
        machines: vec![MachineWrite::Update(machine)],
        ..Change::default()
    };
    around.write(write(inspected)).await;
    let failure = Failure {
        step: "inspection".to_owned(),
        why: String::new(),
        advice: String::new(),
    };
    let failed = around.machine("cp-1").await.given_up(failure, NOW).unwrap();
    around.write(write(failed)).await;
    around.operations.retry("cp-1", &asked("r")).await.unwrap();
    around.is_new("retry", &["cp-1"]).await;

    let around = Around::noted().await;
    let on = PowerRequest::On;
    around
        .operations
        .power(("cp-1", ""), on, &asked("p"))
        .await
        .unwrap();
    around.is_new("power", &["cp-1"]).await;
}

#[tokio::test]
async fn after_each_command_that_may_concern_others_the_next_list_is_new_for_all() {
    let all = ["cp-1", "cp-2"];
    let around = Around::noted().await;
    around
        .rack(&RACK.replace("0.11 }", "0.12 }"), "again")
        .await
        .unwrap();
    around.is_new("apply", &all).await;

    let around = Around::noted().await;
    around.is_ended("cp-2", Ending::Forget).await;
    around.is_new("forget", &["cp-1"]).await;

    for ending in [Ending::Retire, Ending::ReplaceBoard] {
        let around = Around::noted().await;
        let board = Fact::Uuid("4c4c4544-0042-4b10-8051-b3c04f564231".parse().unwrap());
        around.shows(around.machine("cp-2").await.id, board).await;
        around.is_ended("cp-2", ending).await;
        around.is_new(&format!("{ending:?}"), &all).await;
    }

    let around = Around::with_a_claimant().await;
    let merge = Ending::Merge {
        into: "cp-1",
        board: false,
    };
    around.is_ended("m-1", merge).await;
    around.is_new("merge", &all).await;

    let around = Around::noted().await;
    let newer = CLUSTER.replace("1.34.1", "1.34.2");
    around.cluster(&newer, "newer").await.unwrap();
    around.is_new("cluster apply", &all).await;
    let around = around.with_old_notes().await;
    let asked = asked("delete");
    let deleted = around.operations.delete_cluster("lab", "lab", &asked);
    deleted.await.unwrap();
    around.is_new("cluster delete", &all).await;
}

#[tokio::test]
async fn only_what_a_command_changes_loses_the_note_that_it_has() {
    let around = Around::noted().await;
    let (one, other) = (
        around.machine("cp-1").await.id,
        around.machine("cp-2").await.id,
    );
    let unsettled = || std::mem::take(&mut *around.world.unsettled.lock().unwrap());
    unsettled();
    let changed = RACK.replace("0.11 }", "0.12 }");
    around.rack(&changed, "again").await.unwrap();
    let told = unsettled();
    assert_eq!(told.len(), 1, "{told:?}");
    around.is_ended("cp-2", Ending::Retire).await;
    assert_eq!(unsettled(), [other].into());
    let newer = CLUSTER.replace("1.34.1", "1.34.2");
    around.cluster(&newer, "newer").await.unwrap();
    assert!(unsettled().is_empty());
    around.operations.accept("cp-1", &asked("a")).await.unwrap();
    assert_eq!(unsettled(), [one].into());
}

#[tokio::test]
async fn after_a_hold_is_released_the_next_list_is_new_for_all() {
    let around = Around::noted().await;
    let heard = Heard {
        machine: around.machine("cp-1").await.id,
        claimant: Claimant {
            boot: BootId::from_bytes([1; 16]),
            card: CARD,
            address: [10, 77, 0, 50].into(),
            uuid: None,
            serial: None,
            first_seen: NOW,
            last_seen: NOW,
        },
        is_own: true,
        why: "a person has to say".to_owned(),
    };
    let (commit, _) = Committer::spawn(around.db.clone());
    commit.submit(heard).await.unwrap();
    let (choice, asked) = (Choice::default(), asked("h"));
    let released = around.operations.release_hold("cp-1", &choice, &asked);
    released.await.unwrap();
    around.is_new("release-hold", &["cp-1", "cp-2"]).await;
}

#[tokio::test]
async fn after_a_database_is_confirmed_no_machine_is_said_to_wait_for_that() {
    let around = Around::new().await;
    let state = tempfile::tempdir().unwrap();
    let mark = state.path().join("generation");
    resume(&around.db, &mark, true).await.unwrap();
    around.rack(RACK, "rack").await.unwrap();
    around.cluster(CLUSTER, "cluster").await.unwrap();
    let around = around.with_old_notes().await;
    let doubt = around
        .operations
        .show_database(&caller())
        .unwrap()
        .safe_mode
        .unwrap();
    let (found, asked) = (doubt.to_string(), asked("confirm"));
    let waits = async || {
        let clusters = around
            .operations
            .list_clusters(&caller(), &Page::default())
            .await
            .unwrap()
            .items;
        clusters[0].seen.waiting.contains(&found)
    };
    assert!(waits().await);
    around
        .operations
        .confirm_database(&found, &asked)
        .await
        .unwrap();
    around.is_new("database confirm", &["cp-1", "cp-2"]).await;
    assert!(!waits().await);
}
