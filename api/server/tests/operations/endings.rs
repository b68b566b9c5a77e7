//! How stories of machines end: retired, forgotten, merged, with another board; who asked and why is
//! told, a repetition does nothing twice, and nothing permits to erase a disk afterwards.

use api_server::error::UseCaseError;
use api_server::operations::endings::{Ended, Ending};
use api_server::operations::page::Page;
use machine_core::attempt::{Attempt, AttemptEnd, Release};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::{AttemptId, MachineId};
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{clusters, identities, reservations};

use crate::around::{Around, NOW, asked, caller};
use crate::clusters::CLUSTER;
use crate::retry::failed_intent;

const BOARD: &str = "4c4c4544-0042-4b10-8051-b3c04f564231";
const NEW_BOARD: &str = "4c4c4544-0042-4b10-8051-b3c04f564232";
const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const OTHER_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);
const NEW_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 9]);

fn board(uuid: &str) -> Fact {
    let uuid: SystemUuid = uuid.parse().unwrap();
    Fact::Uuid(uuid)
}

impl Around {
    async fn end(&self, name: &str, ending: Ending<'_>, key: &str) -> Result<Ended, UseCaseError> {
        self.operations.end(name, ending, &asked(key)).await
    }

    async fn refused(&self, name: &str, ending: Ending<'_>) -> String {
        let refused = self.end(name, ending, "refused").await;
        refused.unwrap_err().to_string()
    }

    /// A machine with a record of its own that showed this.
    async fn found_as(&self, name: &str, facts: Vec<Fact>) {
        let machine = Machine::discovered(MachineId::from_bytes([0xf0; 16]), name, NOW.plus(HOUR));
        let evidence = vec![Evidence {
            machine: machine.id,
            source: EvidenceSource::Registered,
            at: NOW.plus(HOUR),
            facts,
        }];
        let change = Change {
            machines: vec![MachineWrite::Insert(machine)],
            evidence,
            ..Change::default()
        };
        self.write(change).await;
    }

    async fn showed(&self, name: &str, facts: Vec<Fact>) {
        let evidence = vec![Evidence {
            machine: self.machine(name).await.id,
            source: EvidenceSource::Registered,
            at: NOW,
            facts,
        }];
        let change = Change {
            evidence,
            ..Change::default()
        };
        self.write(change).await;
    }

    async fn brought(&self, name: &str, inputs: &[Input]) {
        for input in inputs {
            let next = self.machine(name).await.after(*input, NOW).unwrap();
            let machines = vec![MachineWrite::Update(next)];
            let change = Change {
                machines,
                ..Change::default()
            };
            self.write(change).await;
        }
    }

    /// cp-1 in the middle of an install, whose config was released or not.
    async fn in_an_install(release: Option<Release>) -> Self {
        let around = Self::racked().await;
        around.cluster(CLUSTER, "c").await.unwrap();
        let inputs = [Input::Accept, Input::FactsComplete, Input::Allocate];
        around.brought("cp-1", &inputs).await;
        let clusters = clusters::list(&around.db).await.unwrap();
        let cluster = clusters.first().unwrap().id;
        let machine = around.machine("cp-1").await;
        let intent = failed_intent(&machine, cluster);
        let attempt = Attempt {
            id: AttemptId::from_bytes([7; 16]),
            machine: machine.id,
            intent: intent.id,
            number: 1,
            assignment: intent.assignment.clone(),
            opened: NOW,
            deadline: NOW.plus(Attempt::LIFETIME),
            boot: None,
            power_actions: 0,
            power_at: None,
            release,
            closed: None,
            accepted_boot: None,
            basis: None,
            wipe: None,
            verdict: None,
        };
        let change = Change {
            intents: vec![IntentWrite::Open(intent)],
            attempts: vec![AttemptWrite::Open(attempt)],
            ..Change::default()
        };
        around.write(change).await;
        around
    }

    async fn conditions(&self, name: &str) -> Vec<String> {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        let conditions = details.view.conditions.iter();
        conditions.map(ToString::to_string).collect()
    }

    async fn advice(&self, name: &str) -> String {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        details.advice.join("\n")
    }
}

