//! Who speaks for a machine waits until a person says that it is the machine.

use api_server::error::UseCaseError;
use api_server::operations::release_hold::Choice;
use machine_core::attempt::Attempt;
use machine_core::claimant::Claimant;
use machine_core::cluster::Role;
use machine_core::doubt::SILENCE;
use machine_core::hardware::MacAddress;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId};
use machine_core::intent::{Actor, Assignment, Intent, IntentKind};
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, IntentWrite};
use machine_store::claimants::{self, Heard};
use machine_store::commit::Committer;
use machine_store::{attempts, clusters, identities};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::machines::RACK;

const OWN: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const NEW: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 0x99]);
const ATTEMPT: AttemptId = AttemptId::from_bytes([7; 16]);

fn spoke(boot: u8, card: MacAddress) -> Claimant {
    Claimant {
        boot: BootId::from_bytes([boot; 16]),
        card,
        address: [10, 77, 0, boot].into(),
        uuid: Some("4c4c4544-0000-4000-8000-000000000001".parse().unwrap()),
        serial: Some("S1".parse().unwrap()),
        first_seen: NOW,
        last_seen: NOW,
    }
}

impl Around {
    /// cp-1 with an open attempt, and these who spoke for it.
    async fn spoken(claimants: &[Claimant]) -> Self {
        let around = Self::racked().await;
        let machine = around.machine("cp-1").await.id;
        around.cluster(CLUSTER, "cluster").await.unwrap();
        let all = clusters::list(&around.db).await.unwrap();
        let cluster: ClusterId = all.first().unwrap().id;
        let assignment = Assignment {
            cluster,
            role: Role::ControlPlane,
            disk: "serial:D1".parse().unwrap(),
        };
        let intent = Intent {
            id: IntentId::from_bytes([6; 16]),
            machine,
            assignment: assignment.clone(),
            actor: Actor::Drover,
            reason: String::new(),
            opened: NOW,
            expires: NOW.plus(Intent::LIFETIME),
            kind: IntentKind::Install,
            claims: 0,
            closed: None,
        };
        let attempt = Attempt {
            id: ATTEMPT,
            machine,
            intent: intent.id,
            number: 1,
            assignment,
            opened: NOW,
            deadline: NOW.plus(Attempt::LIFETIME),
            boot: None,
            accepted_boot: None,
            power_actions: 0,
            power_at: None,
            release: None,
            closed: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        around
            .write(Change {
                intents: vec![IntentWrite::Open(intent)],
                attempts: vec![AttemptWrite::Open(attempt)],
                ..Change::default()
            })
            .await;
        let (commit, _) = Committer::spawn(around.db.clone());
        for claimant in claimants {
            let heard = Heard {
                machine,
                claimant: claimant.clone(),
                is_own: claimant.card == OWN,
                why: "a person has to say".to_owned(),
            };
            commit.submit(heard).await.unwrap();
        }
        around
    }

    async fn accepts(&self, choice: Choice) -> Result<(), UseCaseError> {
        let asked = asked("accept");
        let done = self.operations.release_hold("cp-1", &choice, &asked);
        done.await.map(|_| ())
    }

    async fn accepted_boot(&self) -> Option<BootId> {
        let attempt = attempts::find(&self.db, ATTEMPT).await.unwrap();
        attempt.unwrap().accepted_boot
    }

    async fn cards(&self) -> Vec<MacAddress> {
        let machine = self.machine("cp-1").await.id;
        let known = identities::of_machine(&self.db, machine).await.unwrap();
        known.unwrap().macs.into_iter().collect()
    }
}

#[tokio::test]
async fn a_boot_that_was_switched_on_by_hand_is_accepted_for_its_attempt() {
    let around = Around::spoken(&[spoke(1, OWN)]).await;
    let before = around.cards().await;
    around.accepts(Choice::default()).await.unwrap();
    assert_eq!(around.accepted_boot().await, Some(spoke(1, OWN).boot));
    assert_eq!(around.cards().await, before, "nothing new is learned");
    let told = "person:alice: the boot at 10.77.0.1 (52:54:00:77:00:01) is accepted as this \
                machine (it is time)";
    assert_eq!(around.events().await.last().unwrap(), told);
    around.accepts(Choice::default()).await.unwrap();
    assert_eq!(around.events().await.last().unwrap(), told, "once");
}

#[tokio::test]
async fn a_recabled_machine_learns_its_card_from_a_person() {
    let around = Around::spoken(&[spoke(2, NEW)]).await;
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let said: Vec<String> = details
        .view
        .conditions
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(
        said.iter().any(|it| it.starts_with("Claimed: ")),
        "{said:?}"
    );
    around.accepts(Choice::default()).await.unwrap();
    assert!(around.cards().await.contains(&NEW));
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    assert_eq!(details.view.conditions, []);
    let level = details.assurance.unwrap().to_string();
    assert!(
        level.starts_with("A1") && level.contains("UUID and serial"),
        "{level}"
    );
}

#[tokio::test]
async fn of_two_boots_of_one_card_long_apart_the_newer_is_meant() {
    let mut before = spoke(1, OWN);
    let apart = SILENCE + std::time::Duration::from_secs(1);
    before.first_seen = Timestamp::from_millis(
        before.first_seen.as_millis() - i64::try_from(apart.as_millis()).unwrap(),
    );
    before.last_seen = before.first_seen;
    let around = Around::spoken(&[before, spoke(2, OWN)]).await;
    around.accepts(Choice::default()).await.unwrap();
    assert_eq!(around.accepted_boot().await, Some(spoke(2, OWN).boot));
}

#[tokio::test]
async fn what_a_person_accepted_is_taken_back_by_a_document_that_leaves_it_out() {
    let around = Around::spoken(&[spoke(2, NEW)]).await;
    around.accepts(Choice::default()).await.unwrap();
    assert!(around.cards().await.contains(&NEW));
    let applied = around.rack(RACK, "again").await.unwrap();
    let notes = format!("{applied:?}");
    assert!(notes.contains(&format!("card {NEW}")), "{notes}");
    assert!(!around.cards().await.contains(&NEW));
}

#[tokio::test]
async fn of_two_that_speak_a_person_names_the_one() {
    let around = Around::spoken(&[spoke(1, OWN), spoke(2, OWN)]).await;
    let said = around.accepts(Choice::default()).await.unwrap_err();
    let said = said.to_string();
    for boot in ["01010101", "02020202"] {
        let command = format!("drover machine release-hold cp-1 --boot {boot}\n");
        assert!(format!("{said}\n").contains(&command), "{said}");
    }
    let chosen = Choice {
        boot: "0202".to_owned(),
        ..Choice::default()
    };
    around.accepts(chosen).await.unwrap();
    assert_eq!(around.accepted_boot().await, Some(spoke(2, OWN).boot));
    let machine = around.machine("cp-1").await.id;
    let left = claimants::of_machine(&around.db, machine).await.unwrap();
    assert_eq!(left.len(), 1);
}

#[tokio::test]
async fn of_two_that_share_a_boot_the_card_says_which() {
    let around = Around::spoken(&[spoke(1, OWN), spoke(1, NEW)]).await;
    let said = around.accepts(Choice::default()).await.unwrap_err();
    let said = said.to_string();
    for card in [OWN, NEW] {
        let command = format!("release-hold cp-1 --boot 01010101 --card {card}");
        assert!(said.contains(&command), "{said}");
    }
    let chosen = Choice {
        card: Some(OWN),
        boot: "01010101".to_owned(),
    };
    around.accepts(chosen).await.unwrap();
    assert_eq!(around.accepted_boot().await, Some(spoke(1, OWN).boot));
}

#[tokio::test]
async fn nobody_is_accepted_where_nobody_speaks() {
    let around = Around::spoken(&[]).await;
    let said = around.accepts(Choice::default()).await.unwrap_err();
    assert!(
        said.to_string().contains("let it boot from the network"),
        "{said}"
    );
}

#[tokio::test]
async fn who_names_a_boot_that_does_not_speak_reads_which_ones_do() {
    let around = Around::spoken(&[spoke(1, OWN), spoke(2, NEW)]).await;
    let other = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 0x42]);
    let wrong = |boot: &str, card| Choice {
        card,
        boot: boot.to_owned(),
    };
    for (choice, said) in [
        (wrong("ffff", None), "no boot ffff speaks for cp-1 now"),
        (
            wrong("", Some(other)),
            "no card 52:54:00:77:00:42 speaks for cp-1 now",
        ),
        (
            wrong("01", Some(other)),
            "no boot 01 with card 52:54:00:77:00:42 speaks for cp-1 now",
        ),
    ] {
        let refused = around.accepts(choice).await.unwrap_err().to_string();
        assert!(refused.starts_with(said), "{refused}");
        for boot in ["01010101", "02020202"] {
            let command = format!("drover machine release-hold cp-1 --boot {boot}");
            assert!(refused.contains(&command), "{refused}");
        }
    }
    let silent = Around::spoken(&[]).await;
    let refused = silent.accepts(wrong("ffff", None)).await.unwrap_err();
    assert!(refused.to_string().contains("nobody spoke"), "{refused}");
}
