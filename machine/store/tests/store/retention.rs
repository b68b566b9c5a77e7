//! What is old is dropped, and nothing that somebody still needs.

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::claimant::Claimant;
use machine_core::id::{AttemptId, BootId};
use machine_core::intent::Actor;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::network::{ClientKey, Lease};
use machine_store::change::{Change, ClusterWrite, MachineWrite};
use machine_store::claimants::Heard;
use machine_store::commit::claim::ReleaseClaim;
use machine_store::events::{self, Event};
use machine_store::requests::{self, Request};
use machine_store::retention::{Kept, drop_boots, drop_events, drop_leases, drop_requests};
use machine_store::{boots, leases, moments};

use crate::bench::Bench;
use crate::fixtures::{
    address, applied, at, boot, claim, cluster, event, lease, mac, machine, machine_id,
    provisioning,
};

const ALL: u32 = 1000;

/// What is older than this second is dropped, whatever its number.
const fn since(second: i64) -> Kept {
    Kept {
        since: at(second),
        rows: i64::MAX,
    }
}

const fn newest(rows: i64) -> Kept {
    Kept { since: at(0), rows }
}

fn told(kind: &str, second: i64, machine: Option<u8>) -> Event {
    Event {
        at: at(second),
        machine: machine.map(machine_id),
        ..event(kind)
    }
}

/// The kinds of all events, in their order.
async fn kinds(bench: &Bench) -> Vec<String> {
    let all = events::since(&bench.db, 0, ALL).await.unwrap();
    all.into_iter().map(|it| it.event.kind).collect()
}

pub(crate) fn old_events_are_dropped_unless_somebody_needs_them(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        // Machine 1 has an open permission since second 2; machine 2 waits to be accepted.
        provisioning(db).await;
        let noted = Event {
            actor: Actor::Person("ada".to_owned()),
            ..told("noted", 3, Some(2))
        };
        let ready = Event {
            cluster: Some(cluster().id),
            ..told("ready", 3, None)
        };
        let change = Change {
            machines: vec![MachineWrite::Insert(machine(2))],
            events: vec![
                told("before the permission", 1, Some(1)),
                told("permitted", 2, Some(1)),
                told("discovered", 2, Some(2)),
                told("waits", 3, Some(2)),
                noted,
                ready,
                told("old", 4, None),
                told("young", 9, None),
            ],
            ..Change::default()
        };
        applied(db, &change).await;
        assert_eq!(drop_events(db, since(5), 1).await.unwrap(), 1);
        assert_eq!(drop_events(db, since(5), ALL).await.unwrap(), 2);
        assert_eq!(drop_events(db, since(5), ALL).await.unwrap(), 0);
        let left = ["permitted", "discovered", "noted", "ready", "young"];
        assert_eq!(kinds(bench).await, left);
        // Where there are no young ones, too.
        assert_eq!(drop_events(db, since(10), ALL).await.unwrap(), 1);
        let after = Change {
            events: vec![told("next", 20, None)],
            ..Change::default()
        };
        applied(db, &after).await;
        let last = events::tail(db, 1).await.unwrap();
        assert_eq!((last[0].seq, last[0].event.kind.as_str()), (9, "next"));
    });
}

pub(crate) fn of_too_many_events_the_oldest_go(bench: &Bench) {
    bench.block(async {
        let numbers = ["1", "2", "3", "4", "5", "6"];
        let change = Change {
            events: numbers.map(|it| told(it, 50, None)).into(),
            ..Change::default()
        };
        applied(&bench.db, &change).await;
        assert_eq!(drop_events(&bench.db, newest(2), 3).await.unwrap(), 3);
        assert_eq!(drop_events(&bench.db, newest(2), 3).await.unwrap(), 1);
        assert_eq!(drop_events(&bench.db, newest(2), 3).await.unwrap(), 0);
        assert_eq!(kinds(bench).await, ["5", "6"]);
    });
}

/// The numbers of a machine's boots, newest first.
async fn left(bench: &Bench, machine: u8) -> Vec<u8> {
    let all = boots::recent(&bench.db, machine_id(machine), ALL).await;
    let number = |it: Boot| it.id.as_bytes()[0];
    all.unwrap().into_iter().map(number).collect()
}

/// Those of machine 1, and of its card before; machine 2 runs since second 10, and was started from
/// the network three times since.
fn boots_of_both() -> [Boot; 11] {
    let of_attempt = Boot {
        attempt: Some(AttemptId::from_bytes([4; 16])),
        ..boot(20, Some(1), 2, BootStep::Kernel)
    };
    let disk = Boot {
        origin: BootOrigin::Disk,
        ..boot(30, Some(2), 10, BootStep::Joined)
    };
    [
        boot(6, Some(1), 1, BootStep::Config),
        of_attempt,
        boot(21, Some(1), 3, BootStep::Kernel),
        boot(22, Some(1), 4, BootStep::Kernel),
        boot(23, Some(1), 5, BootStep::Kernel),
        boot(40, None, 6, BootStep::Loader),
        boot(41, None, 60, BootStep::Loader),
        disk,
        boot(31, Some(2), 11, BootStep::Script),
        boot(32, Some(2), 12, BootStep::Script),
        boot(33, Some(2), 13, BootStep::Discover),
    ]
}

