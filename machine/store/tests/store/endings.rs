//! How records end: a machine that is forgotten, a board that was replaced, a UUID that many have.

use std::collections::BTreeSet;

use machine_core::boot::BootStep;
use machine_core::evidence::{Claim, EvidenceSource, Identity};
use machine_core::hardware::SystemUuid;
use machine_store::apply::apply;
use machine_store::boot_read::{boot_read, standing};
use machine_store::change::{Change, MachineWrite, Outcome, ReservationWrite, SecretWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::place::Place;
use machine_store::reservations::Reservation;
use machine_store::seal::SealKey;
use machine_store::{
    attempts, boards, boots, events, evidence, forgotten, identities, intents, machines,
    reservations, secrets,
};

use crate::bench::Bench;
use crate::fixtures::{
    address, applied, at, boot, event, intent, mac, machine, machine_id, provisioning,
};

const UUID: &str = "4c4c4544-0042-4b10-8051-b3c04f564231";

fn uuid() -> SystemUuid {
    UUID.parse().unwrap()
}

fn showed(byte: u8, facts: Vec<Fact>) -> Evidence {
    Evidence {
        source: EvidenceSource::Registered,
        machine: machine_id(byte),
        at: at(20),
        facts,
    }
}

fn asks(card: u8) -> Claim {
    Claim {
        mac: mac(card),
        others: BTreeSet::new(),
        uuid: Some(uuid()),
        serial: None,
        complete: true,
    }
}

const fn forget(byte: u8, version: i64) -> MachineWrite {
    MachineWrite::Forget {
        id: machine_id(byte),
        version,
        at: at(90),
    }
}

/// Machine 1 with an install behind it, a boot, a reserved address and the password of its BMC.
async fn well_known(bench: &Bench) -> Place {
    let (db, place) = (
        &bench.db,
        Place::new("machine", machine_id(1), "bmc_password"),
    );
    provisioning(db).await;
    let seal = SealKey::generate().unwrap();
    let mut known = event("state");
    known.machine = Some(machine_id(1));
    let change = Change {
        evidence: vec![showed(1, vec![Fact::Mac(mac(1)), Fact::Uuid(uuid())])],
        reservations: vec![ReservationWrite::Reserve(Reservation {
            address: address(7),
            mac: mac(1),
            machine: machine_id(1),
        })],
        secrets: vec![SecretWrite::Replace {
            sealed: seal.seal(&place, b"hunter2").unwrap(),
            place: place.clone(),
            at: at(20),
        }],
        events: vec![known],
        ..Change::default()
    };
    applied(db, &change).await;
    let (commits, _) = bench.commits();
    let served = boot(6, Some(1), 30, BootStep::Script);
    commits.submit(served).await.unwrap();
    place
}

pub(crate) fn a_forgotten_machine_is_nobody_and_its_past_stays(bench: &Bench) {
    bench.block(async {
        let (db, place) = (&bench.db, well_known(bench).await);
        let change = Change {
            machines: vec![forget(1, 0)],
            ..Change::default()
        };
        applied(db, &change).await;
        let id = machine_id(1);
        assert_eq!(machines::find(db, id).await.unwrap(), None);
        assert_eq!(machines::find_by_name(db, "m1").await.unwrap(), None);
        assert!(machines::list(db).await.unwrap().is_empty());
        assert_eq!(standing(db, id).await.unwrap(), None);
        let read = boot_read(db, &asks(1)).await.unwrap();
        assert_eq!(read.identity, Identity::Unknown);
        assert!(evidence::of_machine(db, id).await.unwrap().is_empty());
        assert!(reservations::list(db).await.unwrap().is_empty());
        assert_eq!(secrets::find(db, &place).await.unwrap(), None);
        // What it did, and who permitted what, is still told.
        assert_eq!(forgotten::find_by_name(db, "m1").await.unwrap(), Some(id));
        assert_eq!(events::of_machine(db, id, 0, 9).await.unwrap().len(), 1);
        let permitted = intents::recent(db, id, 9).await.unwrap();
        assert_eq!(permitted.len(), 1);
        let tried = attempts::of_intent(db, permitted[0].id).await.unwrap();
        assert_eq!(tried.len(), 1);
        assert_eq!(boots::recent(db, id, 9).await.unwrap().len(), 1);
    });
}

pub(crate) fn what_comes_late_of_a_forgotten_machine_holds_no_card(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        well_known(bench).await;
        let forgets = Change {
            machines: vec![forget(1, 0)],
            ..Change::default()
        };
        applied(db, &forgets).await;
        // Its evidence was under way; and who read it before does not write it any more.
        let late = Change {
            evidence: vec![showed(1, vec![Fact::Mac(mac(1)), Fact::Uuid(uuid())])],
            ..Change::default()
        };
        applied(db, &late).await;
        let read = boot_read(db, &asks(1)).await.unwrap();
        assert_eq!(read.identity, Identity::Unknown);
        assert!(identities::list(db).await.unwrap().is_empty());
        let again = apply(db, &forgets).await.unwrap();
        assert!(matches!(again, Outcome::Stale { .. }), "{again:?}");
        // Its name and its card are free.
        let mut new = machine(2);
        "m1".clone_into(&mut new.name);
        let registers = Change {
            machines: vec![MachineWrite::Insert(new)],
            evidence: vec![showed(2, vec![Fact::Mac(mac(1))])],
            ..Change::default()
        };
        applied(db, &registers).await;
        let read = boot_read(db, &asks(1)).await.unwrap();
        assert_eq!(read.identity, Identity::Known(machine_id(2)));
        let mut other = machine(3);
        "m1".clone_into(&mut other.name);
        let taken = Change {
            machines: vec![MachineWrite::Insert(other)],
            ..Change::default()
        };
        let taken = apply(db, &taken).await.unwrap();
        assert!(matches!(taken, Outcome::Taken { .. }), "{taken:?}");
    });
}

