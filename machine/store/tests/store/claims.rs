//! The release of a config: claimed once, cancelled or claimed but never both, fetches counted.

use machine_core::attempt::AttemptEnd;
use machine_core::claimant::Claimant;
use machine_core::evidence::EvidenceSource;
use machine_core::id::{AttemptId, IntentId};
use machine_core::intent::IntentEnd;
use machine_core::lifecycle::{Input, Origin, State};
use machine_core::machine::Machine;
use machine_store::apply::apply;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite, Outcome};
use machine_store::claimants::{self, Heard};
use machine_store::commit::claim::{ClaimOutcome, ClaimRefusal, Fetch, FetchOutcome};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{attempts, events, intents, machines};

use crate::bench::Bench;
use crate::fixtures::{
    ARTEFACT, address, applied, at, attempt, claim, intent, mac, machine, machine_id, peer,
    provisioning, release,
};

fn refused(why: ClaimRefusal) -> ClaimOutcome {
    ClaimOutcome::Refused(why)
}

pub(crate) fn a_claim_is_recorded_once(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let (one, other) = tokio::join!(commits.submit(claim()), commits.submit(claim()));
        let outcomes = [one.unwrap(), other.unwrap()];
        let claimed = outcomes
            .iter()
            .filter(|it| **it == ClaimOutcome::Claimed)
            .count();
        assert_eq!(claimed, 1, "{outcomes:?}");
        let stored = attempts::find(db, claim().attempt).await.unwrap().unwrap();
        assert_eq!(
            (stored.release, stored.boot),
            (Some(release()), Some(claim().boot))
        );
        let stored = intents::find(db, claim().intent).await.unwrap().unwrap();
        assert_eq!(stored.claims, 1);
        let version = machines::find(db, machine_id(1))
            .await
            .unwrap()
            .unwrap()
            .version;
        assert_eq!(
            version, 1,
            "who has read the machine before has to read it again"
        );
        let mut again = claim();
        again.machine_version = version;
        assert_eq!(
            commits.submit(again).await.unwrap(),
            refused(ClaimRefusal::AttemptNotOpen)
        );
        let stored = intents::find(db, claim().intent).await.unwrap().unwrap();
        assert_eq!(stored.claims, 1, "a refused claim counts nothing");
        assert_eq!(events::tail(db, 9).await.unwrap().len(), 1);
    });
}

pub(crate) fn a_claim_needs_what_was_read(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let mut moved = claim();
        moved.machine_version = 1;
        assert_eq!(
            commits.submit(moved).await.unwrap(),
            refused(ClaimRefusal::MachineChanged)
        );
        let mut late = claim();
        late.release.at = at(100_000);
        let outcome = commits.submit(late).await.unwrap();
        assert_eq!(
            outcome,
            refused(ClaimRefusal::IntentNotOpen),
            "it has expired"
        );
        let close = Change {
            intents: vec![IntentWrite::Close {
                id: IntentId::from_bytes([2; 16]),
                at: at(60),
                end: IntentEnd::Cancelled,
            }],
            ..Change::default()
        };
        applied(db, &close).await;
        let outcome = commits.submit(claim()).await.unwrap();
        assert_eq!(outcome, refused(ClaimRefusal::IntentNotOpen));
        let machine = machines::find(db, machine_id(1)).await.unwrap().unwrap();
        assert_eq!(machine.version, 0, "a refused claim writes nothing");
        let stored = attempts::find(db, claim().attempt).await.unwrap().unwrap();
        assert_eq!(stored.release, None);
    });
}

fn cancel(machine: &Machine, round: u8) -> Change {
    Change {
        machines: vec![MachineWrite::Update(
            machine
                .after(Input::Cancel { released: false }, at(70))
                .unwrap(),
        )],
        intents: vec![IntentWrite::Close {
            id: IntentId::from_bytes([round; 16]),
            at: at(70),
            end: IntentEnd::Cancelled,
        }],
        attempts: vec![AttemptWrite::Close {
            id: AttemptId::from_bytes([round; 16]),
            at: at(70),
            end: AttemptEnd::Cancelled,
        }],
        ..Change::default()
    }
}

