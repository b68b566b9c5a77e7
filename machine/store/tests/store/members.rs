//! Who is a member of which cluster, since when, and until when.

use machine_core::cluster::{Cluster, Role};
use machine_core::id::{AttemptId, ClusterId, IntentId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_store::change::{AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite};
use machine_store::commit::claim::{ClaimOutcome, ReleaseClaim};
use machine_store::db::Db;
use machine_store::membership::Membership;
use machine_store::{machines, members};

use crate::bench::Bench;
use crate::fixtures::{
    applied, assignment, at, attempt, claim, cluster, intent, machine_id, provisioning,
};

const OTHER: ClusterId = ClusterId::from_bytes([8; 16]);

/// What the machine is and was: the cluster's first digits, its role, since when and until when.
async fn memberships(db: &Db) -> Vec<String> {
    let all = members::of_machine(db, machine_id(1)).await.unwrap();
    let text = |it: &Membership| {
        let cluster = it.cluster.to_string().chars().take(2).collect::<String>();
        let left = it.left.map_or(0, |it| it.as_millis() / 1000);
        let since = it.since.as_millis() / 1000;
        format!("{cluster} {} {since}-{left}", it.role)
    };
    all.iter().map(text).collect()
}

async fn moved(db: &Db, state: State, seconds: i64) -> MachineWrite {
    let machine = machines::find(db, machine_id(1)).await.unwrap().unwrap();
    MachineWrite::Update(Machine {
        state,
        since: at(seconds),
        ..machine
    })
}

fn close(byte: u8, seconds: i64) -> IntentWrite {
    IntentWrite::Close {
        id: IntentId::from_bytes([byte; 16]),
        at: at(seconds),
        end: IntentEnd::Fulfilled,
    }
}

/// Another cluster, and the permission to install the machine for it in place of the first one.
fn elsewhere(seconds: i64) -> (Cluster, Intent) {
    let mut other = cluster();
    other.id = OTHER;
    "other".clone_into(&mut other.spec.name);
    other.spec.endpoint = "https://10.77.0.11:6443".parse().unwrap();
    let mut next = intent(20, 1);
    next.assignment.cluster = OTHER;
    next.assignment.role = Role::ControlPlane;
    next.opened = at(seconds);
    (other, next)
}

pub(crate) fn who_may_be_installed_is_a_member_until_its_state_says_no(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        assert_eq!(memberships(db).await, ["03 worker 2-0"]);
        let of_cluster = members::of_cluster(db, cluster().id).await.unwrap();
        assert_eq!(of_cluster.len(), 1);
        assert_eq!(of_cluster[0].role, assignment().role);
        for (state, seconds) in [(State::Active, 30), (State::Cleaning, 40)] {
            let change = Change {
                machines: vec![moved(db, state, seconds).await],
                ..Change::default()
            };
            applied(db, &change).await;
            assert_eq!(memberships(db).await, ["03 worker 2-0"], "{state}");
        }
        let change = Change {
            machines: vec![moved(db, State::Available, 50).await],
            intents: vec![close(2, 50), IntentWrite::Open(intent(60, 1))],
            ..Change::default()
        };
        applied(db, &change).await;
        let both = ["03 worker 60-0", "03 worker 2-50"];
        assert_eq!(memberships(db).await, both);
        let forgotten = machines::find(db, machine_id(1)).await.unwrap().unwrap();
        let change = Change {
            machines: vec![MachineWrite::Forget {
                id: forgotten.id,
                version: forgotten.version,
                at: at(70),
            }],
            ..Change::default()
        };
        applied(db, &change).await;
        let past = ["03 worker 60-70", "03 worker 2-50"];
        assert_eq!(memberships(db).await, past);
        let of_cluster = members::of_cluster(db, cluster().id).await.unwrap();
        assert_eq!(of_cluster, []);
    });
}

/// A machine that runs in a cluster stays its member while another install is only permitted: that
/// may be taken back.
pub(crate) fn a_member_of_another_cluster_moves_when_its_config_is_released(bench: &Bench) {
    bench.block(provisioning(&bench.db));
    let (commits, ended) = bench.commits();
    bench.block(async {
        let db = &bench.db;
        assert_eq!(
            commits.submit(claim()).await.unwrap(),
            ClaimOutcome::Claimed
        );
        let (other, next) = elsewhere(80);
        let mut again = attempt(21, 20, 1, 2);
        again.assignment = next.assignment.clone();
        let change = Change {
            machines: vec![moved(db, State::Provisioning(Origin::Active), 80).await],
            clusters: vec![ClusterWrite::Insert(other)],
            intents: vec![close(2, 80), IntentWrite::Open(next)],
            attempts: vec![
                AttemptWrite::Close {
                    id: AttemptId::from_bytes([4; 16]),
                    at: at(80),
                    end: machine_core::attempt::AttemptEnd::Installed,
                },
                AttemptWrite::Open(again),
            ],
            ..Change::default()
        };
        applied(db, &change).await;
        assert_eq!(memberships(db).await, ["03 worker 2-0"]);
        let mut released = ReleaseClaim {
            attempt: AttemptId::from_bytes([21; 16]),
            intent: IntentId::from_bytes([20; 16]),
            machine_version: 2,
            ..claim()
        };
        released.release.at = at(90);
        let claimed = commits.submit(released).await.unwrap();
        assert_eq!(claimed, ClaimOutcome::Claimed);
        let both = ["08 controlplane 90-0", "03 worker 2-90"];
        assert_eq!(memberships(db).await, both);
        drop(commits);
        ended.await.unwrap();
    });
}

pub(crate) fn who_never_got_a_config_moves_with_its_permission(bench: &Bench) {
    bench.block(async {
        let db = &bench.db;
        provisioning(db).await;
        let (other, next) = elsewhere(80);
        let change = Change {
            clusters: vec![ClusterWrite::Insert(other)],
            intents: vec![close(2, 80), IntentWrite::Open(next)],
            ..Change::default()
        };
        applied(db, &change).await;
        let both = ["08 controlplane 80-0", "03 worker 2-80"];
        assert_eq!(memberships(db).await, both);
    });
}