const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

#[tokio::test]
async fn whatever_it_does_a_machine_can_be_retired_and_then_permits_nothing() {
    let around = Around::in_an_install(None).await;
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    assert_eq!(ended.notes, Vec::<String>::new());
    assert_eq!(ended.view.unwrap().machine.state, State::Retired);
    let details = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap();
    let intent = details.intents[0].0.closed.map(|(_, end)| end);
    assert_eq!(intent, Some(IntentEnd::Cancelled));
    let attempt = details.attempts[0].closed.map(|(_, end)| end);
    assert_eq!(attempt, Some(AttemptEnd::Cancelled));
    let events = around.events().await;
    let told = "person:alice: provisioning -> retired: retire (it is time)";
    assert_eq!(events.iter().filter(|it| *it == told).count(), 1);
    // A repetition answers the same; another request finds nothing to retire.
    around.end("cp-1", Ending::Retire, "r").await.unwrap();
    assert_eq!(around.events().await, events);
    let said = around.refused("cp-1", Ending::Retire).await;
    let wanted = "cp-1: retire is not possible while retired; possible now: accept, forget";
    assert_eq!(said, wanted);
}

#[tokio::test]
async fn every_state_but_retired_can_be_retired() {
    let around = Around::racked().await;
    for (key, state) in (0..).zip(State::ALL) {
        let mut machine = around.machine("cp-1").await;
        machine.state = state;
        let change = Change {
            machines: vec![MachineWrite::Update(machine)],
            ..Change::default()
        };
        around.write(change).await;
        let ended = around.end("cp-1", Ending::Retire, &key.to_string()).await;
        assert_eq!(ended.is_ok(), state != State::Retired, "{state}");
    }
}

#[tokio::test]
async fn to_retire_a_machine_whose_config_went_out_says_what_goes_on() {
    let release = Release::fetched(NOW, "10.77.0.10".parse().unwrap(), [1; 32]);
    let around = Around::in_an_install(Some(release)).await;
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("attempt 1 had its config already"),
        "{notes}"
    );
    assert!(notes.contains("erases serial:CP1"), "{notes}");
}

#[tokio::test]
async fn a_dead_member_is_retired_then_forgotten_and_its_timeline_stays() {
    let around = Around::in_an_install(None).await;
    around.brought("cp-1", &[Input::RunsFromDisk]).await;
    let said = around.refused("cp-1", Ending::Forget).await;
    assert!(said.contains("cp-1 is active"), "{said}");
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    let ended = around.end("cp-1", Ending::Retire, "r").await.unwrap();
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("cp-1 goes on running as a node of lab"),
        "{notes}"
    );
    assert!(
        around
            .advice("cp-1")
            .await
            .contains("drover machine forget cp-1")
    );
    let ended = around.end("cp-1", Ending::Forget, "f").await.unwrap();
    assert!(ended.view.is_none());
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("the file of lab still names cp-1"),
        "{notes}"
    );
    let left = around
        .operations
        .list_machines(&caller(), &Page::default())
        .await
        .unwrap()
        .items;
    let names: Vec<&str> = left.iter().map(|it| it.machine.name.as_str()).collect();
    assert_eq!(names, ["cp-2"]);
    // Its address is free, in the records and in DHCP.
    assert_eq!(reservations::list(&around.db).await.unwrap().len(), 1);
    assert_eq!(around.world.reserved.lock().unwrap().len(), 1);
    let operations = &around.operations;
    let id = operations.watched(&caller(), "cp-1").await.unwrap();
    let told = operations.timeline(&caller(), id, 0).await.unwrap();
    let last = told.last().unwrap();
    assert_eq!(last.event.detail, "its record was removed (it is time)");
    // A repetition is answered, though there is no such machine any more.
    around.end("cp-1", Ending::Forget, "f").await.unwrap();
    let said = around.refused("cp-1", Ending::Forget).await;
    assert_eq!(said, "there is no machine \"cp-1\"");
}

