//! Who is who: a row for each thing that a claim can say, by where the evidence comes from.

use super::*;
use crate::evidence::identification::identify;

const UUID: &str = "4c4c4544-0000-4000-8000-000000000001";
const SWAPPED_UUID: &str = "44454c4c-0000-0040-8000-000000000001";
const OTHER_UUID: &str = "4c4c4544-0000-4000-8000-000000000002";

fn mac(last: u8) -> MacAddress {
    MacAddress::new([0x52, 0x54, 0, 0x77, 0, last])
}

fn machine(id: u8) -> MachineId {
    MachineId::from_bytes([id; 16])
}

/// A machine that was registered with this evidence.
fn known(id: u8, macs: &[u8], uuid: Option<&str>, serial: Option<&str>) -> KnownIdentity {
    KnownIdentity {
        machine: machine(id),
        name: format!("m{id}"),
        since: Timestamp::from_millis(i64::from(id)),
        macs: macs.iter().copied().map(mac).collect(),
        registered: true,
        uuid: uuid.map(|text| text.parse().unwrap()),
        serial: serial.map(|text| text.parse().unwrap()),
        heard: Heard::default(),
    }
}

/// A machine that was found by this card, and said the rest.
fn found(id: u8, card: u8, uuid: &str, serial: &str) -> KnownIdentity {
    KnownIdentity {
        registered: false,
        heard: Heard {
            uuids: [uuid.parse().unwrap()].into(),
            serials: [serial.parse().unwrap()].into(),
        },
        ..known(id, &[card], None, None)
    }
}

fn dhcp(card: u8, uuid: Option<&str>) -> Claim {
    Claim {
        mac: mac(card),
        others: BTreeSet::new(),
        uuid: uuid.map(|text| text.parse().unwrap()),
        serial: None,
        complete: false,
    }
}

fn script(card: u8, others: &[u8], uuid: &str, serial: &str) -> Claim {
    Claim {
        others: others.iter().copied().map(mac).collect(),
        serial: Some(serial.parse().unwrap()),
        complete: true,
        ..dhcp(card, Some(uuid))
    }
}

fn is_conflict_with(identity: &Identity, id: u8) -> bool {
    matches!(identity, Identity::Conflict { with, .. } if *with == machine(id))
}

#[test]
fn a_known_card_is_its_machine() {
    let one = [known(1, &[1], Some(UUID), Some("S1"))];
    for claim in [dhcp(1, None), script(1, &[], UUID, "S1")] {
        assert_eq!(identify(&claim, &one), Identity::Known(machine(1)));
    }
}

#[test]
fn what_is_not_known_yet_is_heard_and_not_refused() {
    let registered = known(1, &[1], None, None);
    assert_eq!(
        identify(&script(1, &[], UUID, "S1"), &[registered]),
        Identity::Known(machine(1))
    );
}

#[test]
fn what_was_only_heard_locks_nobody_out() {
    let one = known(1, &[1], None, None);
    let poisoned = KnownIdentity {
        heard: found(1, 1, OTHER_UUID, "EVIL").heard,
        ..one
    };
    assert_eq!(
        identify(&script(1, &[], UUID, "S1"), &[poisoned]),
        Identity::Known(machine(1))
    );
}

#[test]
fn a_new_card_on_a_known_board_waits_for_a_person_whatever_it_lists() {
    let one = [known(1, &[1, 2], Some(UUID), Some("S1"))];
    for claim in [
        dhcp(9, Some(UUID)),
        script(9, &[], UUID, "S1"),
        script(9, &[1, 2], UUID, "S1"),
    ] {
        assert_eq!(identify(&claim, &one), Identity::Candidate(machine(1)));
    }
}

#[test]
fn a_clone_is_named_with_what_differs() {
    let one = known(1, &[1], Some(UUID), Some("S1"));
    let Identity::Conflict {
        with,
        name,
        shared,
        differences,
        ..
    } = identify(&script(9, &[], UUID, "S2"), &[one])
    else {
        panic!("a second machine with the same UUID is a conflict")
    };
    assert_eq!(with, machine(1));
    let named: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        named,
        [
            "mac is 52:54:00:77:00:01 there and 52:54:00:77:00:09 here",
            "serial is S1 there and S2 here",
        ]
    );
    let words = conflict_words(&name, &shared, &differences);
    let wanted = format!("it has the uuid of {name}, but mac is 52:54:00:77:00:01 there");
    assert!(words.starts_with(&wanted), "{words}");
}

