//! What lists say beside the records: whom a cluster waits for, whose disk is another's, and what is
//! over.

use api_server::operations::endings::Ending;
use api_server::operations::page::Page;
use machine_core::claimant::Claimant;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::MacAddress;
use machine_core::id::{BootId, MachineId};
use machine_core::lifecycle::Input;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::claimants::Heard;
use machine_store::commit::Committer;
use machine_store::evidence::{Evidence, Fact};
use machine_store::facts::Learned;

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::machines::RACK;
use crate::permitted::Begun;

/// A cluster that takes machines by what they are.
const MATCHING: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
allow_plaintext: true
members:
  - { role: controlplane, machine: cp-1 }
  - { role: worker, match: { product: R650 } }
";

impl Around {
    async fn said_of(&self, name: &str) -> Vec<String> {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        let conditions = details.view.conditions.iter();
        conditions.map(ToString::to_string).collect()
    }

    /// Each machine that `cluster show` lists, and what it says of it.
    async fn listed(&self) -> Vec<(String, String)> {
        let (_, members) = self
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .unwrap();
        let mut listed = Vec::new();
        for it in members {
            let conditions: Vec<String> = it.conditions.iter().map(ToString::to_string).collect();
            listed.push((it.machine.name, conditions.join(", ")));
        }
        listed
    }

    async fn changed(&self, name: &str, change: impl FnOnce(Machine) -> Machine) {
        let machine = change(self.machine(name).await);
        let learned = Learned {
            machine: machine.id,
            at: NOW,
            source: EvidenceSource::Asked,
            hardware: machine.hardware.clone(),
        };
        let machines = vec![MachineWrite::Update(machine)];
        self.write(Change {
            machines,
            learned: vec![learned],
            ..Change::default()
        })
        .await;
    }
}

#[tokio::test]
async fn a_cluster_lists_the_machines_that_its_rules_wait_for_and_why() {
    let around = Around::racked().await;
    around.cluster(MATCHING, "c").await.unwrap();
    let awaited = ("cp-1".to_owned(), "Awaited as controlplane".to_owned());
    assert_eq!(around.listed().await, [awaited]);

    around
        .changed("cp-2", |it| it.after(Input::Accept, NOW).unwrap())
        .await;
    let listed = around.listed().await;
    assert_eq!(listed[1].0, "cp-2");
    assert!(
        listed[1]
            .1
            .contains("once its inspection has told: product"),
        "{listed:?}"
    );

    around
        .changed("cp-2", |mut it| {
            it.hardware.product = Some("R650".to_owned());
            it.after(Input::FactsComplete, NOW).unwrap()
        })
        .await;
    let listed = around.listed().await;
    assert!(
        listed[1]
            .1
            .contains("names the disk: nothing is installed without"),
        "{listed:?}"
    );
    let dead = around.machine("cp-1").await.id;
    let why = "its BMC does not answer: timed out".to_owned();
    around.world.notes.lock().unwrap().insert(dead, why);
    let clusters = around
        .operations
        .list_clusters(&caller(), &Page::default())
        .await
        .unwrap()
        .items;
    let note = &clusters[0].seen.waiting;
    for wanted in [
        "cp-1 (controlplane, discovered: its BMC does not answer",
        "cp-2 (worker, available: ",
    ] {
        assert!(note.contains(wanted), "{note}");
    }
}

#[tokio::test]
async fn two_machines_with_one_disk_name_each_other() {
    let around = Around::racked().await;
    assert!(around.said_of("cp-2").await.is_empty());
    around.cluster(CLUSTER, "c").await.unwrap();
    around.begin("cp-1", "lab", Begun::Permitted).await;
    let disk = around.machine("cp-1").await.install_disk;
    around
        .changed("cp-2", |it| Machine {
            install_disk: disk,
            ..it
        })
        .await;
    for (name, other) in [("cp-1", "cp-2"), ("cp-2", "cp-1")] {
        let said = around.said_of(name).await;
        let wanted = format!("SharedDisk: serial:CP1 is also the disk of {other}: ");
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&wanted), "{said:?}");
    }
    let asked = asked("retire");
    let retired = around.operations.end("cp-1", Ending::Retire, &asked);
    retired.await.unwrap();
    assert!(
        around.said_of("cp-2").await.is_empty(),
        "a disk of a retired machine may move"
    );
}

