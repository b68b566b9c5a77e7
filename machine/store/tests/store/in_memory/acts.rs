//! Every kind of thing that can be written, by a change or by an item of its own, made of numbers.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use machine_core::attempt::{AttemptEnd, Verdict, Wipe};
use machine_core::boot::{Boot, BootStep};
use machine_core::claimant::Claimant;
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::evidence::EvidenceSource;
use machine_core::hardware::SystemUuid;
use machine_core::id::{AttemptId, BootId, IntentId, MachineId, OperationId};
use machine_core::intent::IntentEnd;
use machine_core::machine::{Hardware, Machine};
use machine_core::operation::{Operation, OperationOutcome};
use machine_store::apply::apply;
use machine_store::bounds::{drop_old_boots, forget_found};
use machine_store::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite, OperationWrite,
};
use machine_store::claimants::Heard;
use machine_store::commit::CommitHandle;
use machine_store::commit::claim::{Fetch, ReleaseClaim};
use machine_store::commit::sighting::NewMachine;
use machine_store::db::Db;
use machine_store::events::Event;
use machine_store::evidence::{Evidence, Fact};
use machine_store::facts::Learned;
use machine_store::power_on::PowerSwitch;
use machine_store::registrations::RegistrationWrite;
use machine_store::retention::{Kept, drop_boots};
use machine_store::{clusters, machines};

use crate::fixtures::{
    ARTEFACT, address, at, attempt, boot, claim, cluster, event, intent, mac, machine, machine_id,
    peer, release,
};

/// What is written: which kind of thing, and two numbers for which of them.
pub(super) type Act = (u8, u8, u8);

/// How many kinds there are.
pub(super) const KINDS: u8 = 28;

pub(super) fn uuid(byte: u8) -> SystemUuid {
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

pub(super) fn evidence(machine: u8, number: u8) -> Evidence {
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
pub(super) async fn act(db: &Db, commits: &CommitHandle, (kind, of, number): Act) {
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

fn new_machine(of: u8, number: u8) -> NewMachine {
    NewMachine {
        machine: machine(of),
        facts: vec![Fact::Mac(mac(number % 6)), Fact::Uuid(uuid(number % 3))],
        candidates: BTreeSet::new(),
        boot: Some(a_boot(Some(of), number)),
        events: vec![Event {
            machine: Some(machine_id(of)),
            ..event("discovered")
        }],
    }
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
            let _ = commits.submit(new_machine(of, number)).await;
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
                    artefact: ARTEFACT,
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