pub(crate) fn cancel_or_claim_but_never_both(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let mut claims = 0;
        for round in 100..140_u8 {
            let mut fresh = machine(round);
            fresh.state = State::Provisioning(Origin::Available);
            let open = Change {
                machines: vec![MachineWrite::Insert(fresh.clone())],
                intents: vec![IntentWrite::Open(intent(round, round))],
                attempts: vec![AttemptWrite::Open(attempt(round, round, round, 1))],
                ..Change::default()
            };
            applied(db, &open).await;
            let mut claim = claim();
            claim.machine = machine_id(round);
            claim.intent = IntentId::from_bytes([round; 16]);
            claim.attempt = AttemptId::from_bytes([round; 16]);
            let cancel = cancel(&fresh, round);
            let (id, claiming) = (claim.attempt, commits.submit(claim));
            // Whoever is polled first has a small lead: let each have it in turn.
            let (claimed, cancelled) = if round % 2 == 0 {
                tokio::join!(claiming, apply(db, &cancel))
            } else {
                let (cancelled, claimed) = tokio::join!(apply(db, &cancel), claiming);
                (claimed, cancelled)
            };
            let (claimed, cancelled) = (claimed.unwrap(), cancelled.unwrap());
            let stored = attempts::find(db, id).await.unwrap().unwrap();
            let machine = machines::find(db, machine_id(round))
                .await
                .unwrap()
                .unwrap();
            match (claimed, cancelled) {
                (
                    ClaimOutcome::Claimed,
                    Outcome::Stale {
                        table: "machine", ..
                    },
                ) => {
                    claims += 1;
                    assert_eq!((stored.release, stored.closed), (Some(release()), None));
                    assert_eq!(machine.state, fresh.state);
                }
                (ClaimOutcome::Refused(ClaimRefusal::MachineChanged), Outcome::Applied) => {
                    assert_eq!(stored.release, None);
                    assert_eq!(machine.state, State::Available);
                }
                both => panic!("{both:?}"),
            }
        }
        println!("  {claims} of 40 races were won by the claim");
    });
}

pub(crate) fn fetches_are_counted(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let fetch = |peer, seconds| Fetch {
            attempt: AttemptId::from_bytes([4; 16]),
            peer,
            at: at(seconds),
            artefact: ARTEFACT,
        };
        let before = commits.submit(fetch(peer(), 51)).await.unwrap();
        assert_eq!(before, FetchOutcome::Refused, "nothing was released yet");
        let claimed = commits.submit(claim()).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
        let other = commits.submit(fetch(address(8), 52)).await.unwrap();
        assert_eq!(other, FetchOutcome::Refused, "another peer");
        let late = commits.submit(fetch(peer(), 50 + 1800)).await.unwrap();
        assert_eq!(late, FetchOutcome::Refused, "after the window");
        let (a, b, c, d, e) = tokio::join!(
            commits.submit(fetch(peer(), 53)),
            commits.submit(fetch(peer(), 53)),
            commits.submit(fetch(peer(), 53)),
            commits.submit(fetch(peer(), 53)),
            commits.submit(fetch(peer(), 53)),
        );
        let mut counted: Vec<Option<u32>> = [a, b, c, d, e]
            .map(|outcome| match outcome.unwrap() {
                FetchOutcome::Counted(fetches) => Some(fetches),
                FetchOutcome::Refused => None,
            })
            .to_vec();
        counted.sort_unstable();
        assert_eq!(
            counted,
            [None, Some(2), Some(3), Some(4), Some(5)],
            "five in all"
        );
        let stored = attempts::find(db, claim().attempt).await.unwrap().unwrap();
        assert_eq!(stored.release.unwrap().fetches(), 5);
    });
    closed_attempts_are_not_fetched(bench);
}

fn closed_attempts_are_not_fetched(bench: &Bench) {
    bench.raw("UPDATE attempt SET release_fetches = 1");
    bench.block(async {
        let (commits, _) = bench.commits();
        let fetch = Fetch {
            attempt: AttemptId::from_bytes([4; 16]),
            peer: peer(),
            at: at(60),
            artefact: ARTEFACT,
        };
        assert_eq!(
            commits.submit(fetch).await.unwrap(),
            FetchOutcome::Counted(2)
        );
        let close = Change {
            attempts: vec![AttemptWrite::Close {
                id: AttemptId::from_bytes([4; 16]),
                at: at(61),
                end: AttemptEnd::Installed,
            }],
            ..Change::default()
        };
        applied(&bench.db, &close).await;
        assert_eq!(commits.submit(fetch).await.unwrap(), FetchOutcome::Refused);
    });
}

pub(crate) fn a_persons_word_settles_what_was_refused_before(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (commits, _) = bench.commits();
        let heard = Heard {
            machine: machine_id(1),
            claimant: Claimant {
                boot: claim().boot,
                card: mac(9),
                address: address(9),
                uuid: None,
                serial: None,
                first_seen: at(20),
                last_seen: at(20),
            },
            is_own: false,
            why: "its card is not registered".to_owned(),
        };
        commits.submit(heard.clone()).await.unwrap();
        let change = Change {
            evidence: vec![Evidence {
                machine: machine_id(1),
                source: EvidenceSource::Person,
                at: at(30),
                facts: vec![Fact::Mac(mac(9))],
            }],
            ..Change::default()
        };
        applied(db, &change).await;
        let left = claimants::of_machine(db, machine_id(1)).await.unwrap();
        let settled = Heard {
            why: String::new(),
            ..heard.clone()
        };
        assert_eq!(left, [settled], "who spoke is remembered, and why is over");
        commits.submit(heard.clone()).await.unwrap();
        let again = claimants::of_machine(db, machine_id(1)).await.unwrap();
        assert_eq!(again, [heard], "who is refused again is shown again");
    });
}
