//! Changes: by compare-and-set, all or nothing, and each request once.

use machine_core::attempt::AttemptEnd;
use machine_core::id::{AttemptId, BootId, IntentId, OperationId};
use machine_core::intent::IntentEnd;
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::apply::apply;
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite, Outcome,
    ReservationWrite,
};
use machine_store::commit::claim::ClaimOutcome;
use machine_store::error::StoreError;
use machine_store::reservations::{self, Reservation};
use machine_store::{attempts, clusters, events, intents, machines};

use crate::bench::Bench;
use crate::fixtures::{
    address, applied, at, attempt, bootstrap, claim, cluster, event, intent, mac, machine,
    machine_id, provisioning,
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

pub(crate) fn a_machine_has_one_open_intent_and_attempt(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let another = Change {
            intents: vec![IntentWrite::Open(intent(20, 1))],
            ..Change::default()
        };
        let outcome = apply(db, &another).await.unwrap();
        assert!(
            matches!(
                outcome,
                Outcome::Stale {
                    table: "intent",
                    ..
                }
            ),
            "{outcome:?}"
        );
        let another = Change {
            attempts: vec![AttemptWrite::Open(attempt(40, 2, 1, 2))],
            ..Change::default()
        };
        let outcome = apply(db, &another).await.unwrap();
        assert!(
            matches!(
                outcome,
                Outcome::Stale {
                    table: "attempt",
                    ..
                }
            ),
            "{outcome:?}"
        );
        let next = Change {
            intents: vec![
                IntentWrite::Close {
                    id: IntentId::from_bytes([2; 16]),
                    at: at(60),
                    end: IntentEnd::Failed,
                },
                IntentWrite::Open(intent(20, 1)),
            ],
            attempts: vec![
                AttemptWrite::Close {
                    id: AttemptId::from_bytes([4; 16]),
                    at: at(60),
                    end: AttemptEnd::TimedOut,
                },
                AttemptWrite::Open(attempt(40, 20, 1, 1)),
            ],
            ..Change::default()
        };
        applied(db, &next).await;
        let latest = intents::latest_of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(latest, Some(intent(20, 1)));
    });
}

pub(crate) fn work_is_opened_counted_and_closed(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let id = AttemptId::from_bytes([4; 16]);
        let write = |write| Change {
            attempts: vec![write],
            ..Change::default()
        };
        let switch = |number| {
            write(AttemptWrite::SwitchPower {
                id,
                number,
                at: at(70),
            })
        };
        let is_stale = |outcome| {
            matches!(
                outcome,
                Outcome::Stale {
                    table: "attempt",
                    ..
                }
            )
        };
        assert!(
            is_stale(apply(db, &switch(2)).await.unwrap()),
            "the first comes first"
        );
        applied(db, &switch(1)).await;
        assert!(
            is_stale(apply(db, &switch(1)).await.unwrap()),
            "counted once"
        );
        applied(db, &switch(2)).await;
        let boot = BootId::from_bytes([6; 16]);
        applied(db, &write(AttemptWrite::Serve { id, boot })).await;
        let close = write(AttemptWrite::Close {
            id,
            at: at(80),
            end: AttemptEnd::Interrupted,
        });
        applied(db, &close).await;
        for late in [close, switch(3), write(AttemptWrite::Serve { id, boot })] {
            assert!(is_stale(apply(db, &late).await.unwrap()), "{late:?}");
        }
        let closed = attempts::find(db, id).await.unwrap().unwrap();
        assert_eq!(
            (
                closed.power_actions,
                closed.power_at,
                closed.boot,
                closed.closed
            ),
            (
                2,
                Some(at(70)),
                Some(boot),
                Some((at(80), AttemptEnd::Interrupted))
            )
        );
        let second = write(AttemptWrite::Open(attempt(41, 2, 1, 2)));
        applied(db, &second).await;
        let numbers: Vec<u32> = attempts::of_intent(db, IntentId::from_bytes([2; 16]))
            .await
            .unwrap()
            .iter()
            .map(|attempt| attempt.number)
            .collect();
        assert_eq!(numbers, [2, 1], "newest first");
    });
}

pub(crate) fn what_was_thought_out_before_the_machine_changed_is_not_done(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let id = AttemptId::from_bytes([4; 16]);
        let at_version = |version, write| Change {
            machines: vec![MachineWrite::Hold {
                id: machine_id(1),
                version,
            }],
            attempts: vec![write],
            ..Change::default()
        };
        let switch = |number| AttemptWrite::SwitchPower {
            id,
            number,
            at: at(70),
        };
        let close = AttemptWrite::Close {
            id,
            at: at(80),
            end: AttemptEnd::Interrupted,
        };
        let open = AttemptWrite::Open(attempt(41, 2, 1, 2));
        applied(db, &at_version(0, switch(1))).await;
        for late in [switch(2), close, open] {
            let outcome = apply(db, &at_version(0, late)).await.unwrap();
            let is_stale = matches!(
                outcome,
                Outcome::Stale {
                    table: "machine",
                    ..
                }
            );
            assert!(is_stale, "{outcome:?}");
        }
        let kept = attempts::find(db, id).await.unwrap().unwrap();
        assert_eq!((kept.power_actions, kept.closed), (1, None));
    });
}

pub(crate) fn power_is_not_switched_once_a_config_is_released(bench: &Bench) {
    bench.block(async {
        provisioning(&bench.db).await;
        let (commits, _) = bench.commits();
        let claimed = commits.submit(claim()).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
        let switch = Change {
            attempts: vec![AttemptWrite::SwitchPower {
                id: AttemptId::from_bytes([4; 16]),
                number: 1,
                at: at(70),
            }],
            ..Change::default()
        };
        let outcome = apply(&bench.db, &switch).await.unwrap();
        assert!(
            matches!(
                outcome,
                Outcome::Stale {
                    table: "attempt",
                    ..
                }
            ),
            "{outcome:?}"
        );
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
