//! Changes: by compare-and-set, all or nothing, and each request once.

use machine_core::id::OperationId;
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::apply::apply;
use machine_store::change::{
    Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite, Outcome, ReservationWrite,
};
use machine_store::error::StoreError;
use machine_store::reservations::{self, Reservation};
use machine_store::{clusters, events, machines};

use crate::bench::Bench;
use crate::fixtures::{
    address, applied, at, bootstrap, cluster, event, intent, mac, machine, machine_id, provisioning,
};

fn update(machine: machine_core::machine::Machine) -> Change {
    Change {
        machines: vec![MachineWrite::Update(machine)],
        events: vec![event("updated")],
        ..Change::default()
    }
}

pub(crate) fn of_two_writers_one_wins(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        for version in 0..20 {
            let read = machines::find(db, machine_id(1)).await.unwrap().unwrap();
            assert_eq!(read.version, version);
            let (mut one, mut other) = (read.clone(), read);
            one.name = format!("one-{version}");
            other.name = format!("other-{version}");
            let (first, second) = (update(one), update(other));
            let (first, second) = tokio::join!(apply(db, &first), apply(db, &second));
            let stale = Outcome::Stale {
                table: "machine",
                row: machine_id(1).to_string(),
            };
            let now = machines::find(db, machine_id(1))
                .await
                .unwrap()
                .unwrap()
                .name;
            match (first.unwrap(), second.unwrap()) {
                (Outcome::Applied, other) => {
                    assert_eq!((other, now), (stale, format!("one-{version}")));
                }
                (one, Outcome::Applied) => {
                    assert_eq!((one, now), (stale, format!("other-{version}")));
                }
                both => panic!("{both:?}"),
            }
        }
        assert_eq!(
            events::tail(db, 99).await.unwrap().len(),
            20,
            "one event for each that won"
        );
    });
}

pub(crate) fn a_stale_change_writes_nothing(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let mut stale = machine(1);
        stale.version = 7;
        let change = Change {
            machines: vec![
                MachineWrite::Insert(machine(2)),
                MachineWrite::Update(stale),
            ],
            events: vec![event("never")],
            ..Change::default()
        };
        let outcome = apply(db, &change).await.unwrap();
        assert!(
            matches!(
                outcome,
                Outcome::Stale {
                    table: "machine",
                    ..
                }
            ),
            "{outcome:?}"
        );
        assert_eq!(machines::find(db, machine_id(2)).await.unwrap(), None);
        assert_eq!(events::tail(db, 9).await.unwrap(), []);
        let orphan = Change {
            intents: vec![IntentWrite::Open(intent(9, 9))],
            ..Change::default()
        };
        let error = apply(db, &orphan).await.unwrap_err();
        assert!(matches!(error, StoreError::Violated { .. }), "{error:?}");
        applied(
            db,
            &update(machines::find(db, machine_id(1)).await.unwrap().unwrap()),
        )
        .await;
    });
}

pub(crate) fn names_and_addresses_belong_to_one(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let mut namesake = machine(2);
        namesake.name = machine(1).name;
        let insert = |machine| Change {
            machines: vec![MachineWrite::Insert(machine)],
            ..Change::default()
        };
        let taken = |what, value: &str| Outcome::Taken {
            what,
            value: value.to_owned(),
        };
        let outcome = apply(db, &insert(namesake)).await.unwrap();
        assert_eq!(outcome, taken("machine name", "m1"));
        let second = Change {
            clusters: vec![ClusterWrite::Insert(machine_core::cluster::Cluster {
                id: machine_core::id::ClusterId::from_bytes([8; 16]),
                ..cluster()
            })],
            ..Change::default()
        };
        assert_eq!(
            apply(db, &second).await.unwrap(),
            taken("cluster name", "lab")
        );
        applied(db, &insert(machine(2))).await;
        let reserve = |byte| Change {
            reservations: vec![ReservationWrite::Reserve(Reservation {
                address: address(5),
                mac: mac(byte),
                machine: machine_id(byte),
            })],
            ..Change::default()
        };
        applied(db, &reserve(1)).await;
        applied(db, &reserve(1)).await;
        assert_eq!(
            apply(db, &reserve(2)).await.unwrap(),
            taken("reservation", "10.77.0.5")
        );
        let free = |byte| Change {
            reservations: vec![ReservationWrite::Free {
                machine: machine_id(byte),
                address: address(5),
            }],
            ..Change::default()
        };
        applied(db, &free(2)).await;
        assert_eq!(
            reservations::list(db).await.unwrap().len(),
            1,
            "not his to free"
        );
        applied(db, &free(1)).await;
        applied(db, &reserve(2)).await;
    });
}

pub(crate) fn bootstrap_is_recorded_once(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let mut recorded = clusters::find_by_name(db, "lab").await.unwrap().unwrap();
        let called = bootstrap(1);
        let change = Change {
            clusters: vec![ClusterWrite::Update(recorded.clone())],
            operations: vec![OperationWrite::Begin(called)],
            ..Change::default()
        };
        let (one, other) = tokio::join!(apply(db, &change), apply(db, &change));
        let outcomes = [one.unwrap(), other.unwrap()];
        let stale = |it: &&Outcome| {
            matches!(
                it,
                Outcome::Stale {
                    table: "cluster",
                    ..
                }
            )
        };
        assert_eq!(outcomes.iter().filter(stale).count(), 1, "{outcomes:?}");
        recorded.version = 1;
        recorded.bootstrap = Some(called);
        assert_eq!(clusters::list(db).await.unwrap(), [recorded]);
    });
}

/// What a person withdraws counts no more, is not written any more, and makes room for another.
pub(crate) fn an_operation_stands_until_it_is_withdrawn(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let write = async |write: OperationWrite| {
            let change = Change {
                operations: vec![write],
                ..Change::default()
            };
            apply(db, &change).await.unwrap()
        };
        let stale = |id: OperationId| Outcome::Stale {
            table: "operation",
            row: id.to_string(),
        };
        let (first, second) = (bootstrap(1), bootstrap(2));
        let begun = write(OperationWrite::Begin(first)).await;
        assert_eq!(begun, Outcome::Applied);
        assert_eq!(
            write(OperationWrite::Begin(second)).await,
            stale(second.id),
            "one stands"
        );
        let refused = Operation {
            outcome: OperationOutcome::Refused,
            recorded: at(7),
            ..first
        };
        let recorded = write(OperationWrite::Record(refused)).await;
        assert_eq!(recorded, Outcome::Applied);
        let standing = async || {
            let found = clusters::find(db, cluster().id).await.unwrap();
            found.unwrap().bootstrap
        };
        assert_eq!(standing().await, Some(refused));
        let withdraw = OperationWrite::Withdraw {
            id: first.id,
            at: at(8),
        };
        assert_eq!(write(withdraw).await, Outcome::Applied);
        assert_eq!(standing().await, None);
        assert_eq!(write(withdraw).await, stale(first.id), "withdrawn twice");
        let late = write(OperationWrite::Record(refused)).await;
        assert_eq!(late, stale(first.id), "written after it was withdrawn");
        let again = write(OperationWrite::Begin(second)).await;
        assert_eq!(again, Outcome::Applied);
        assert_eq!(standing().await, Some(second));
    });
}
