//! Events: in the order of the commits, without gaps, and with a machine's whole story.

use machine_core::boot::BootStep;
use machine_core::id::BootId;
use machine_store::apply::apply;
use machine_store::change::Change;
use machine_store::events::{self, Event, RecordedEvent};
use tokio::task::JoinSet;

use crate::bench::Bench;
use crate::fixtures::{boot, cluster, event, machine_id, provisioning};

pub(crate) fn events_come_in_the_order_of_commits(bench: &Bench) {
    bench.block(async {
        let (commits, _) = bench.commits();
        let mut writers = JoinSet::new();
        for number in 0..40 {
            let (commits, db) = (commits.clone(), bench.db.clone());
            writers.spawn(async move {
                let events = vec![event(&format!("a{number}")), event(&format!("b{number}"))];
                if number % 2 == 0 {
                    commits.submit(events).await.unwrap();
                } else {
                    let change = Change {
                        events,
                        ..Change::default()
                    };
                    apply(&db, &change).await.unwrap();
                }
            });
        }
        // Follows while the writers write: what has a lower number is never seen later.
        let mut seen: Vec<RecordedEvent> = Vec::new();
        while seen.len() < 80 {
            let after = seen.last().map_or(0, |last| last.seq);
            seen.extend(events::since(&bench.db, after, 7).await.unwrap());
        }
        writers.join_all().await;
        let numbers: Vec<i64> = seen.iter().map(|it| it.seq).collect();
        assert_eq!(numbers, (1..=80).collect::<Vec<_>>());
        for pair in seen.chunks(2) {
            assert_eq!(
                pair[0].event.kind[1..],
                pair[1].event.kind[1..],
                "one commit, one run"
            );
        }
        let tail = events::tail(&bench.db, 3).await.unwrap();
        assert_eq!(tail, seen[77..]);
    });
}

pub(crate) fn a_machine_keeps_the_steps_of_its_sighting(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let of = |boot: u8, machine: Option<u8>, kind: &str| Event {
            boot: Some(BootId::from_bytes([boot; 16])),
            machine: machine.map(machine_id),
            ..event(kind)
        };
        let told = vec![
            of(50, None, "discover"),
            of(51, None, "somebody else's"),
            of(50, None, "offer"),
            of(50, Some(1), "script"),
            Event {
                cluster: Some(cluster().id),
                ..event("ready")
            },
        ];
        commits.submit(told).await.unwrap();
        commits
            .submit(boot(50, Some(1), 10, BootStep::Script))
            .await
            .unwrap();
        let kinds = |events: Vec<RecordedEvent>| -> Vec<String> {
            events.into_iter().map(|it| it.event.kind).collect()
        };
        let machine = machine_id(1);
        let all = events::of_machine(db, machine, 0, 9).await.unwrap();
        assert_eq!(kinds(all), ["discover", "offer", "script"]);
        let rest = events::of_machine(db, machine, 1, 1).await.unwrap();
        assert_eq!(kinds(rest), ["offer"]);
        let tail = events::tail_of_machine(db, machine, 2).await.unwrap();
        assert_eq!(kinds(tail), ["offer", "script"]);
        let cluster = events::of_cluster(db, cluster().id, 0, 9).await.unwrap();
        assert_eq!(kinds(cluster), ["ready"]);
    });
}
