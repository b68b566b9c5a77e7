//! What is kept of an attempt beside its release: a wipe, what its node said, and which attempt of
//! a machine was released last; and the order of steps.

use machine_core::attempt::{AttemptEnd, Verdict, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::id::{AttemptId, BootId, IntentId};
use machine_core::intent::IntentEnd;
use machine_store::apply::apply;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite, Outcome};
use machine_store::{attempts, boots};

use crate::bench::Bench;
use crate::fixtures::{applied, at, attempt, boot, intent, machine, machine_id, provisioning};

const ID: AttemptId = AttemptId::from_bytes([4; 16]);

fn write(write: AttemptWrite) -> Change {
    Change {
        attempts: vec![write],
        ..Change::default()
    }
}

pub(crate) fn a_wipe_is_planned_once_and_one_boot_carries_it(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let planned = Wipe {
            at: at(70),
            boot: None,
        };
        let chosen = |byte| Wipe {
            boot: Some(BootId::from_bytes([byte; 16])),
            ..planned
        };
        let wipe = |wipe| write(AttemptWrite::Wipe { id: ID, wipe });
        let early = apply(db, &wipe(chosen(1))).await.unwrap();
        assert_ne!(early, Outcome::Applied, "nobody has planned it");
        applied(db, &wipe(planned)).await;
        assert_ne!(apply(db, &wipe(planned)).await.unwrap(), Outcome::Applied);
        applied(db, &wipe(chosen(1))).await;
        let second = apply(db, &wipe(chosen(2))).await.unwrap();
        assert_ne!(second, Outcome::Applied, "another boot was chosen");
        let kept = attempts::find(db, ID).await.unwrap().unwrap();
        assert_eq!(kept.wipe, Some(chosen(1)));
    });
}

pub(crate) fn what_a_node_said_first_stands(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let verdict = |why: &str| Verdict {
            at: at(70),
            end: AttemptEnd::Refused,
            why: why.to_owned(),
        };
        let judge = |why| {
            write(AttemptWrite::Judge {
                id: ID,
                verdict: verdict(why),
            })
        };
        applied(db, &judge("no disks matched")).await;
        let again = apply(db, &judge("something else")).await.unwrap();
        assert_ne!(again, Outcome::Applied);
        let kept = attempts::find(db, ID).await.unwrap().unwrap();
        assert_eq!(kept.verdict, Some(verdict("no disks matched")));
    });
}

pub(crate) fn the_newest_released_attempt_is_found_under_any_intent(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    let newest = || bench.block(attempts::newest_released(&bench.db, machine_id(1)));
    assert_eq!(newest().unwrap(), None);
    bench
        .raw("UPDATE attempt SET release_delivery = 'fetched', release_at = 70, release_peer = '10.77.0.9', release_fetches = 1");
    bench.raw(&format!(
        "UPDATE attempt SET release_digest = (SELECT digest FROM ({}) AS it)",
        if bench.is_sqlite() {
            "SELECT zeroblob(32) AS digest"
        } else {
            "SELECT decode(repeat('00', 32), 'hex') AS digest"
        }
    ));
    let ends = Change {
        attempts: vec![AttemptWrite::Close {
            id: ID,
            at: at(80),
            end: AttemptEnd::TimedOut,
        }],
        intents: vec![
            IntentWrite::Close {
                id: IntentId::from_bytes([2; 16]),
                at: at(80),
                end: IntentEnd::Failed,
            },
            IntentWrite::Open(intent(3, 1)),
        ],
        ..Change::default()
    };
    bench.block(applied(&bench.db, &ends));
    let next = write(AttemptWrite::Open(attempt(41, 3, 1, 1)));
    bench.block(applied(&bench.db, &next));
    assert_eq!(newest().unwrap().map(|attempt| attempt.id), Some(ID));
    let released = bench.block(attempts::released(&bench.db, machine_id(1)));
    let released: Vec<AttemptId> = released.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(released, [ID]);
}

/// Several requests of one boot are under way at once, and the clock may have jumped in between.
pub(crate) fn the_later_step_stands_whatever_the_clock_said(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let far = boot(1, Some(1), 3_600, BootStep::Installing);
        let later = Boot {
            step: BootStep::Installed,
            step_at: at(10),
            ..far.clone()
        };
        let stale = Boot {
            step: BootStep::Config,
            step_at: at(9_000),
            ..far.clone()
        };
        for copy in [far, later.clone(), stale] {
            commits.submit(copy).await.unwrap();
        }
        let kept = boots::find(db, later.id).await.unwrap().unwrap();
        assert_eq!((kept.step, kept.step_at), (BootStep::Installed, at(10)));
        for (earlier, next) in BootStep::ALL.iter().zip(BootStep::ALL.iter().skip(1)) {
            let byte = 100
                + u8::try_from(BootStep::ALL.iter().position(|it| it == next).unwrap()).unwrap();
            for step in [*next, *earlier] {
                commits.submit(boot(byte, Some(1), 50, step)).await.unwrap();
            }
            let id = BootId::from_bytes([byte; 16]);
            let kept = boots::find(db, id).await.unwrap().unwrap();
            assert_eq!(kept.step, *next);
        }
    });
}

pub(crate) fn the_boots_of_all_are_those_of_each(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let two = Change {
            machines: vec![MachineWrite::Insert(machine(2))],
            ..Change::default()
        };
        applied(db, &two).await;
        let (commits, _) = bench.commits();
        for number in 0..12_u8 {
            let step = [BootStep::Disk, BootStep::Discover][usize::from(number > 1)];
            let owner = [1, 2][usize::from(number % 3 == 0)];
            let boot = boot(number + 20, Some(owner), i64::from(number), step);
            commits.submit(boot).await.unwrap();
        }
        let all = boots::recent_and_seen_of_all(db, &[1, 2].map(machine_id), (3, 2))
            .await
            .unwrap();
        for owner in [1, 2] {
            let one = boots::recent_and_seen(db, machine_id(owner), (3, 2)).await;
            assert_eq!(all[&machine_id(owner)], one.unwrap());
        }
    });
}

pub(crate) fn a_boot_that_ran_is_found_behind_any_number_of_discovers(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let runs = boot(1, Some(1), 10, BootStep::Config);
        commits.submit(runs.clone()).await.unwrap();
        for byte in 2..60 {
            let forged = boot(byte, Some(1), 10 + i64::from(byte), BootStep::Lease);
            commits.submit(forged).await.unwrap();
        }
        let machine = machine_id(1);
        let latest = boots::latest_seen(db, machine).await.unwrap();
        assert_eq!(latest.as_ref(), Some(&runs));
        let both = boots::recent_and_seen(db, machine, (4, 4)).await.unwrap();
        let bytes: Vec<u8> = both.iter().map(|boot| boot.id.as_bytes()[0]).collect();
        assert_eq!(bytes, [59, 58, 57, 56, 1]);
    });
}
