//! What anybody can add to the records does not grow without end, and nothing is dropped that
//! somebody needs.

use machine_core::boot::{Boot, BootStep};
use machine_core::evidence::{EvidenceKind, EvidenceSource};
use machine_core::hardware::MacAddress;
use machine_core::id::BootId;
use machine_core::intent::Actor;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_store::bounds::{count_found, drop_old_boots, forget_found};
use machine_store::change::{AttemptWrite, Change, MachineWrite, ReservationWrite};
use machine_store::db::Db;
use machine_store::events::Event;
use machine_store::evidence::{Evidence, Fact};
use machine_store::reservations::Reservation;
use machine_store::{boots, evidence, identities, machines};

use crate::bench::Bench;
use crate::fixtures::{
    address, applied, at, attempt, boot, event, mac, machine, machine_id, provisioning,
};

const CARD: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 9]);

pub(crate) fn old_boots_of_a_card_are_dropped_unless_an_attempt_refers_to_them(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        for number in 10..60 {
            let of_card = Boot {
                mac: Some(CARD),
                ..boot(number, Some(1), i64::from(number), BootStep::Discover)
            };
            commits.submit(of_card).await.unwrap();
        }
        commits
            .submit(boot(70, Some(1), 1, BootStep::Discover))
            .await
            .unwrap();
        let served = AttemptWrite::Serve {
            id: attempt(4, 2, 1, 1).id,
            boot: BootId::from_bytes([11; 16]),
        };
        let change = Change {
            attempts: vec![served],
            ..Change::default()
        };
        applied(db, &change).await;
        assert_eq!(drop_old_boots(db, CARD, 8).await.unwrap(), 41);
        let left = boots::recent(db, machine_id(1), 100).await.unwrap();
        let left: Vec<u8> = left.iter().map(|it| it.id.as_bytes()[0]).collect();
        assert_eq!(left, [59, 58, 57, 56, 55, 54, 53, 52, 11, 70]);
    });
}

/// Anybody may list any card in a script request, and say any board.
pub(crate) fn what_is_only_heard_of_a_machine_is_bounded(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        applied(db, &found(1, 1)).await;
        let (commits, _) = bench.commits();
        let card = |number: u16| {
            let [high, low] = number.to_be_bytes();
            MacAddress::new([2, 0, 0, 1, high, low])
        };
        let evidence = |number: u16, source, facts| Evidence {
            machine: machine_id(1),
            at: at(10 + i64::from(number)),
            source,
            facts,
        };
        let registered = (0..40).map(|number| Fact::Mac(card(9_000 + number)));
        let told = evidence(0, EvidenceSource::Registered, registered.collect());
        commits.submit(told).await.unwrap();
        let own = evidence(0, EvidenceSource::Asked, vec![Fact::Mac(CARD)]);
        commits.submit(own).await.unwrap();
        for number in 0..400 {
            let listed = (0..4).map(|it| Fact::Listed(card(number * 4 + it)));
            let serial = Fact::Serial(format!("S{number}").parse().unwrap());
            let asked = Fact::Mac(card(5_000 + number));
            let facts = listed.chain([asked, serial]).collect();
            let said = evidence(number, EvidenceSource::Asked, facts);
            commits.submit(said).await.unwrap();
        }
        let all = evidence::of_machine(db, machine_id(1)).await.unwrap();
        let of = |kind, source| {
            let facts = all.iter();
            facts
                .filter(|it| (it.kind, it.source) == (kind, source))
                .count()
        };
        let (mac, serial) = (EvidenceKind::Mac, EvidenceKind::SystemSerial);
        assert_eq!(
            of(mac, EvidenceSource::Registered),
            40,
            "a person told them"
        );
        assert_eq!(of(mac, EvidenceSource::Listed), 32);
        assert_eq!(of(mac, EvidenceSource::Asked), 32);
        assert_eq!(of(serial, EvidenceSource::Asked), 32);
        let known = identities::of_machine(db, machine_id(1)).await.unwrap();
        let is_own = known.unwrap().macs.contains(&CARD);
        assert!(is_own, "no flood pushes out the card that it was found by");
    });
}

/// A machine that was found at that second.
fn found(byte: u8, second: i64) -> Change {
    let discovered = Machine::discovered(machine_id(byte), format!("m-{byte}"), at(second));
    let told = Event {
        machine: Some(machine_id(byte)),
        ..event("discovered")
    };
    Change {
        machines: vec![MachineWrite::Insert(discovered)],
        evidence: vec![Evidence {
            source: EvidenceSource::Asked,
            machine: machine_id(byte),
            at: at(second),
            facts: vec![Fact::Mac(mac(byte))],
        }],
        events: vec![told],
        ..Change::default()
    }
}

/// People look after some of those that were found, and register another one.
async fn look_after(db: &Db) {
    // 5 was accepted, 6 has an address, a person has looked after 7: they are people's.
    let mut accepted = machines::find(db, machine_id(5)).await.unwrap().unwrap();
    accepted.state = State::Inspecting;
    let person = Event {
        machine: Some(machine_id(7)),
        actor: Actor::Person("ada".to_owned()),
        ..event("registered")
    };
    let reservation = Reservation {
        address: address(6),
        mac: mac(6),
        machine: machine_id(6),
    };
    let change = Change {
        machines: vec![MachineWrite::Update(accepted)],
        reservations: vec![ReservationWrite::Reserve(reservation)],
        events: vec![person],
        ..Change::default()
    };
    applied(db, &change).await;
    applied(
        db,
        &Change {
            machines: vec![MachineWrite::Insert(machine(9))],
            ..Change::default()
        },
    )
    .await;
}

pub(crate) fn who_was_found_and_is_silent_is_forgotten_and_nobody_else(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let (commits, _) = bench.commits();
        for (byte, second) in [
            (1, 10),
            (2, 20),
            (3, 30),
            (4, 40),
            (5, 15),
            (6, 15),
            (7, 15),
        ] {
            applied(db, &found(byte, second)).await;
            let of_machine = boot(byte, Some(byte), second, BootStep::Script);
            commits.submit(of_machine).await.unwrap();
        }
        look_after(db).await;

        assert_eq!(count_found(db).await.unwrap(), 4);
        assert_eq!(
            forget_found(db, at(40), 2).await.unwrap(),
            2,
            "the longest silent"
        );
        assert_eq!(forget_found(db, at(40), 9).await.unwrap(), 1);
        assert_eq!(forget_found(db, at(40), 9).await.unwrap(), 0);
        assert_eq!(count_found(db).await.unwrap(), 1);
        let left = machines::list(db).await.unwrap();
        let mut left: Vec<u8> = left.iter().map(|it| it.id.as_bytes()[0]).collect();
        left.sort_unstable();
        assert_eq!(left, [4, 5, 6, 7, 9]);
        assert_eq!(boots::latest_of_mac(db, mac(1)).await.unwrap(), None);
    });
}
