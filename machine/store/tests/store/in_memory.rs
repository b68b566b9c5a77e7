//! What is held in memory: whatever was written, by whomever, it is what the database says.

mod acts;

use std::collections::BTreeSet;
use std::time::Duration;

use machine_core::evidence::Claim;
use machine_core::id::{ClusterId, MachineId};
use machine_core::machine::Machine;
use machine_store::apply::apply;
use machine_store::boot_read::boot_read;
use machine_store::change::{Change, MachineWrite};
use machine_store::commit::CommitHandle;
use machine_store::db::Db;
use machine_store::events::{self, Event};
use machine_store::evidence::Fact;
use machine_store::read_model::ReadModel;
use machine_store::read_model::refresh::read_afresh;
use machine_store::{clusters, machines};
use proptest::collection::vec;
use proptest::prelude::any;

use crate::bench::Bench;
use crate::fixtures::{event, mac, machine, machine_id, provisioning};
use crate::generated::each;

use crate::in_memory::acts::{KINDS, act, evidence, uuid};

/// Waits until the commit task holds what is on record.
async fn held(db: &Db, commits: &CommitHandle) -> ReadModel {
    commits.submit(Vec::<Event>::new()).await.unwrap();
    db.model().read(Clone::clone).expect("nothing is in doubt")
}

pub(crate) fn what_is_held_is_what_a_fresh_read_gives(bench: &Bench) {
    let (commits, _) = bench.commits();
    let by_statements = bench.reopened();
    let acts = vec((0..KINDS, any::<u8>(), any::<u8>()), 1..24);
    each(&acts, |acts| {
        bench.block(async {
            for done in acts {
                act(&bench.db, &commits, done).await;
                let held = held(&bench.db, &commits).await;
                let fresh = read_afresh(&bench.db).await.unwrap();
                assert!(held == fresh, "after {done:?}");
                for card in 0..6 {
                    let asks = Claim {
                        mac: mac(card),
                        others: BTreeSet::new(),
                        uuid: (card % 2 == 0).then(|| uuid(card % 3)),
                        serial: None,
                        complete: card % 3 == 0,
                    };
                    let read = boot_read(&by_statements, &asks).await.unwrap();
                    assert!(held.boot_read(&asks) == read, "after {done:?}");
                }
            }
        });
    });
}

pub(crate) fn a_boot_is_answered_without_the_database(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let known = Change {
            evidence: vec![evidence(1, 8)],
            ..Change::default()
        };
        assert_eq!(known.evidence[0].facts, [Fact::Mac(mac(2))]);
        apply(db, &known).await.unwrap();
        let (commits, _) = bench.commits();
        held(db, &commits).await;
        let before = db.counts();
        for card in [2, 9] {
            let asks = Claim {
                mac: mac(card),
                others: BTreeSet::new(),
                uuid: None,
                serial: None,
                complete: false,
            };
            let read = boot_read(db, &asks).await.unwrap();
            assert_eq!(read.standing.is_some(), card == 2);
        }
        machines::list(db).await.unwrap();
        clusters::find(db, ClusterId::from_bytes([3; 16]))
            .await
            .unwrap();
        assert_eq!(db.counts(), before);
    });
}

pub(crate) fn what_was_written_elsewhere_is_read_anew_once_it_is_told(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        held(db, &commits).await;
        // The database is written beside the store, and the store is told as by another replica.
        let other = Db::open(&bench.location).await.unwrap();
        let renamed = Machine {
            name: "elsewhere".to_owned(),
            ..machines::find(db, machine_id(1)).await.unwrap().unwrap()
        };
        let write = Change {
            machines: vec![MachineWrite::Update(renamed)],
            ..Change::default()
        };
        apply(&other, &write).await.unwrap();
        db.model().changed_elsewhere([machine_id(1)]);
        let found = machines::find(db, machine_id(1)).await.unwrap().unwrap();
        assert_eq!(found.name, "elsewhere", "what is in doubt is read");
        let held = held(db, &commits).await;
        let fresh = read_afresh(db).await.unwrap();
        assert!(held == fresh, "and held from the next commit on");
    });
}

pub(crate) fn a_machine_that_cannot_be_read_hides_no_other(bench: &Bench) {
    bench.block(async {
        provisioning(&bench.db).await;
        let change = Change {
            machines: vec![MachineWrite::Insert(machine(2))],
            evidence: vec![evidence(2, 8)],
            ..Change::default()
        };
        apply(&bench.db, &change).await.unwrap();
    });
    bench.raw("UPDATE machine SET state = 'of the next release' WHERE name = 'm1'");
    let (commits, _) = bench.commits();
    bench.block(async {
        commits.submit(Vec::<Event>::new()).await.unwrap();
        let asks = Claim {
            mac: mac(2),
            others: BTreeSet::new(),
            uuid: None,
            serial: None,
            complete: false,
        };
        let read = boot_read(&bench.db, &asks).await.unwrap();
        assert_eq!(read.standing.unwrap().machine.id, machine_id(2));
        let fresh = read_afresh(&bench.db).await.unwrap();
        let ids: Vec<MachineId> = fresh.machines().map(|(id, _)| id).collect();
        assert_eq!(ids, [machine_id(2)]);
    });
}

pub(crate) fn who_follows_a_timeline_asks_the_database_only_after_something_happened(
    bench: &Bench,
) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let happens = |of: u8| {
            vec![Event {
                machine: Some(machine_id(of)),
                ..event("step")
            }]
        };
        commits.submit(happens(1)).await.unwrap();
        let read = events::of_machine(db, machine_id(1), 0, 10).await.unwrap();
        let after = read.last().unwrap().seq;
        let before = db.counts().reads;
        for _ in 0..10 {
            commits.submit(happens(2)).await.unwrap();
            assert_eq!(
                events::of_machine(db, machine_id(1), after, 10)
                    .await
                    .unwrap(),
                []
            );
        }
        assert_eq!(db.counts().reads, before);
        commits.submit(happens(1)).await.unwrap();
        let read = events::of_machine(db, machine_id(1), after, 10)
            .await
            .unwrap();
        assert_eq!(read.len(), 1);
        let followed = tokio::time::timeout(Duration::from_mins(1), async {
            events::of_machine(db, machine_id(1), read[0].seq, 10).await
        });
        assert_eq!(followed.await.unwrap().unwrap(), []);
    });
}
