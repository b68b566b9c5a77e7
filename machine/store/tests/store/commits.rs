//! The commit task: many in one transaction, each answered after it, none lost.

use std::collections::BTreeSet;

use machine_core::boot::BootStep;
use machine_core::network::{Lease, SubnetName};
use machine_store::commit::CommitHandle;
use machine_store::commit::item::LeaseEnd;
use machine_store::error::StoreError;
use machine_store::leases::{self, LeaseOutcome};
use machine_store::{boots, events};
use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::fixtures::{address, at, boot, event, lease, machine_id, provisioning};

fn lab() -> SubnetName {
    SubnetName::new("lab")
}

async fn at_once(commits: &CommitHandle, leases: Vec<Lease>) -> Vec<LeaseOutcome> {
    let mut waiting = JoinSet::new();
    for lease in leases {
        let commits = commits.clone();
        waiting.spawn(async move { commits.submit(lease).await.unwrap() });
    }
    waiting.join_all().await
}

pub(crate) fn a_thousand_leases_at_once(bench: &Bench) {
    let (commits, task) = bench.commits();
    let outcomes = bench.block(at_once(&commits, (0..1000).map(lease).collect()));
    assert_eq!(outcomes, vec![LeaseOutcome::Committed; 1000]);
    let counts = commits.counts();
    println!("  1000 leases took {} transactions", counts.transactions);
    assert_eq!((counts.items, counts.failures), (1000, 0));
    assert!(counts.transactions < 1000, "{counts:?}");
    drop(commits);
    bench.block(task).unwrap();
    bench.block(bench.db.close());
    let reopened = bench.reopened();
    let stored: BTreeSet<_> = bench
        .block(leases::of_subnet(&reopened, &lab()))
        .unwrap()
        .into_iter()
        .map(|lease| lease.address)
        .collect();
    assert_eq!(stored, (0..1000).map(address).collect());
}

pub(crate) fn an_address_belongs_to_one_client(bench: &Bench) {
    let (commits, _) = bench.commits();
    let rivals = (0..100).map(|number| Lease {
        address: address(5),
        ..lease(number)
    });
    let outcomes = bench.block(at_once(&commits, rivals.collect()));
    let stored = bench.block(leases::of_subnet(&bench.db, &lab())).unwrap();
    let [holder] = stored.as_slice() else {
        panic!("one lease, not {stored:?}")
    };
    let (won, lost): (Vec<_>, Vec<_>) = outcomes
        .into_iter()
        .partition(|it| *it == LeaseOutcome::Committed);
    assert_eq!((won.len(), lost.len()), (1, 99));
    let holder = holder.clone();
    let taken = LeaseOutcome::Taken { holder };
    assert!(lost.iter().all(|it| *it == taken), "each is told by whom");
    let elsewhere = Lease {
        subnet: SubnetName::new("other"),
        ..lease(5)
    };
    let outcome = bench.block(commits.submit(elsewhere)).unwrap();
    assert_eq!(
        outcome,
        LeaseOutcome::Committed,
        "another subnet, another lease"
    );
}

pub(crate) fn a_lease_moves_renews_expires_and_ends(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        let (commits, _) = bench.commits();
        let grant = async |lease: Lease| commits.submit(lease).await.unwrap();
        assert_eq!(grant(lease(1)).await, LeaseOutcome::Committed);
        let renewed = Lease {
            granted: at(200),
            expires: at(3800),
            client_identifier: None,
            ..lease(1)
        };
        assert_eq!(grant(renewed.clone()).await, LeaseOutcome::Committed);
        assert_eq!(
            leases::of_subnet(db, &lab()).await.unwrap(),
            std::slice::from_ref(&renewed)
        );
        let early = Lease {
            address: address(1),
            granted: at(3799),
            ..lease(2)
        };
        let taken = LeaseOutcome::Taken {
            holder: renewed.clone(),
        };
        assert_eq!(grant(early.clone()).await, taken);
        let late = Lease {
            granted: at(3800),
            ..early
        };
        assert_eq!(
            grant(late.clone()).await,
            LeaseOutcome::Committed,
            "it has expired"
        );
        let moved = Lease {
            address: address(9),
            ..late.clone()
        };
        assert_eq!(grant(moved).await, LeaseOutcome::Committed);
        assert_eq!(leases::of_address(db, address(1)).await.unwrap(), []);
        let end = |address| LeaseEnd {
            subnet: lab(),
            client: lease(2).client,
            address,
        };
        assert!(
            !commits.submit(end(address(1))).await.unwrap(),
            "not his any more"
        );
        assert!(commits.submit(end(address(9))).await.unwrap());
        assert_eq!(leases::of_subnet(db, &lab()).await.unwrap(), []);
    });
}

