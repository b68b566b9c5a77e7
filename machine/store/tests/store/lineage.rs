//! The generation and its mark: what moves them, which databases are doubted, and what a person's
//! word does.

use std::path::PathBuf;

use machine_core::generation::{DoubtKind, Standing};
use machine_core::machine::Machine;
use machine_core::safe_mode::SafeMode;
use machine_store::apply::apply;
use machine_store::change::{Change, IntentWrite, MachineWrite, Outcome};
use machine_store::commit::claim::ClaimOutcome;
use machine_store::commit::sighting::{NewMachine, NewMachineOutcome};
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::generation::{Confirmation, Confirmed, confirm, resume};
use machine_store::lineage_error::LineageError;
use machine_store::requests::Request;
use machine_store::{events, machines};
use tempfile::TempDir;

use crate::bench::Bench;
use crate::fixtures::{applied, at, claim, event, intent, lease, machine, provisioning};

/// Where the mark of a case lies.
pub(crate) struct State {
    directory: TempDir,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn mark(&self) -> PathBuf {
        self.directory.path().join("generation")
    }

    pub(crate) async fn resume(&self, db: &Db) -> Standing {
        resume(db, &self.mark(), true).await.unwrap()
    }

    /// The number in the mark.
    pub(crate) fn marked(&self) -> i64 {
        let text = std::fs::read_to_string(self.mark()).unwrap();
        text.trim_end().rsplit_once(' ').unwrap().1.parse().unwrap()
    }
}

pub(crate) fn doubt(standing: Standing) -> Option<DoubtKind> {
    match standing {
        Standing::Doubted(doubt) => Some(doubt.kind),
        Standing::Same | Standing::First | Standing::Adopted => None,
    }
}

async fn first(state: &State, db: &Db) {
    let standing = resume(db, &state.mark(), false).await.unwrap();
    assert_eq!(standing, Standing::First);
}

fn adds(byte: u8) -> Change {
    Change {
        machines: vec![MachineWrite::Insert(machine(byte))],
        ..Change::default()
    }
}

fn confirmation(key: &str) -> Confirmation {
    Confirmation {
        request: Request {
            key: key.to_owned(),
            digest: [1; 32],
            result: String::new(),
            at: at(1),
        },
        event: event("database"),
    }
}

pub(crate) fn the_mark_follows_what_protects_a_disk(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        let db = &bench.db;
        first(&state, db).await;
        assert_eq!(state.marked(), 0);
        provisioning(db).await;
        assert_eq!(state.marked(), 1, "a permission was opened");
        let (commits, _) = bench.commits();
        commits.submit(lease(1)).await.unwrap();
        let told = Change {
            events: vec![event("told")],
            ..Change::default()
        };
        applied(db, &told).await;
        assert_eq!(state.marked(), 1, "a lease and an event protect no disk");
        let outcome = commits.submit(claim()).await.unwrap();
        assert_eq!((outcome, state.marked()), (ClaimOutcome::Claimed, 2));
        let refused = commits.submit(claim()).await.unwrap();
        assert_ne!(refused, ClaimOutcome::Claimed);
        assert_eq!(state.marked(), 2, "a refused claim changes nothing");
        let found = NewMachine {
            machine: machine(9),
            facts: Vec::new(),
            candidates: [].into(),
            boot: None,
            events: Vec::new(),
        };
        let created = commits.submit(found).await.unwrap();
        assert_eq!((created, state.marked()), (NewMachineOutcome::Created, 3));
    });
    let again = bench.reopened();
    assert_eq!(bench.block(state.resume(&again)), Standing::Same);
}

pub(crate) fn an_older_copy_is_told_and_stands_still(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        first(&state, &bench.db).await;
        applied(&bench.db, &adds(1)).await;
        applied(&bench.db, &adds(2)).await;
    });
    bench.raw("UPDATE generation SET value = 1; DELETE FROM machine WHERE name = 'm2'");
    // What is written in safe mode must not make it look like the newest one.
    for byte in 3..=6 {
        let older = bench.reopened();
        let standing = bench.block(state.resume(&older));
        assert_eq!(doubt(standing), Some(DoubtKind::Older));
        assert!(matches!(older.safe_mode(), Some(SafeMode::Doubted(_))));
        bench.block(applied(&older, &adds(byte)));
        assert_eq!(state.marked(), 2);
    }
}

pub(crate) fn another_database_an_empty_and_an_unmarked_one_are_told(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        first(&state, &bench.db).await;
        applied(&bench.db, &adds(1)).await;
    });
    let stands = |wanted: Option<DoubtKind>| {
        let db = bench.reopened();
        assert_eq!(doubt(bench.block(state.resume(&db))), wanted);
        assert_eq!(db.safe_mode().is_some(), wanted.is_some());
    };
    stands(None);
    let mark = std::fs::read(state.mark()).unwrap();
    std::fs::remove_file(state.mark()).unwrap();
    stands(Some(DoubtKind::Unmarked));
    assert!(!state.mark().exists(), "only a person makes one anew");
    std::fs::write(state.mark(), mark).unwrap();
    let other = "00000000000000000000000000000007";
    bench.raw(&format!(
        "UPDATE generation SET name = '{other}', value = 900"
    ));
    stands(Some(DoubtKind::Other));
    bench.raw("DELETE FROM generation");
    stands(Some(DoubtKind::Other));
    bench.raw("DELETE FROM machine");
    stands(Some(DoubtKind::Empty));
    std::fs::remove_file(state.mark()).unwrap();
    stands(Some(DoubtKind::Empty));
    std::fs::write(state.mark(), "41\n").unwrap();
    let db = bench.reopened();
    let refused = bench.block(resume(&db, &state.mark(), true)).unwrap_err();
    let lineage = matches!(
        refused,
        StoreError::Lineage(LineageError::MalformedMark { .. })
    );
    assert!(lineage, "{refused}");
}