#[tokio::test]
async fn a_machine_that_moves_is_not_forgotten() {
    let around = Around::racked().await;
    around.brought("cp-1", &[Input::Accept]).await;
    let said = around.refused("cp-1", Ending::Forget).await;
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    // One that was never accepted is.
    around.end("cp-2", Ending::Forget, "f").await.unwrap();
}

#[tokio::test]
async fn a_swapped_card_ends_with_one_command() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around
        .found_as("m-1", vec![Fact::Mac(NEW_CARD), board(BOARD)])
        .await;
    let way = "drover machine merge m-1 --into cp-1";
    assert!(around.advice("m-1").await.contains(way));
    assert!(around.advice("cp-1").await.contains(way));
    let said = around.operations.accept("m-1", &asked("a")).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("it claims to be cp-1"), "{said}");
    assert!(said.contains(way), "{said}");

    let merge = Ending::Merge {
        into: "cp-1",
        board: false,
    };
    let ended = around.end("m-1", merge, "m").await.unwrap();
    assert_eq!(ended.view.unwrap().machine.name, "cp-1");
    let notes = ended.notes.join("\n");
    assert!(notes.contains("10.77.0.10 stays with the card"), "{notes}");
    let cp = around.machine("cp-1").await.id;
    let known = identities::of_machine(&around.db, cp).await.unwrap();
    let known = known.unwrap();
    assert_eq!(known.macs, [CARD, NEW_CARD].into());
    assert!(around.conditions("cp-1").await.is_empty());
    let events = around.events().await;
    for told in [
        "person:alice: it is cp-1: its record became part of that one (it is time)",
        "person:alice: m-1 is this machine: it has its cards 52:54:00:77:00:09 (it is time)",
    ] {
        assert!(events.iter().any(|it| it == told), "{events:?}");
    }
    let again = around.end("m-1", merge, "m").await.unwrap();
    assert_eq!(again.notes, notes.lines().collect::<Vec<_>>());
    assert_eq!(around.events().await, events);
}

#[tokio::test]
async fn a_replaced_board_ends_with_one_command() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around
        .found_as("m-1", vec![Fact::Mac(CARD), board(NEW_BOARD)])
        .await;
    let way = "drover machine merge m-1 --into cp-1 --board";
    assert!(around.advice("m-1").await.contains(way));
    // That it is another board is said by a person, never assumed.
    let merge = |board| Ending::Merge {
        into: "cp-1",
        board,
    };
    let said = around.refused("m-1", merge(false)).await;
    assert!(said.contains("say --board"), "{said}");
    around.end("m-1", merge(true), "m").await.unwrap();
    let cp = around.machine("cp-1").await.id;
    let known = identities::of_machine(&around.db, cp).await.unwrap();
    assert_eq!(known.unwrap().uuid, Some(NEW_BOARD.parse().unwrap()));
    assert!(around.conditions("cp-1").await.is_empty());
}

#[tokio::test]
async fn what_shares_nothing_with_a_machine_or_comes_while_it_is_installed_is_not_merged() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around
        .found_as("m-1", vec![Fact::Mac(NEW_CARD), board(NEW_BOARD)])
        .await;
    let merge = Ending::Merge {
        into: "cp-1",
        board: true,
    };
    let said = around.refused("m-1", merge).await;
    assert!(said.contains("share no card, UUID or serial"), "{said}");
    let sequence = "first drover machine forget m-1, and then give its card in the entry of cp-1";
    assert!(said.contains(sequence), "{said}");

    let around = Around::in_an_install(None).await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around
        .found_as("m-1", vec![Fact::Mac(NEW_CARD), board(BOARD)])
        .await;
    let said = around.refused("m-1", merge).await;
    assert!(said.contains("drover machine cancel cp-1"), "{said}");
}

#[tokio::test]
async fn what_a_document_registers_is_not_merged() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around.showed("cp-2", vec![board(BOARD)]).await;
    let merge = Ending::Merge {
        into: "cp-1",
        board: false,
    };
    let said = around.refused("cp-2", merge).await;
    for wanted in [
        "cp-2 is registered by a document",
        "drover machine apply --file FILE",
        "end its record (drover machine forget cp-2)",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    around.machine("cp-2").await;
    assert!(!around.advice("cp-2").await.contains("drover machine merge"));
    assert!(!around.advice("cp-1").await.contains("drover machine merge"));
}

