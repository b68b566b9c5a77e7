//! One machine under two names, or with another card, board or BMC: how its story goes on, by one
//! command each.

use std::time::Duration;

use api_server::operations::endings::Ending;
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::lifecycle::Input;
use machine_store::change::Change;
use machine_store::evidence::{Evidence, Fact};
use machine_store::identities;

use crate::around::{Around, NOW, asked};

const BOARD: &str = "4c4c4544-0042-4b10-8051-b3c04f564231";
const NEW_BOARD: &str = "4c4c4544-0042-4b10-8051-b3c04f564232";
const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
const OTHER_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 2]);
const NEW_CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 9]);

fn board(uuid: &str) -> Fact {
    let uuid: SystemUuid = uuid.parse().unwrap();
    Fact::Uuid(uuid)
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

/// The documents give each its own; a person accepted a boot of the one that says the UUID of the
/// other.
#[tokio::test]
async fn a_uuid_that_a_person_accepted_is_told_as_such_and_is_the_one_that_is_ignored() {
    let around = Around::racked().await;
    let ids = [
        around.machine("cp-1").await.id,
        around.machine("cp-2").await.id,
    ];
    // Both are known since the same moment.
    let (first, later) = if ids[0] < ids[1] {
        ("cp-1", "cp-2")
    } else {
        ("cp-2", "cp-1")
    };
    around.showed(first, vec![board(BOARD)]).await;
    around.showed(later, vec![board(NEW_BOARD)]).await;
    let cp = around.machine(later).await.id;
    let accepted = Evidence {
        machine: cp,
        at: NOW.plus(Duration::from_secs(1)),
        source: EvidenceSource::Person,
        facts: vec![board(BOARD)],
    };
    around
        .write(Change {
            evidence: vec![accepted],
            ..Change::default()
        })
        .await;
    let advice = around.advice(later).await;
    let told = format!(
        "both have the uuid {BOARD}: {later} by a boot that a person accepted, and {first} by its document"
    );
    assert!(advice.contains(&told), "{advice}");
    let way = format!("drover machine ignore-uuid {later}");
    assert!(advice.contains(&way), "{advice}");
    assert!(around.advice(first).await.contains(&told));
    let ended = around.end(later, Ending::IgnoreUuid, "i").await.unwrap();
    assert!(ended.notes[0].contains(BOARD), "{:?}", ended.notes);
    assert!(around.conditions(later).await.is_empty());
    let known = identities::of_machine(&around.db, cp).await.unwrap();
    assert_eq!(
        known.unwrap().uuid,
        None,
        "the one of its document is not its board's"
    );
}

/// Power is refused by what boots said, too, where no document says more.
#[tokio::test]
async fn a_uuid_that_was_only_heard_is_one_that_can_be_ignored_or_replaced() {
    for ending in [Ending::ReplaceBoard, Ending::IgnoreUuid] {
        let around = Around::racked().await;
        let heard = Evidence {
            machine: around.machine("cp-1").await.id,
            at: NOW,
            source: EvidenceSource::Asked,
            facts: vec![board(BOARD)],
        };
        around
            .write(Change {
                evidence: vec![heard],
                ..Change::default()
            })
            .await;
        around.end("cp-1", ending, "once").await.unwrap();
        let events = around.events().await;
        assert!(events.last().unwrap().contains(BOARD), "{events:?}");
        let again = around.refused("cp-1", ending).await;
        let is_gone =
            again.contains("nothing to replace") || again.contains("nothing identifies it");
        assert!(is_gone, "{again}");
    }
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
