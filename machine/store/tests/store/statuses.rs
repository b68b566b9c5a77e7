//! What was last seen and said of machines: numbered, and told to whoever watches; and who may write.

use machine_core::power::PowerState;
use machine_store::apply::apply;
use machine_store::change::{Change, MachineWrite, Outcome};
use machine_store::commit::claim::{ClaimOutcome, ClaimRefusal};
use machine_store::statuses::{self, MachineStatus, RecordedStatus};

use crate::bench::Bench;
use crate::fixtures::{applied, at, claim, machine, machine_id, provisioning};

fn status(machine: u8, waiting: &str, second: i64) -> MachineStatus {
    MachineStatus {
        machine: machine_id(machine),
        waiting: waiting.to_owned(),
        power: (second % 2 == 0).then_some(PowerState::Off),
        at: at(second),
    }
}

pub(crate) fn who_watches_misses_no_status(bench: &Bench) {
    let inserts = [1, 2].map(|byte| MachineWrite::Insert(machine(byte)));
    let change = Change {
        machines: inserts.into(),
        ..Change::default()
    };
    bench.block(applied(&bench.db, &change));
    let (commits, ended) = bench.commits();
    bench.block(async {
        let db = &bench.db;
        let mut watch = db.statuses();
        assert_eq!(*watch.borrow_and_update(), 0);
        let first = commits.submit(status(1, "its BMC is silent", 5)).await;
        assert_eq!(first.unwrap(), Some(1));
        watch.changed().await.unwrap();
        assert_eq!(*watch.borrow_and_update(), 1);
        let (one, other) = tokio::join!(
            commits.submit(status(2, "", 6)),
            commits.submit(status(1, "it is started", 7)),
        );
        assert_eq!((one.unwrap(), other.unwrap()), (Some(2), Some(3)));
        watch.changed().await.unwrap();
        let newest = *watch.borrow_and_update();
        assert!(newest >= 2, "{newest}");
        let recorded = |version, status| RecordedStatus { version, status };
        let news = statuses::since(db, 1, 9).await.unwrap();
        let wanted = [
            recorded(2, status(2, "", 6)),
            recorded(3, status(1, "it is started", 7)),
        ];
        assert_eq!(news, wanted);
        assert_eq!(statuses::since(db, 0, 1).await.unwrap(), wanted[..1]);
        assert_eq!(statuses::since(db, 3, 9).await.unwrap(), []);
        let nobody = commits.submit(status(9, "", 8)).await.unwrap();
        assert_eq!(nobody, None);
        let forget = MachineWrite::Forget {
            id: machine_id(2),
            version: 0,
            at: at(9),
        };
        let change = Change {
            machines: vec![forget],
            ..Change::default()
        };
        applied(db, &change).await;
        let late = commits.submit(status(2, "", 10)).await.unwrap();
        assert_eq!(late, None);
        assert_eq!(statuses::since(db, 0, 9).await.unwrap(), wanted[1..]);
        drop(commits);
        ended.await.unwrap();
    });
}

/// A daemon that another one took a machine over from writes nothing of it any more.
pub(crate) fn nothing_is_written_of_a_machine_that_another_daemon_took_over(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    bench.raw("UPDATE machine SET epoch = 1");
    let (commits, ended) = bench.commits();
    bench.block(async {
        let (id, version) = (machine_id(1), 0);
        for write in [
            MachineWrite::Update(machine(1)),
            MachineWrite::Hold { id, version },
            MachineWrite::ForgetBoard { id, version },
            MachineWrite::AcceptBmc {
                id,
                version,
                guid: "00".to_owned(),
            },
            MachineWrite::Forget {
                id,
                version,
                at: at(5),
            },
        ] {
            let change = Change {
                machines: vec![write.clone()],
                ..Change::default()
            };
            let outcome = apply(&bench.db, &change).await.unwrap();
            assert!(matches!(outcome, Outcome::Stale { .. }), "{write:?}");
        }
        let refused = ClaimOutcome::Refused(ClaimRefusal::MachineChanged);
        assert_eq!(commits.submit(claim()).await.unwrap(), refused);
        drop(commits);
        ended.await.unwrap();
    });
}