pub(crate) fn one_bad_item_fails_alone(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let orphan = boot(1, Some(99), 10, BootStep::Discover);
        let good = boot(2, Some(1), 10, BootStep::Discover);
        let rival = Lease {
            address: address(1),
            ..lease(2)
        };
        let (bad, fine, held, lost, told) = tokio::join!(
            commits.submit(orphan.clone()),
            commits.submit(good.clone()),
            commits.submit(lease(1)),
            commits.submit(rival),
            commits.submit(vec![event("told")]),
        );
        assert!(matches!(bad, Err(StoreError::Violated { .. })), "{bad:?}");
        fine.unwrap();
        told.unwrap();
        let outcomes = [held.unwrap(), lost.unwrap()];
        let won = outcomes
            .iter()
            .filter(|it| **it == LeaseOutcome::Committed)
            .count();
        assert_eq!(won, 1, "{outcomes:?}");
        assert_eq!(boots::find(db, orphan.id).await.unwrap(), None);
        assert_eq!(boots::find(db, good.id).await.unwrap(), Some(good));
        assert_eq!(events::tail(db, 9).await.unwrap().len(), 1);
        assert_eq!(commits.counts().failures, 0);
    });
}

pub(crate) fn copies_of_a_boot_add_up(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let first = boot(1, None, 10, BootStep::Discover);
        let mut leased = first.clone();
        leased.address = Some(address(3));
        leased.step = BootStep::Lease;
        leased.step_at = at(12);
        let mut scripted = first.clone();
        scripted.machine = Some(machine_id(1));
        scripted.step = BootStep::Script;
        scripted.step_at = at(20);
        scripted.sent_to_disk = true;
        let (a, b, c) = tokio::join!(
            commits.submit(scripted.clone()),
            commits.submit(leased),
            commits.submit(first),
        );
        a.and(b).and(c).unwrap();
        let stored = boots::find(db, scripted.id).await.unwrap();
        scripted.address = Some(address(3));
        assert_eq!(stored, Some(scripted), "whatever came last");
    });
}

pub(crate) fn what_is_queued_is_written_before_the_end(bench: &Bench) {
    let (commits, task) = bench.commits();
    let queued = (0..500).filter(|number| commits.try_event(event(&format!("e{number}"))));
    assert_eq!(queued.count(), 500);
    commits.close();
    bench.block(task).unwrap();
    let written = bench.block(events::tail(&bench.db, 1000)).unwrap();
    assert_eq!(written.len(), 500);
    let error = bench.block(commits.submit(lease(1))).unwrap_err();
    assert!(matches!(error, StoreError::Closed), "{error:?}");
}

pub(crate) fn events_without_a_waiter_are_counted_when_dropped(bench: &Bench) {
    // On one thread the task can't run while the queue is being filled.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let db = machine_store::db::Db::open(&bench.location).await.unwrap();
        let (commits, task) = machine_store::commit::Committer::spawn(db.clone());
        let queued = (0..6000)
            .filter(|_| commits.try_event(event("step")))
            .count();
        let dropped = commits.counts().dropped_events;
        assert!(dropped > 0);
        assert_eq!(queued + usize::try_from(dropped).unwrap(), 6000);
        drop(commits);
        task.await.unwrap();
        let written = events::since(&db, 0, 9999).await.unwrap();
        assert_eq!(written.len(), queued);
    });
}

pub(crate) fn an_alarm_stands_in_a_queue_that_is_full_of_steps(bench: &Bench) {
    // On one thread the task can't run while the queue is being filled.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let db = machine_store::db::Db::open(&bench.location).await.unwrap();
        let (commits, task) = machine_store::commit::Committer::spawn(db.clone());
        let is_full = (0..6000).any(|_| !commits.try_event(event("step")));
        let is_told = commits.try_event(event("alarm"));
        drop(commits);
        task.await.unwrap();
        // A task on a thread of its own writes while the queue is filled.
        assert!(is_told || !is_full);
        let written = events::since(&db, 0, 9999).await.unwrap();
        let alarms = written.iter().filter(|it| it.event.kind == "alarm");
        assert_eq!(alarms.count(), 1);
    });
}
