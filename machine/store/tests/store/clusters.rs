//! Clusters that go, endpoints that belong to one, and secrets that are replaced while nobody has
//! them.

use machine_core::attempt::AttemptEnd;
use machine_core::id::ClusterId;
use machine_core::intent::IntentEnd;
use machine_store::apply::apply;
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, OperationWrite, Outcome, SecretWrite,
};
use machine_store::db::Db;
use machine_store::place::Place;
use machine_store::seal::SealKey;
use machine_store::{attempts, clusters, intents, secrets};

use crate::bench::Bench;
use crate::fixtures::{at, attempt, bootstrap, cluster, intent, machine_id, provisioning};

fn place() -> Place {
    Place::new("cluster", cluster().id, "secrets")
}

fn delete(version: i64) -> Change {
    Change {
        clusters: vec![ClusterWrite::Delete {
            id: cluster().id,
            version,
            at: at(50),
        }],
        secrets: vec![SecretWrite::Remove { place: place() }],
        ..Change::default()
    }
}

fn close_intent() -> IntentWrite {
    IntentWrite::Close {
        id: intent(2, 1).id,
        at: at(50),
        end: IntentEnd::Cancelled,
    }
}

fn close_attempt() -> AttemptWrite {
    AttemptWrite::Close {
        id: attempt(4, 2, 1, 1).id,
        at: at(50),
        end: AttemptEnd::Cancelled,
    }
}

async fn is_stale(db: &Db, change: &Change) -> bool {
    matches!(apply(db, change).await.unwrap(), Outcome::Stale { .. })
}

pub(crate) fn a_deleted_cluster_is_gone_and_what_it_did_is_kept(bench: &Bench) {
    let db = &bench.db;
    bench.block(async {
        provisioning(db).await;
        let seal = SealKey::generate().unwrap();
        let sealed = seal.seal(&place(), b"keys").unwrap();
        let put = secrets::put_if_absent(db, &place(), &sealed, at(1)).await;
        assert!(put.unwrap());
        assert!(is_stale(db, &delete(0)).await, "an intent is open");
        assert!(is_stale(db, &delete(1)).await, "another version");
        let gone = Change {
            intents: vec![close_intent()],
            attempts: vec![close_attempt()],
            ..delete(0)
        };
        assert_eq!(apply(db, &gone).await.unwrap(), Outcome::Applied);
        assert_eq!(clusters::list(db).await.unwrap(), []);
        assert_eq!(clusters::find_by_name(db, "lab").await.unwrap(), None);
        assert_eq!(secrets::find(db, &place()).await.unwrap(), None);
        let named = clusters::find(db, cluster().id).await.unwrap().unwrap();
        assert_eq!(named.spec.name, "lab");
        let kept = intents::latest_of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(kept.unwrap().assignment.cluster, cluster().id);
        assert!(is_stale(db, &delete(1)).await, "deleted twice");
        let mut renewed = named;
        renewed.version = 1;
        let update = Change {
            clusters: vec![ClusterWrite::Update(renewed)],
            ..Change::default()
        };
        assert!(is_stale(db, &update).await, "written after it was deleted");
        let late = Change {
            intents: vec![IntentWrite::Open(intent(9, 1))],
            ..Change::default()
        };
        assert!(is_stale(db, &late).await, "an intent for a deleted cluster");
        // Its name and its endpoint are free.
        let mut next = cluster();
        next.id = ClusterId::from_bytes([8; 16]);
        let again = Change {
            clusters: vec![ClusterWrite::Insert(next.clone())],
            ..Change::default()
        };
        assert_eq!(apply(db, &again).await.unwrap(), Outcome::Applied);
        assert_eq!(clusters::list(db).await.unwrap(), [next]);
    });
}

pub(crate) fn an_endpoint_belongs_to_one_cluster(bench: &Bench) {
    let db = &bench.db;
    bench.block(async {
        let insert = |byte: u8, name: &str, endpoint: &str| {
            let mut made = cluster();
            made.id = ClusterId::from_bytes([byte; 16]);
            name.clone_into(&mut made.spec.name);
            made.spec.endpoint = endpoint.parse().unwrap();
            Change {
                clusters: vec![ClusterWrite::Insert(made)],
                ..Change::default()
            }
        };
        let first = insert(1, "one", "https://lab.example:6443");
        assert_eq!(apply(db, &first).await.unwrap(), Outcome::Applied);
        let same = insert(2, "two", "https://LAB.example:6443/");
        let outcome = apply(db, &same).await.unwrap();
        assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
        let other = insert(3, "three", "https://lab.example:7443");
        assert_eq!(apply(db, &other).await.unwrap(), Outcome::Applied);
    });
}

pub(crate) fn secrets_are_held_only_while_no_machine_can_have_them(bench: &Bench) {
    let db = &bench.db;
    let hold = |version| Change {
        clusters: vec![ClusterWrite::HoldUnused {
            id: cluster().id,
            version,
        }],
        ..Change::default()
    };
    bench.block(async {
        provisioning(db).await;
        let using = attempts::with_secrets_of(db, cluster().id).await.unwrap();
        assert_eq!(using.unwrap().id, attempt(4, 2, 1, 1).id);
        assert!(is_stale(db, &hold(0)).await, "an attempt is open");
        let closed = Change {
            attempts: vec![close_attempt()],
            ..Change::default()
        };
        assert_eq!(apply(db, &closed).await.unwrap(), Outcome::Applied);
        let using = attempts::with_secrets_of(db, cluster().id).await.unwrap();
        assert_eq!(using, None, "it never got its config");
        assert_eq!(apply(db, &hold(0)).await.unwrap(), Outcome::Applied);
        assert!(is_stale(db, &hold(0)).await, "it counts up");
        let called = clusters::find(db, cluster().id).await.unwrap().unwrap();
        let record = Change {
            clusters: vec![ClusterWrite::Update(called)],
            operations: vec![OperationWrite::Begin(bootstrap(1))],
            ..Change::default()
        };
        assert_eq!(apply(db, &record).await.unwrap(), Outcome::Applied);
        assert!(is_stale(db, &hold(2)).await, "Bootstrap was called");
    });
}
