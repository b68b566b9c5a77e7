//! The model as a value: what it holds after each kind of change, and who is told that something
//! has changed.

use machine_core::boot::{BootOrigin, BootStep};
use machine_core::evidence::Heard;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;

use super::*;
use crate::dossier::{MachineWork, Spoken};
use machine_core::dossier::Standing;

const fn id(byte: u8) -> MachineId {
    MachineId::from_bytes([byte; 16])
}

const fn card(last: u8) -> MacAddress {
    MacAddress::new([2, 0, 0, 0, 0, last])
}

fn board(byte: u8) -> SystemUuid {
    SystemUuid::from_bytes([byte, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, byte])
}

fn boot(byte: u8, machine: u8) -> Boot {
    Boot {
        id: BootId::from_bytes([byte; 16]),
        machine: Some(id(machine)),
        mac: None,
        origin: BootOrigin::Network,
        platform: None,
        address: None,
        attempt: None,
        opened: Timestamp::from_millis(0),
        step: BootStep::Discover,
        step_at: Timestamp::from_millis(0),
        sent_to_disk: false,
        ready: None,
    }
}

/// A machine with these cards and boards, known since its number.
fn dossier(byte: u8, cards: &[u8], boards: &[u8]) -> Dossier {
    let since = Timestamp::from_millis(i64::from(byte));
    let boards: BTreeSet<SystemUuid> = boards.iter().copied().map(board).collect();
    let identity = KnownIdentity {
        machine: id(byte),
        name: format!("m{byte}"),
        since,
        macs: cards.iter().copied().map(card).collect(),
        registered: true,
        uuid: boards.first().copied(),
        serial: None,
        heard: Heard::default(),
    };
    let machine = Machine::discovered(id(byte), format!("m{byte}"), since);
    Dossier {
        recognised: Recognised { identity, boards },
        work: MachineWork {
            standing: Standing {
                machine,
                intent: None,
                attempt: None,
            },
            boot: None,
            seen: None,
            membership: None,
        },
        spoken: Spoken::default(),
    }
}

fn asks(mac: u8, uuid: Option<SystemUuid>) -> Claim {
    Claim {
        mac: card(mac),
        others: BTreeSet::new(),
        uuid,
        serial: None,
        complete: false,
    }
}

fn found(model: &ReadModel, claim: &Claim) -> Vec<MachineId> {
    let read = model.boot_read(claim);
    read.candidates.iter().map(|it| it.machine).collect()
}

#[test]
fn a_machine_is_found_by_its_card_and_its_board_in_either_byte_order() {
    let both = vec![dossier(2, &[1], &[7]), dossier(1, &[2], &[8])];
    let model = ReadModel::new(both, Some(Vec::new()));
    for (claim, expected) in [
        (asks(1, None), vec![id(2)]),
        (asks(2, None), vec![id(1)]),
        (asks(9, None), vec![]),
        (asks(9, Some(board(7))), vec![id(2)]),
        (asks(9, Some(board(7).swapped())), vec![id(2)]),
        (asks(1, Some(board(8))), vec![id(1), id(2)]),
        (asks(9, Some(SystemUuid::from_bytes([0; 16]))), vec![]),
    ] {
        assert_eq!(found(&model, &claim), expected, "{claim:?}");
    }
}

#[test]
fn what_is_put_stands_instead_of_what_was() {
    let mut model = ReadModel::new(vec![dossier(1, &[1], &[7])], None);
    let mut changed = dossier(1, &[2], &[8]);
    changed.work.boot = Some(boot(5, 1));
    model.put(changed.clone());
    assert_eq!(model, ReadModel::new(vec![changed], None));
    assert!(!model.has_card(card(1)) && model.has_card(card(2)));
    assert_eq!(model.boot(boot(5, 1).id), Some(&boot(5, 1)));

    model.put(dossier(1, &[2], &[8]));
    assert_eq!(model.boot(boot(5, 1).id), None, "another one is its latest");
    model.remove(id(1));
    assert_eq!(model, ReadModel::new(Vec::new(), None));
}

#[test]
fn a_boot_that_becomes_another_machines_is_found_with_that_one() {
    let mut before = dossier(1, &[1], &[]);
    before.work.boot = Some(boot(5, 1));
    let mut model = ReadModel::new(vec![before, dossier(2, &[2], &[])], None);
    let mut after = dossier(2, &[2], &[]);
    after.work.boot = Some(boot(5, 2));
    model.put(after);
    model.put(dossier(1, &[1], &[]));
    assert_eq!(model.boot(boot(5, 2).id), Some(&boot(5, 2)));
}

#[test]
fn who_shares_a_card_or_a_board_with_what_has_changed_has_changed_too() {
    let all = vec![
        dossier(1, &[1], &[7]),
        dossier(2, &[2], &[8]),
        dossier(3, &[3], &[9]),
    ];
    let mut model = ReadModel::new(all, None);
    let changed = |model: &ReadModel| -> Vec<Revision> {
        model.machines().map(|(_, held)| held.changed).collect()
    };
    let before = changed(&model);
    model.put(dossier(3, &[3, 1], &[9]));
    let after = changed(&model);
    let differ: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
    assert_eq!(
        differ,
        [true, false, true],
        "it takes the card of machine 1"
    );

    model.put(dossier(3, &[3], &[9]));
    assert_ne!(changed(&model)[0], after[0], "and gives it back");
    let before = changed(&model);
    model.put(dossier(3, &[3], &[9]));
    assert_eq!(
        changed(&model)[..2],
        before[..2],
        "it boots, and nobody else minds"
    );
}

#[test]
fn whoever_looks_again_sees_that_everything_was_read_anew() {
    let mut model = ReadModel::new(vec![dossier(1, &[1], &[7])], None);
    let (all, of_one) = (model.changed(), model.machine(id(1)).unwrap().changed);
    model.replace(ReadModel::new(vec![dossier(1, &[1], &[7])], None));
    assert!(model.changed() > all);
    assert!(model.machine(id(1)).unwrap().changed > of_one);
}

#[test]
fn while_a_machine_cannot_be_read_the_model_is_not_whole() {
    let mut model = ReadModel::new(vec![dossier(1, &[1], &[7])], None);
    model.put_unreadable(id(1));
    assert!(!model.is_whole() && !model.has_card(card(1)));
    model.put(dossier(1, &[1], &[7]));
    assert!(model.is_whole() && model.has_card(card(1)));
}
