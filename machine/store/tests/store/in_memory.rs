//! What is held in memory: whatever was written, by whomever, it is what the database says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use machine_core::attempt::{AttemptEnd, Verdict, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::claimant::Claimant;
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::evidence::{Claim, EvidenceSource};
use machine_core::hardware::SystemUuid;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId, OperationId};
use machine_core::intent::IntentEnd;
use machine_core::machine::{Hardware, Machine};
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::apply::apply;
use machine_store::boot_read::boot_read;
use machine_store::bounds::{drop_old_boots, forget_found};
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite,
};
use machine_store::claimants::Heard;
use machine_store::commit::CommitHandle;
use machine_store::commit::claim::{Fetch, ReleaseClaim};
use machine_store::commit::sighting::NewMachine;
use machine_store::db::Db;
use machine_store::events::{self, Event};
use machine_store::evidence::{Evidence, Fact};
use machine_store::facts::Learned;
use machine_store::power_on::PowerSwitch;
use machine_store::read_model::ReadModel;
use machine_store::read_model::refresh::read_afresh;
use machine_store::registrations::RegistrationWrite;
use machine_store::retention::{Kept, drop_boots};
use machine_store::{clusters, machines};
use proptest::collection::vec;
use proptest::prelude::any;

use crate::bench::Bench;
use crate::fixtures::{
    address, at, attempt, boot, claim, cluster, event, intent, mac, machine, machine_id, peer,
    provisioning, release,
};
use crate::generated::each;

/// What is written: which kind of thing, and two numbers for which of them.
type Act = (u8, u8, u8);

/// How many kinds there are.
const KINDS: u8 = 28;

fn uuid(byte: u8) -> SystemUuid {
    SystemUuid::from_bytes([byte, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, byte])
}

fn fact(number: u8) -> Fact {
    match number % 4 {
        0 => Fact::Mac(mac(number % 6)),
        1 => Fact::Uuid(uuid(number % 3)),
        2 => Fact::Serial(format!("S{}", number % 3).parse().unwrap()),
        _ => Fact::Listed(mac(number % 6)),
    }
}

fn source(number: u8) -> EvidenceSource {
    EvidenceSource::ALL[usize::from(number) % EvidenceSource::ALL.len()]
}

fn evidence(machine: u8, number: u8) -> Evidence {
    Evidence {
        machine: machine_id(machine),
        at: at(i64::from(number)),
        source: source(number / 4),
        facts: vec![fact(number)],
    }
}

fn heard(machine: u8, number: u8) -> Heard {
    Heard {
        machine: machine_id(machine),
        claimant: Claimant {
            boot: BootId::from_bytes([number % 4; 16]),
            card: mac(number % 6),
            address: address(u32::from(number % 3)),
            uuid: None,
            serial: None,
            first_seen: at(1),
            last_seen: at(i64::from(number)),
        },
        is_own: number.is_multiple_of(2),
        why: "it is not known".to_owned(),
    }
}

fn a_boot(machine: Option<u8>, number: u8) -> Boot {
    let step = BootStep::ALL[usize::from(number) % BootStep::ALL.len()];
    boot(number % 8, machine, i64::from(number), step)
}

async fn change(db: &Db, commits: &CommitHandle, change: Change, by_itself: bool) {
    // What is refused has changed nothing.
    if by_itself {
        let _ = apply(db, &change).await;
    } else {
        let _ = commits.submit(change).await;
    }
}

async fn versions(db: &Db, id: MachineId) -> Option<Machine> {
    machines::find(db, id).await.unwrap()
}

fn attempt_write(kind: u8, number: u8) -> AttemptWrite {
    let id = AttemptId::from_bytes([number % 4; 16]);
    let (when, end) = (at(60), AttemptEnd::TimedOut);
    match kind % 6 {
        0 => AttemptWrite::Close { id, at: when, end },
        1 => AttemptWrite::SwitchPower {
            id,
            number: 1,
            at: when,
        },
        2 => AttemptWrite::Serve {
            id,
            boot: BootId::from_bytes([number; 16]),
        },
        3 => AttemptWrite::Accept {
            id,
            boot: BootId::from_bytes([number; 16]),
        },
        4 => AttemptWrite::Wipe {
            id,
            wipe: Wipe {
                at: when,
                boot: None,
            },
        },
        _ => AttemptWrite::Judge {
            id,
            verdict: Verdict {
                at: when,
                end,
                why: "it said so".to_owned(),
            },
        },
    }
}

async fn machine_write(db: &Db, kind: u8, of: u8) -> Option<MachineWrite> {
    let id = machine_id(of);
    let known = versions(db, id).await;
    let version = known.as_ref().map(|it| it.version)?;
    Some(match kind % 5 {
        0 => MachineWrite::Update(Machine {
            name: format!("renamed-{of}"),
            bmc: kind.is_multiple_of(2).then(|| bmc(of)),
            ..known?
        }),
        1 => MachineWrite::Hold { id, version },
        2 => MachineWrite::Forget {
            id,
            version,
            at: at(70),
        },
        3 => MachineWrite::ForgetBoard { id, version },
        _ => MachineWrite::AcceptBmc {
            id,
            version,
            guid: "00".to_owned(),
        },
    })
}

fn bmc(number: u8) -> BmcEndpoint {
    let address = SocketAddr::from(([192, 0, 2, number], 623));
    BmcEndpoint::Ipmi(IpmiEndpoint::new(address, "ADMIN"))
}

