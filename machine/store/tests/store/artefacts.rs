//! What is on record of the documents that left under an attempt: which bytes, when, and how often.

use machine_core::artefact::{FetchedArtefact, NamedDigest, Sha256Digest};
use machine_store::commit::claim::{ClaimOutcome, ClaimRefusal, Fetch, FetchOutcome, ReleaseClaim};
use machine_store::{artefacts, attempts};

use crate::bench::Bench;
use crate::fixtures::{ARTEFACT, at, claim, machine_id, peer, provisioning};

/// Another document of the same attempt.
const SECOND: NamedDigest = NamedDigest {
    name: "meta-data",
    sha256: Sha256Digest([8; 32]),
};

fn fetch(artefact: NamedDigest, seconds: i64) -> Fetch {
    Fetch {
        attempt: claim().attempt,
        peer: peer(),
        at: at(seconds),
        artefact,
    }
}

fn fetched(of: NamedDigest, (first, last): (i64, i64), fetches: u32) -> FetchedArtefact {
    FetchedArtefact {
        attempt: claim().attempt,
        name: of.name.to_owned(),
        sha256: of.sha256,
        first: at(first),
        last: at(last),
        fetches,
    }
}

pub(crate) fn each_document_of_an_attempt_is_counted_with_its_digest(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let claimed = commits.submit(claim()).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
        let documents = [(SECOND, 52), (ARTEFACT, 53), (SECOND, 54)];
        for (count, (document, seconds)) in (2..).zip(documents) {
            let outcome = commits.submit(fetch(document, seconds)).await.unwrap();
            assert_eq!(
                outcome,
                FetchOutcome::Counted(count),
                "all of them together"
            );
        }
        let left = artefacts::of_attempt(db, claim().attempt).await.unwrap();
        let wanted = [fetched(ARTEFACT, (50, 53), 2), fetched(SECOND, (52, 54), 2)];
        assert_eq!(left, wanted);
    });
}

pub(crate) fn what_left_with_other_bytes_does_not_leave_and_counts_no_fetch(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        commits.submit(claim()).await.unwrap();
        let other = NamedDigest {
            sha256: Sha256Digest([7; 32]),
            ..ARTEFACT
        };
        let outcome = commits.submit(fetch(other, 52)).await.unwrap();
        assert_eq!(outcome, FetchOutcome::Refused);
        let attempt = attempts::find(db, claim().attempt).await.unwrap().unwrap();
        assert_eq!(attempt.release.unwrap().fetches(), 1);
        let left = artefacts::of_attempt(db, claim().attempt).await.unwrap();
        assert_eq!(left, [fetched(ARTEFACT, (50, 50), 1)]);
    });
}

pub(crate) fn of_a_release_that_is_refused_no_document_is_on_record(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let stale = ReleaseClaim {
            machine_version: 7,
            ..claim()
        };
        let refused = ClaimOutcome::Refused(ClaimRefusal::MachineChanged);
        assert_eq!(commits.submit(stale).await.unwrap(), refused);
        let early = commits.submit(fetch(ARTEFACT, 49)).await.unwrap();
        assert_eq!(early, FetchOutcome::Refused);
        let left = artefacts::of_attempt(db, claim().attempt).await.unwrap();
        assert_eq!(left, []);
    });
}

pub(crate) fn documents_of_the_latest_attempts_are_found_and_go_with_their_attempt(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        commits.submit(claim()).await.unwrap();
        let wanted = [fetched(ARTEFACT, (50, 50), 1)];
        let of = |machine, limit| artefacts::recent(db, machine_id(machine), limit);
        assert_eq!(of(1, 1).await.unwrap(), wanted);
        assert_eq!(of(1, 0).await.unwrap(), []);
        assert_eq!(of(2, 1).await.unwrap(), []);
    });
    let delete = "DELETE FROM attempt";
    if bench.is_sqlite() {
        bench.raw(&format!("PRAGMA foreign_keys = ON; {delete}"));
    } else {
        bench.raw(delete);
    }
    let left = bench.block(artefacts::of_attempt(&bench.db, claim().attempt));
    assert_eq!(left.unwrap(), []);
}