/// A boot that spoke for machine 1, and why it is held.
fn held(number: u8, why: &str) -> Heard {
    Heard {
        machine: machine_id(1),
        claimant: Claimant {
            boot: BootId::from_bytes([number; 16]),
            card: mac(number),
            address: address(1),
            uuid: None,
            serial: None,
            first_seen: at(3),
            last_seen: at(3),
        },
        is_own: true,
        why: why.to_owned(),
    }
}

pub(crate) fn old_boots_are_dropped_unless_somebody_needs_them(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    let (commits, ended) = bench.commits();
    bench.block(async {
        let db = &bench.db;
        let active = Machine {
            state: State::Active,
            ..machine(2)
        };
        let change = Change {
            machines: vec![MachineWrite::Insert(active)],
            ..Change::default()
        };
        applied(db, &change).await;
        // Boot 6 serves the open attempt, and boot 20 was of it.
        let claimed = ReleaseClaim {
            events: vec![],
            ..claim()
        };
        commits.submit(claimed).await.unwrap();
        for it in boots_of_both() {
            commits.submit(it).await.unwrap();
        }
        // Boot 21 is held for a conflict, and boot 22 was.
        for (number, why) in [(21, "another board says the same"), (22, "")] {
            commits.submit(held(number, why)).await.unwrap();
        }
        assert_eq!(drop_boots(db, since(50), ALL).await.unwrap(), 3);
        assert_eq!(left(bench, 1).await, [23, 21, 20, 6]);
        assert_eq!(left(bench, 2).await, [33, 32, 30]);
        assert!(
            boots::find(db, BootId::from_bytes([41; 16]))
                .await
                .unwrap()
                .is_some()
        );
        assert_eq!(drop_boots(db, since(50), ALL).await.unwrap(), 0);
        // Too many of them: what is needed stays all the same.
        assert_eq!(drop_boots(db, newest(0), ALL).await.unwrap(), 1);
        assert_eq!(left(bench, 2).await, [33, 32, 30]);
        drop(commits);
        ended.await.unwrap();
    });
}

pub(crate) fn old_requests_are_dropped(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        for (key, second) in [("old", 1), ("young", 9)] {
            let request = Request {
                key: key.to_owned(),
                digest: [1; 32],
                result: String::new(),
                at: at(second),
            };
            let change = Change {
                request: Some(request),
                ..Change::default()
            };
            applied(db, &change).await;
        }
        assert_eq!(drop_requests(db, at(5), ALL).await.unwrap(), 1);
        assert_eq!(requests::find(db, "old").await.unwrap(), None);
        assert!(requests::find(db, "young").await.unwrap().is_some());
    });
}

/// A machine takes a new address of DHCPv6 with each boot, since its firmware draws a new IAID.
pub(crate) fn leases_of_dhcpv6_that_ended_long_ago_are_dropped(bench: &Bench) {
    let of_duid = |iaid, expires| Lease {
        client: ClientKey::Duid {
            duid: "00:04:4c:4c".parse().unwrap(),
            iaid,
        },
        expires: at(expires),
        ..lease(iaid)
    };
    let of_card = Lease {
        expires: at(3),
        ..lease(9)
    };
    let kept = of_duid(3, 5000);
    let (commits, ended) = bench.commits();
    bench.block(async {
        let leases = [
            of_duid(1, 2000),
            of_duid(2, 3000),
            kept.clone(),
            of_card.clone(),
        ];
        for lease in leases {
            commits.submit(lease).await.unwrap();
        }
        drop(commits);
        ended.await.unwrap();
    });
    // What was in the journal is sorted into the table when it is opened.
    let db = bench.reopened();
    bench.block(async {
        assert_eq!(drop_leases(&db, at(5000), 1).await.unwrap(), 1);
        assert_eq!(drop_leases(&db, at(5000), ALL).await.unwrap(), 1);
        assert_eq!(drop_leases(&db, at(5000), ALL).await.unwrap(), 0);
        let left = leases::of_subnet(&db, &kept.subnet).await.unwrap();
        assert_eq!(left, [kept, of_card]);
    });
}

/// A clock that was set back while Drover did not run must not go back behind a lease or a boot that
/// left no event.
pub(crate) fn the_latest_moment_is_that_of_any_record(bench: &Bench) {
    let (commits, ended) = bench.commits();
    bench.block(async {
        let db = &bench.db;
        assert_eq!(moments::latest(db).await.unwrap(), None);
        let change = Change {
            clusters: vec![ClusterWrite::Insert(cluster())],
            events: vec![told("last", 30, None)],
            ..Change::default()
        };
        applied(db, &change).await;
        assert_eq!(moments::latest(db).await.unwrap(), Some(at(30)));
        commits.submit(lease(7)).await.unwrap();
        assert_eq!(moments::latest(db).await.unwrap(), Some(at(100)), "granted");
        let mut polled = boot(3, None, 5, BootStep::Script);
        polled.step_at = at(200);
        commits.submit(polled).await.unwrap();
        assert_eq!(moments::latest(db).await.unwrap(), Some(at(200)));
        drop(commits);
        ended.await.unwrap();
    });
}