fn learned(machine: u8, number: u8) -> Learned {
    Learned {
        machine: machine_id(machine),
        at: at(i64::from(number)),
        source: source(number),
        hardware: Hardware {
            product: Some(format!("R{}", number % 3)),
            ..Hardware::default()
        },
    }
}

fn operation_write(machine: u8, number: u8) -> OperationWrite {
    let id = OperationId::from_bytes([number % 2; 16]);
    let begun = Operation::bootstrap(id, cluster().id, machine_id(machine), at(4));
    match number % 3 {
        0 => OperationWrite::Begin(begun),
        1 => OperationWrite::Record(Operation {
            outcome: OperationOutcome::Done,
            ..begun
        }),
        _ => OperationWrite::Withdraw { id, at: at(5) },
    }
}

async fn cluster_write(db: &Db, kind: u8) -> ClusterWrite {
    let known = clusters::find(db, cluster().id).await.unwrap();
    let version = known.map_or(0, |it| it.version);
    let id = cluster().id;
    match kind % 4 {
        0 => ClusterWrite::Insert(cluster()),
        1 => {
            let mut changed = cluster();
            changed.spec.allow_plaintext = !changed.spec.allow_plaintext;
            changed.version = version;
            ClusterWrite::Update(changed)
        }
        2 => ClusterWrite::Hold { id, version },
        _ => ClusterWrite::Delete {
            id,
            version,
            at: at(80),
        },
    }
}

/// Writes one thing, by one of the ways on which it is written.
async fn act(db: &Db, commits: &CommitHandle, (kind, of, number): Act) {
    let machine_number = of % 4;
    let id = machine_id(machine_number);
    let mut write = Change::default();
    match kind {
        0 | 1 => write.machines = vec![MachineWrite::Insert(machine(machine_number))],
        2 => write
            .machines
            .extend(machine_write(db, number, machine_number).await),
        3 => write.intents = vec![IntentWrite::Open(intent(number % 4, machine_number))],
        4 => {
            write.intents = vec![IntentWrite::Close {
                id: IntentId::from_bytes([number % 4; 16]),
                at: at(90),
                end: IntentEnd::Cancelled,
            }];
        }
        5 => {
            let open = attempt(number % 4, of % 4, machine_number, u32::from(number));
            write.attempts = vec![AttemptWrite::Open(open)];
        }
        6 | 7 => write.attempts = vec![attempt_write(of, number)],
        8 => write.evidence = vec![evidence(machine_number, number)],
        9 => {
            write.registrations = vec![RegistrationWrite::Say {
                machine: id,
                fact: fact(number),
                at: at(2),
            }];
        }
        10 => {
            write.registrations = vec![RegistrationWrite::Unsay {
                machine: id,
                fact: fact(number),
            }];
        }
        11 => {
            let on = (number % 2 == 0).then(|| at(i64::from(number)));
            write.power = vec![PowerSwitch { machine: id, on }];
        }
        12 => write.accepted = vec![(id, BootId::from_bytes([number % 4; 16]))],
        13 => write.ignored_uuids = vec![(uuid(number % 3), at(3))],
        14 => write.clusters = vec![cluster_write(db, number).await],
        24 => write.learned = vec![learned(machine_number, number)],
        25 => write.operations = vec![operation_write(machine_number, number)],
        _ => return submit(db, commits, (kind, machine_number, number)).await,
    }
    write.events = vec![Event {
        machine: Some(id),
        ..event("changed")
    }];
    change(db, commits, write, number % 2 == 0).await;
}

/// Submits what only the boot plane writes.
async fn submit(db: &Db, commits: &CommitHandle, (kind, of, number): Act) {
    let id = machine_id(of);
    let owner = (number % 5 != 0).then_some(of);
    match kind {
        15 => _ = commits.submit(a_boot(owner, number)).await,
        16 => {
            // Together in one batch: each kind is written in statements of many rows.
            let (one, two) = (
                a_boot(owner, number),
                a_boot(Some((of + 1) % 4), number.wrapping_add(3)),
            );
            let _ = tokio::join!(commits.submit(one), commits.submit(two));
        }
        17 => _ = commits.submit(heard(of, number)).await,
        18 => _ = commits.submit(evidence(of, number)).await,
        19 => {
            let new = NewMachine {
                machine: machine(of),
                facts: vec![Fact::Mac(mac(number % 6)), Fact::Uuid(uuid(number % 3))],
                candidates: BTreeSet::new(),
                boot: Some(a_boot(Some(of), number)),
                events: vec![Event {
                    machine: Some(id),
                    ..event("discovered")
                }],
            };
            let _ = commits.submit(new).await;
        }
        20 => {
            let version = versions(db, id).await.map_or(0, |it| it.version);
            let claim = ReleaseClaim {
                attempt: AttemptId::from_bytes([number % 4; 16]),
                intent: IntentId::from_bytes([of; 16]),
                machine: id,
                machine_version: version,
                ..claim()
            };
            let _ = commits.submit(claim).await;
        }
        21 => {
            let attempt = AttemptId::from_bytes([number % 4; 16]);
            let _ = commits
                .submit(Fetch {
                    attempt,
                    peer: peer(),
                    at: release().at,
                })
                .await;
        }
        22 => _ = drop_old_boots(db, mac(number % 8), u32::from(number % 2)).await,
        26 => _ = commits.submit(learned(of, number)).await,
        27 => {
            let kept = Kept {
                since: at(i64::from(number)),
                rows: i64::from(number % 8),
            };
            _ = drop_boots(db, kept, 4).await;
        }
        _ => _ = forget_found(db, at(200), 2).await,
    }
}

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