#[tokio::test]
async fn a_claim_is_over_when_the_claimant_was_merged() {
    let around = Around::racked().await;
    let own = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
    let new = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 0x99]);
    let uuid = Fact::Uuid("4c4c4544-0042-4b10-8051-b3c04f564231".parse().unwrap());
    let machine = around.machine("cp-1").await.id;
    let claimant = Machine::discovered(MachineId::from_bytes([0xf0; 16]), "m-1", NOW);
    let showed = |machine, card| Evidence {
        machine,
        source: EvidenceSource::Registered,
        at: NOW,
        facts: vec![Fact::Mac(card), uuid.clone()],
    };
    let evidence = vec![showed(machine, own), showed(claimant.id, new)];
    let machines = vec![MachineWrite::Insert(claimant)];
    let change = Change {
        machines,
        evidence,
        ..Change::default()
    };
    around.write(change).await;
    let heard = Heard {
        machine,
        claimant: Claimant {
            boot: BootId::from_bytes([1; 16]),
            card: new,
            address: [10, 77, 0, 50].into(),
            uuid: None,
            serial: None,
            first_seen: NOW,
            last_seen: NOW,
        },
        is_own: false,
        why: "a card that is not registered claims to be cp-1".to_owned(),
    };
    let (commit, _) = Committer::spawn(around.db.clone());
    commit.submit(heard).await.unwrap();
    let said = around.said_of("cp-1").await;
    assert!(said.iter().any(|it| it.starts_with("Claimed")), "{said:?}");
    let merge = Ending::Merge {
        into: "cp-1",
        board: false,
    };
    around
        .operations
        .end("m-1", merge, &asked("m"))
        .await
        .unwrap();
    assert_eq!(around.said_of("cp-1").await, Vec::<String>::new());
}

impl Around {
    /// What `cluster list` and `cluster show` note of the cluster.
    async fn notes_on_lab(&self) -> [String; 2] {
        let listed = self
            .operations
            .list_clusters(&caller(), &Page::default())
            .await
            .unwrap()
            .items;
        let (shown, _) = self
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .unwrap();
        let listed = listed.into_iter().next().unwrap();
        [listed, shown].map(|it| it.seen.waiting)
    }
}

#[tokio::test]
async fn a_rule_that_names_a_machine_in_vain_is_said_as_long_as_it_does() {
    let around = Around::racked().await;
    let misspelt = CLUSTER.replace("machine: cp-1 }", "machine: cp1 }");
    let (_, notes) = around.cluster(&misspelt, "misspelt").await.unwrap();
    let wanted = "cp1: there is no such machine (did you mean cp-1?)";
    assert!(notes.iter().any(|it| it == wanted), "{notes:?}");
    let wanted = "its rule names cp1, and there is no such machine (did you mean cp-1?)";
    for noted in around.notes_on_lab().await {
        assert_eq!(noted, wanted);
    }
    around.cluster(CLUSTER, "corrected").await.unwrap();
    let by = asked("retire");
    let retired = around.operations.end("cp-1", Ending::Retire, &by).await;
    assert!(retired.is_ok(), "{retired:?}");
    let (_, notes) = around.cluster(CLUSTER, "again").await.unwrap();
    let wanted = "cp-1: it is retired: drover machine accept cp-1 takes it back";
    assert!(notes.iter().any(|it| it.starts_with(wanted)), "{notes:?}");
    for noted in around.notes_on_lab().await {
        let wanted = "its rule names cp-1, and it is retired: drover machine accept cp-1";
        assert!(noted.starts_with(wanted), "{noted}");
    }
}

#[tokio::test]
async fn a_rename_says_which_rules_still_name_the_old_name() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "c").await.unwrap();
    let renamed = RACK.replace("name: cp-1", "name: cp-9\n    renamed_from: cp-1");
    let notes = around.rack(&renamed, "renamed").await.unwrap();
    let wanted = "cp-9 was cp-1, and a rule of lab still names cp-1";
    assert!(notes.iter().any(|it| it.starts_with(wanted)), "{notes:?}");
    let [listed, _] = around.notes_on_lab().await;
    assert!(
        listed.contains("its rule names cp-1, and there is no"),
        "{listed}"
    );
}

#[tokio::test]
async fn a_list_names_three_of_the_machines_that_a_cluster_waits_for_and_counts_the_others() {
    let around = Around::new().await;
    let entry =
        |it| format!("  - {{ name: n-{it}, nics: [{{ mac: \"52:54:00:77:00:0{it}\" }}] }}\n");
    let rule = |name: String| format!("  - {{ role: worker, machine: {name} }}\n");
    let rack = format!("machines:\n{}", (1..=5).map(entry).collect::<String>());
    let waiting = (1..=5).map(|it| rule(format!("n-{it}")));
    let in_vain = (6..=9).map(|it| rule(format!("w-{it}")));
    let rules: String = waiting.chain(in_vain).collect();
    let cluster = format!("{CLUSTER}{rules}");
    around.rack(&rack, "rack").await.unwrap();
    around.cluster(&cluster, "c").await.unwrap();
    let [listed, shown] = around.notes_on_lab().await;
    assert!(listed.contains("n-3 (worker"), "{listed}");
    assert!(
        !listed.contains("n-4") && !listed.contains("w-9"),
        "{listed}"
    );
    let more = " and 2 more (drover cluster show lab lists them)";
    assert!(listed.ends_with(more), "{listed}");
    assert_eq!(
        listed.matches("drover cluster show lab").count(),
        2,
        "{listed}"
    );
    // What its table does not list is said in full.
    assert!(
        shown.contains("its rule names w-9, and there is no"),
        "{shown}"
    );
}