#[test]
fn a_cloned_card_on_another_board_is_a_conflict_once_ipxe_has_said_so() {
    let one = [known(1, &[1], Some(UUID), Some("S1"))];
    assert_eq!(
        identify(&dhcp(1, Some(OTHER_UUID)), &one),
        Identity::Known(machine(1)),
        "ROMs send wrong UUIDs: iPXE will tell"
    );
    let judged = identify(&script(1, &[], OTHER_UUID, "S1"), &one);
    assert!(is_conflict_with(&judged, 1), "{judged:?}");
}

#[test]
fn a_uuid_in_the_byte_order_of_old_smbios_contradicts_nothing() {
    let one = [known(1, &[1], Some(UUID), Some("S1"))];
    assert_eq!(
        identify(&script(1, &[], SWAPPED_UUID, "S1"), &one),
        Identity::Known(machine(1))
    );
    assert_eq!(
        identify(&dhcp(9, Some(SWAPPED_UUID)), &one),
        Identity::Candidate(machine(1))
    );
}

#[test]
fn what_was_registered_must_be_said() {
    let one = known(1, &[1], Some(UUID), Some("S1"));
    let mut silent = script(1, &[], UUID, "S1");
    assert_eq!(unsaid(&silent, &one), []);
    silent.serial = Some("Default string".parse().unwrap());
    assert_eq!(unsaid(&silent, &one), [EvidenceKind::SystemSerial]);
    silent.uuid = None;
    assert_eq!(
        unsaid(&silent, &one),
        [EvidenceKind::SystemUuid, EvidenceKind::SystemSerial]
    );
    assert_eq!(unsaid(&silent, &known(1, &[1], None, None)), []);
}

#[test]
fn a_claimant_with_a_record_stays_a_claimant_and_stops_nobody() {
    let both = [
        known(2, &[9], Some(UUID), Some("S2")),
        known(1, &[1], Some(UUID), Some("S1")),
    ];
    assert_eq!(
        identify(&script(1, &[], UUID, "S1"), &both),
        Identity::Known(machine(1))
    );
    let Identity::Conflict { claimant, with, .. } = identify(&dhcp(9, Some(UUID)), &both) else {
        panic!("the later of two machines with one UUID is in conflict")
    };
    assert_eq!((claimant, with), (Some(machine(2)), machine(1)));
}

#[test]
fn who_said_a_uuid_before_takes_nothing_from_a_registered_machine() {
    let both = [
        found(1, 9, UUID, "S1"),
        known(2, &[2], Some(UUID), Some("S1")),
    ];
    assert_eq!(
        identify(&script(2, &[], UUID, "S1"), &both),
        Identity::Known(machine(2))
    );
    let early = identify(&script(9, &[], UUID, "S1"), &both);
    assert!(is_conflict_with(&early, 2), "{early:?}");
}

#[test]
fn a_card_that_is_listed_is_taken_from_nobody_and_proves_nothing() {
    let both = [
        known(1, &[1], Some(UUID), Some("S1")),
        known(2, &[2], Some(OTHER_UUID), Some("S2")),
    ];
    for (card, listed, uuid, serial) in [(1, 2, UUID, "S1"), (2, 1, OTHER_UUID, "S2")] {
        let claim = script(card, &[listed], uuid, serial);
        assert_eq!(identify(&claim, &both), Identity::Known(machine(card)));
    }
    assert_eq!(
        identify(
            &script(9, &[1], "4c4c4544-0000-4000-8000-000000000009", "S9"),
            &both
        ),
        Identity::Unknown
    );
}

#[test]
fn one_card_in_two_records_is_the_registered_machines() {
    let both = [found(1, 1, UUID, "S1"), known(2, &[1], None, None)];
    assert_eq!(
        identify(&dhcp(1, Some(UUID)), &both),
        Identity::Known(machine(2))
    );
}

#[test]
fn boards_that_share_a_uuid_which_was_only_heard_are_told_apart_by_their_serials() {
    let one = [found(1, 1, UUID, "S1")];
    let judge = |serial| identify(&script(9, &[], UUID, serial), &one);
    assert_eq!(judge("S2"), Identity::Unknown);
    assert_eq!(judge("S1"), Identity::Candidate(machine(1)));
}

#[test]
fn a_vendors_default_uuid_makes_no_candidate_in_either_byte_order() {
    for filler in [
        "00000000-0000-0000-0000-000000000000",
        "03000200-0400-0500-0006-000700080009",
        "00020003-0004-0005-0006-000700080009",
    ] {
        let both = [
            known(1, &[1], Some("03000200-0400-0500-0006-000700080009"), None),
            known(2, &[2], Some(filler), None),
        ];
        assert_eq!(
            identify(&dhcp(9, Some(filler)), &both),
            Identity::Unknown,
            "{filler}"
        );
        assert_eq!(
            identify(&script(2, &[], filler, "S2"), &both),
            Identity::Known(machine(2)),
            "{filler}"
        );
    }
}