#[tokio::test]
async fn a_claimant_takes_no_card_of_a_third_machine_along() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    let listed = vec![Fact::Mac(NEW_CARD), Fact::Mac(OTHER_CARD), board(BOARD)];
    around.found_as("m-1", listed).await;
    let merge = Ending::Merge {
        into: "cp-1",
        board: false,
    };
    let ended = around.end("m-1", merge, "m").await.unwrap();
    let notes = ended.notes.join("\n");
    assert!(
        notes.contains("52:54:00:77:00:02 stays with cp-2"),
        "{notes}"
    );
    let cp = around.machine("cp-1").await.id;
    let known = identities::of_machine(&around.db, cp).await.unwrap();
    assert!(!known.unwrap().macs.contains(&OTHER_CARD));
}

#[tokio::test]
async fn what_is_a_machine_of_its_own_is_not_merged() {
    let around = Around::in_an_install(None).await;
    let merge = Ending::Merge {
        into: "cp-2",
        board: true,
    };
    let said = around.refused("cp-1", merge).await;
    assert!(said.contains("drover machine retire cp-1"), "{said}");
    around.brought("cp-1", &[Input::RunsFromDisk]).await;
    let said = around.refused("cp-1", merge).await;
    assert!(said.contains("cp-1 is active"), "{said}");
    let said = around.refused("cp-2", merge).await;
    assert!(said.contains("cp-2 twice"), "{said}");
}

#[tokio::test]
async fn a_board_that_was_replaced_before_it_booted_is_learned_anew() {
    let around = Around::racked().await;
    let said = around.refused("cp-1", Ending::ReplaceBoard).await;
    assert!(said.contains("nothing to replace"), "{said}");
    around.showed("cp-1", vec![board(BOARD)]).await;
    let ended = around.end("cp-1", Ending::ReplaceBoard, "b").await.unwrap();
    assert!(ended.notes[0].contains("correct it"), "{:?}", ended.notes);
    let cp = around.machine("cp-1").await.id;
    let known = identities::of_machine(&around.db, cp).await.unwrap();
    assert_eq!(known.unwrap().uuid, None);
    let events = around.events().await;
    assert!(events.last().unwrap().contains(BOARD), "{events:?}");
}

#[tokio::test]
async fn two_machines_with_one_uuid_end_with_one_command() {
    let around = Around::racked().await;
    around.showed("cp-1", vec![board(BOARD)]).await;
    around.showed("cp-2", vec![board(BOARD)]).await;
    let later = if around.conditions("cp-1").await.is_empty() {
        "cp-2"
    } else {
        "cp-1"
    };
    assert!(around.conditions(later).await[0].starts_with("Conflict"));
    let way = format!("drover machine ignore-uuid {later}");
    assert!(around.advice(later).await.contains(&way));
    around.end(later, Ending::IgnoreUuid, "i").await.unwrap();
    assert!(around.conditions("cp-1").await.is_empty());
    assert!(around.conditions("cp-2").await.is_empty());
    // It stays so when they say it again.
    around.showed(later, vec![board(BOARD)]).await;
    assert!(around.conditions(later).await.is_empty());
    let said = around.refused(later, Ending::IgnoreUuid).await;
    assert!(said.contains("nothing identifies it"), "{said}");
}

#[tokio::test]
async fn a_bmc_that_says_another_guid_is_accepted_by_a_person() {
    let around = Around::racked().await;
    let said = around.refused("cp-1", Ending::AcceptBmc).await;
    assert!(said.contains("no usable GUID"), "{said}");
    *around.world.guid.lock().unwrap() = Some("00ff".to_owned());
    around.end("cp-1", Ending::AcceptBmc, "b").await.unwrap();
    let cp = around.machine("cp-1").await.id;
    let kept = machine_store::boards::accepted_bmc_guid(&around.db, cp).await;
    assert_eq!(kept.unwrap().as_deref(), Some("00ff"));
}
