//! Changes of work: intents and attempts, one open of each, and power that is counted before it is
//! switched.

use machine_core::attempt::AttemptEnd;
use machine_core::id::{AttemptId, BootId, IntentId};
use machine_core::intent::IntentEnd;
use machine_store::apply::apply;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite, Outcome};
use machine_store::commit::claim::ClaimOutcome;
use machine_store::{attempts, intents};

use crate::bench::Bench;
use crate::fixtures::{applied, at, attempt, claim, intent, machine_id, provisioning};

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

fn write(write: AttemptWrite) -> Change {
    Change {
        attempts: vec![write],
        ..Change::default()
    }
}

fn is_stale(outcome: &Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Stale {
            table: "attempt",
            ..
        }
    )
}

pub(crate) fn work_is_opened_counted_and_closed(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let id = AttemptId::from_bytes([4; 16]);
        let switch = |number| {
            write(AttemptWrite::SwitchPower {
                id,
                number,
                at: at(70),
            })
        };
        assert!(
            is_stale(&apply(db, &switch(2)).await.unwrap()),
            "the first comes first"
        );
        applied(db, &switch(1)).await;
        assert!(
            is_stale(&apply(db, &switch(1)).await.unwrap()),
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
            assert!(is_stale(&apply(db, &late).await.unwrap()), "{late:?}");
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
