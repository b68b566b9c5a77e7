//! One row that can't be read stops nobody but whom it is about.

use machine_core::id::ClusterId;
use machine_store::change::{Change, ClusterWrite, MachineWrite};
use machine_store::error::StoreError;
use machine_store::{clusters, events, identities, leases, machines};

use crate::bench::Bench;
use crate::fixtures::{applied, cluster, event, lease, machine, machine_id};

fn three_of_each() -> Change {
    let clusters = [5, 6, 7].map(|byte| {
        let mut made = cluster();
        made.id = ClusterId::from_bytes([byte; 16]);
        made.spec.name = format!("c{byte}");
        made.spec.endpoint = format!("https://10.77.0.{byte}:6443").parse().unwrap();
        ClusterWrite::Insert(made)
    });
    Change {
        machines: [1, 2, 3]
            .map(|byte| MachineWrite::Insert(machine(byte)))
            .into(),
        clusters: clusters.into(),
        events: ["a", "b", "c"].map(event).into(),
        ..Change::default()
    }
}

pub(crate) fn a_row_that_cannot_be_read_is_left_out_and_the_rest_goes_on(bench: &Bench) {
    bench.block(applied(&bench.db, &three_of_each()));
    let (commits, ended) = bench.commits();
    bench.block(async {
        for number in [1, 2, 3] {
            commits.submit(lease(number)).await.unwrap();
        }
        drop(commits);
        ended.await.unwrap();
    });
    for sql in [
        "UPDATE machine SET state = 'asleep' WHERE name = 'm2'",
        "UPDATE cluster SET spec = '{}' WHERE name = 'c6'",
        "UPDATE event SET boot = 'none' WHERE kind = 'b'",
        "UPDATE lease SET client = 'nobody' WHERE address = '10.77.0.2'",
        "INSERT INTO evidence (machine, kind, value, first_seen, last_seen) \
         SELECT id, 'mac', 'no card', 1, 1 FROM machine WHERE name = 'm3'",
    ] {
        bench.raw(sql);
    }
    // Whoever opens it now has nothing of it in memory.
    let reopened = bench.reopened();
    bench.block(async {
        let db = &reopened;
        let read = machines::readable(db).await.unwrap();
        let names: Vec<&str> = read.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["m1", "m3"]);
        let read = clusters::readable(db).await.unwrap();
        let names: Vec<&str> = read
            .clusters
            .iter()
            .map(|it| it.spec.name.as_str())
            .collect();
        assert_eq!(
            (names, read.unreadable),
            (vec!["c5", "c7"], vec!["c6".to_owned()])
        );
        let told = events::since(db, 0, 9).await.unwrap();
        let kinds: Vec<&str> = told.iter().map(|it| it.event.kind.as_str()).collect();
        assert_eq!(kinds, ["a", "c"]);
        let leased = leases::of_subnet(db, &lease(1).subnet).await.unwrap();
        assert_eq!(leased, [lease(1), lease(3)]);
        assert_eq!(identities::list(db).await.unwrap().len(), 3);
        // Whoever decides on all of them, or on this one, is told.
        for error in [
            machines::list(db).await.map(|_| ()).unwrap_err(),
            machines::find(db, machine_id(2))
                .await
                .map(|_| ())
                .unwrap_err(),
            clusters::list(db).await.map(|_| ()).unwrap_err(),
        ] {
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
        }
    });
}