pub(crate) fn a_database_of_an_earlier_release_is_adopted(bench: &Bench) {
    let state = State::new();
    bench.block(applied(&bench.db, &adds(1)));
    bench.block(async {
        assert_eq!(state.resume(&bench.db).await, Standing::Adopted);
    });
    assert_eq!(state.marked(), 1, "it protects what was there");
    let again = bench.reopened();
    assert_eq!(bench.block(state.resume(&again)), Standing::Same);
    bench.raw("DELETE FROM generation; DELETE FROM machine");
    let emptied = bench.reopened();
    let standing = bench.block(state.resume(&emptied));
    assert_eq!(doubt(standing), Some(DoubtKind::Empty));
}

pub(crate) fn a_confirmed_database_goes_on_under_a_new_name(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        first(&state, &bench.db).await;
        let nothing = confirm(&bench.db, &confirmation("early")).await.unwrap();
        assert_eq!(nothing, Confirmed::NotDoubted);
        applied(&bench.db, &adds(1)).await;
        applied(&bench.db, &adds(2)).await;
    });
    let before = std::fs::read_to_string(state.mark()).unwrap();
    bench.raw("UPDATE generation SET value = 1");
    let older = bench.reopened();
    bench.block(async {
        state.resume(&older).await;
        let asked = confirmation("one");
        assert_eq!(confirm(&older, &asked).await.unwrap(), Confirmed::Now);
        assert_eq!(confirm(&older, &asked).await.unwrap(), Confirmed::Before);
        assert_eq!(older.safe_mode(), None);
        let told = events::tail(&older, 1).await.unwrap();
        assert_eq!(told.last().unwrap().event.kind, "database");
        assert_eq!(state.marked(), 3, "ahead of its mark");
        applied(&older, &adds(3)).await;
        assert_eq!(state.marked(), 4);
    });
    let again = bench.reopened();
    assert_eq!(bench.block(state.resume(&again)), Standing::Same);
    // The copy that was left behind comes back, however far it is.
    let [.., name, _] = before.split_whitespace().collect::<Vec<_>>()[..] else {
        panic!("{before}");
    };
    bench.raw(&format!(
        "UPDATE generation SET name = '{name}', value = 900"
    ));
    let former = bench.reopened();
    let standing = bench.block(state.resume(&former));
    assert_eq!(doubt(standing), Some(DoubtKind::Other));
}

pub(crate) fn what_is_exchanged_while_it_runs_is_noticed_before_anything_is_released(
    bench: &Bench,
) {
    let state = State::new();
    bench.block(async {
        first(&state, &bench.db).await;
        provisioning(&bench.db).await;
        applied(&bench.db, &adds(2)).await;
    });
    bench.raw("UPDATE generation SET value = 1");
    bench.block(async {
        let db = &bench.db;
        let (commits, _) = bench.commits();
        let refused = commits.submit(claim()).await.unwrap_err();
        let is_exchanged = matches!(refused, StoreError::Lineage(LineageError::Exchanged { .. }));
        assert!(is_exchanged, "{refused}");
        assert!(matches!(db.safe_mode(), Some(SafeMode::Doubted(_))));
        let intent = machine_store::intents::find(db, claim().intent).await;
        assert_eq!(intent.unwrap().unwrap().claims, 0, "nothing is claimed");
    });
    assert_eq!(state.marked(), 2);
}

pub(crate) fn many_changes_at_once_are_followed_by_one_mark(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        first(&state, &bench.db).await;
        let mut changes = tokio::task::JoinSet::new();
        for byte in 1..=60 {
            let db = bench.db.clone();
            changes.spawn(async move { applied(&db, &adds(byte)).await });
        }
        changes.join_all().await;
        assert_eq!(state.marked(), 60);
        assert_eq!(bench.db.safe_mode(), None);
    });
    let again = bench.reopened();
    assert_eq!(bench.block(state.resume(&again)), Standing::Same);
}

pub(crate) fn nothing_is_acknowledged_that_the_mark_does_not_follow(bench: &Bench) {
    let state = State::new();
    bench.block(async {
        let db = &bench.db;
        first(&state, db).await;
        applied(db, &adds(1)).await;
        // A directory in the way of the file that becomes the mark.
        let part = state.mark().with_extension("part");
        std::fs::create_dir(&part).unwrap();
        let opens = Change {
            machines: vec![MachineWrite::Update(Machine { ..machine(1) })],
            ..Change::default()
        };
        let refused = apply(db, &opens).await.unwrap_err();
        let is_mark = matches!(refused, StoreError::Lineage(LineageError::Mark { .. }));
        assert!(is_mark, "{refused}");
        std::fs::remove_dir(&part).unwrap();
        // It was written all the same; the next change carries the mark along.
        assert_eq!(state.marked(), 1);
        let stored = machines::find_by_name(db, "m1").await.unwrap().unwrap();
        assert_eq!(stored.version, 1);
        assert!(matches!(
            apply(db, &opens).await.unwrap(),
            Outcome::Stale { .. }
        ));
        let next = Change {
            clusters: vec![machine_store::change::ClusterWrite::Insert(
                crate::fixtures::cluster(),
            )],
            intents: vec![IntentWrite::Open(intent(2, 1))],
            ..Change::default()
        };
        applied(db, &next).await;
        assert_eq!(state.marked(), 3);
    });
}