pub(crate) fn a_replaced_board_is_learned_anew(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        well_known(bench).await;
        let id = machine_id(1);
        let change = Change {
            machines: vec![
                MachineWrite::AcceptBmc {
                    id,
                    version: 0,
                    guid: "00ff".to_owned(),
                },
                MachineWrite::ForgetBoard { id, version: 1 },
            ],
            ..Change::default()
        };
        applied(db, &change).await;
        let known = identities::of_machine(db, id).await.unwrap().unwrap();
        assert_eq!((known.uuid, known.serial), (None, None));
        assert_eq!(known.macs, BTreeSet::from([mac(1)]));
        // The BMC went with the board.
        assert_eq!(boards::accepted_bmc_guid(db, id).await.unwrap(), None);
        let accepts = Change {
            machines: vec![MachineWrite::AcceptBmc {
                id,
                version: 2,
                guid: "00ff".to_owned(),
            }],
            ..Change::default()
        };
        applied(db, &accepts).await;
        let accepted = boards::accepted_bmc_guid(db, id).await.unwrap();
        assert_eq!(accepted.as_deref(), Some("00ff"));
        assert_eq!(
            intents::latest_of_machine(db, id).await.unwrap(),
            Some(intent(2, 1))
        );
    });
}

/// A document says one UUID, and the board says one that others have, too: the person's word for the
/// board stands, whether that UUID was ignored before or after.
pub(crate) fn a_board_that_is_accepted_with_an_ignored_uuid_has_none(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let of_document: SystemUuid = "4c4c4544-0000-4000-8000-00000000f402".parse().unwrap();
        let registers = Evidence {
            source: EvidenceSource::Registered,
            ..showed(2, vec![Fact::Mac(mac(2)), Fact::Uuid(of_document)])
        };
        let change = Change {
            machines: vec![
                MachineWrite::Insert(machine(1)),
                MachineWrite::Insert(machine(2)),
            ],
            evidence: vec![
                showed(1, vec![Fact::Mac(mac(1)), Fact::Uuid(uuid())]),
                registers,
            ],
            ignored_uuids: vec![(uuid(), at(30))],
            ..Change::default()
        };
        applied(db, &change).await;
        let read = boot_read(db, &asks(2)).await.unwrap();
        let is_held = matches!(read.identity, Identity::Conflict { .. });
        assert!(is_held, "its document says another: {:?}", read.identity);
        let accepts = Change {
            evidence: vec![Evidence {
                source: EvidenceSource::Person,
                at: at(40),
                ..showed(2, vec![Fact::Mac(mac(2)), Fact::Uuid(uuid())])
            }],
            ..Change::default()
        };
        applied(db, &accepts).await;
        let id = machine_id(2);
        let read = boot_read(db, &asks(2)).await.unwrap();
        assert_eq!(read.identity, Identity::Known(id));
        let known = identities::of_machine(db, id).await.unwrap().unwrap();
        assert_eq!(known.uuid, None);
    });
}

pub(crate) fn a_uuid_that_is_ignored_identifies_nobody(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let change = Change {
            machines: vec![
                MachineWrite::Insert(machine(1)),
                MachineWrite::Insert(machine(2)),
            ],
            evidence: vec![
                showed(1, vec![Fact::Mac(mac(1)), Fact::Uuid(uuid())]),
                showed(2, vec![Fact::Mac(mac(2)), Fact::Uuid(uuid())]),
            ],
            ..Change::default()
        };
        applied(db, &change).await;
        let judged = identities::judge(db, machine_id(2)).await.unwrap();
        assert!(matches!(judged, Identity::Conflict { .. }), "{judged:?}");
        let ignores = Change {
            ignored_uuids: vec![(uuid(), at(30))],
            ..Change::default()
        };
        applied(db, &ignores).await;
        applied(db, &ignores).await;
        for byte in [1, 2] {
            let id = machine_id(byte);
            assert_eq!(
                identities::judge(db, id).await.unwrap(),
                Identity::Known(id)
            );
            let read = boot_read(db, &asks(byte)).await.unwrap();
            assert_eq!(read.identity, Identity::Known(id));
        }
        let stranger = boot_read(db, &asks(9)).await.unwrap();
        assert_eq!(stranger.identity, Identity::Unknown);
        // It is still shown.
        let shown = evidence::of_machine(db, machine_id(1)).await.unwrap();
        assert!(shown.iter().any(|it| it.value == UUID), "{shown:?}");
    });
}
