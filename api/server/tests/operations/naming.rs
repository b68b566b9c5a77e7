//! Who an entry means: by its name, its former name, its cards and its board.

use machine_core::lifecycle::State;
use machine_store::machines;

use crate::around::{Around, asked, caller};
use crate::record::BARE;

#[tokio::test]
async fn a_found_machine_gets_its_name_from_its_entry() {
    let around = Around::new().await;
    let id = around.found(9, &[1], None).await;
    around.rack(BARE, "bare").await.unwrap();
    assert_eq!(around.machine("cp-1").await.id, id);
    let events = around.events().await.join("\n");
    assert!(
        events.contains("it was m-525400770001 and is cp-1 now"),
        "{events}"
    );
}

#[tokio::test]
async fn a_machine_that_was_accepted_is_not_taken_by_its_card() {
    let around = Around::new().await;
    let id = around.found(9, &[1], None).await;
    around
        .operations
        .accept("m-525400770001", &asked("a"))
        .await
        .unwrap();
    let said = around.rack(BARE, "bare").await.unwrap_err().to_string();
    assert!(
        said.contains("m-525400770001 (inspecting) has this one"),
        "{said}"
    );
    let machine = machines::find(&around.db, id).await.unwrap().unwrap();
    assert_eq!(
        (machine.name.as_str(), machine.state),
        ("m-525400770001", State::Inspecting)
    );
}

#[tokio::test]
async fn a_rename_is_written_down() {
    let around = Around::new().await;
    around.rack(BARE, "bare").await.unwrap();
    let id = around.machine("cp-1").await.id;
    let renamed = BARE.replace("name: cp-1", "name: cp-9\n    renamed_from: cp-1");
    around.rack(&renamed, "renamed").await.unwrap();
    assert_eq!(around.machine("cp-9").await.id, id);
    let events = around.events().await.join("\n");
    assert!(events.contains("it was cp-1 and is cp-9 now"), "{events}");
    // The document can stay as it is.
    assert_eq!(
        around.rack(&renamed, "again").await.unwrap(),
        ["unchanged: cp-9"]
    );
}

#[tokio::test]
async fn the_old_name_after_a_rename_is_refused_over_its_card_with_the_new_name() {
    let around = Around::new().await;
    let old = BARE.replace("\" }]", "\", address: 10.77.0.50 }]");
    around.rack(&old, "old").await.unwrap();
    let renamed = old.replace("name: cp-1", "name: cp-9\n    renamed_from: cp-1");
    around.rack(&renamed, "renamed").await.unwrap();
    let said = around
        .rack(&old, "old again")
        .await
        .unwrap_err()
        .to_string();
    for wanted in [
        "rack.yaml:3: nics.mac",
        "write name: cp-9",
        "renamed_from: cp-9",
        "if cp-9 is gone, end its record first: drover machine forget cp-9",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    assert!(!said.contains("choose another"), "{said}");
}

#[tokio::test]
async fn a_board_that_another_machine_was_told_to_have_is_refused_with_its_name() {
    const BOARD: &str = "4c4c4544-0000-4000-8000-000000000001";
    let around = Around::new().await;
    let with_board = format!("{BARE}    uuid: {BOARD}\n    serial: S1\n");
    around.rack(&with_board, "one").await.unwrap();
    let other = with_board
        .replace("cp-1", "cp-2")
        .replace("77:00:01", "77:00:02");
    let said = around.rack(&other, "two").await.unwrap_err().to_string();
    for wanted in [
        "uuid: wanted the uuid of cp-2, but cp-1 has this one",
        "serial: wanted the serial of cp-2, but cp-1 has this one",
    ] {
        assert!(said.contains(wanted), "{said}");
    }
    // Its own entry may say it again, and under another name.
    around.rack(&with_board, "again").await.unwrap();
    let renamed = with_board.replace("name: cp-1", "name: cp-3\n    renamed_from: cp-1");
    around.rack(&renamed, "renamed").await.unwrap();
}

#[tokio::test]
async fn a_card_that_the_same_document_moves_is_moved() {
    let around = Around::new().await;
    let before = "machines:
  - { name: a, nics: [{ mac: \"52:54:00:77:00:01\" }, { mac: \"52:54:00:77:00:02\" }] }
  - { name: b, nics: [{ mac: \"52:54:00:77:00:03\" }] }
";
    let after = "machines:
  - { name: a, nics: [{ mac: \"52:54:00:77:00:01\" }] }
  - { name: b, nics: [{ mac: \"52:54:00:77:00:03\" }, { mac: \"52:54:00:77:00:02\" }] }
";
    around.rack(before, "before").await.unwrap();
    around.rack(after, "after").await.unwrap();
    assert_eq!(around.known("a").await, ["52:54:00:77:00:01"]);
    assert_eq!(
        around.known("b").await,
        ["52:54:00:77:00:02", "52:54:00:77:00:03"]
    );
}

/// A cloned card makes a record in conflict. The registration of the real card is not locked out
/// by it.
#[tokio::test]
async fn a_claimants_record_locks_no_document() {
    const BOARD: &str = "4c4c4544-0000-4000-8000-000000000001";
    let around = Around::new().await;
    let with_board = format!("{BARE}    uuid: {BOARD}\n");
    around.rack(&with_board, "real").await.unwrap();
    // Somebody else says the same UUID from a card that is cp-1's second one.
    around.found(9, &[2], Some(BOARD)).await;
    let second = with_board.replace(
        "[{ mac: \"52:54:00:77:00:01\" }]",
        "[{ mac: \"52:54:00:77:00:01\" }, { mac: \"52:54:00:77:00:02\" }]",
    );
    let notes = around.rack(&second, "second").await.unwrap().join("\n");
    assert!(
        notes.contains("cp-1: its card 52:54:00:77:00:02 was on the record of m-"),
        "{notes}"
    );
    let view = around
        .operations
        .show_machine(&caller(), "cp-1")
        .await
        .unwrap()
        .view;
    assert!(view.conditions.is_empty(), "{:?}", view.conditions);
}
