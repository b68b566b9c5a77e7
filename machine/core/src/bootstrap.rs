//! When a cluster is bootstrapped, and when it is ready.
//!
//! Bootstrap is called once in the life of a cluster, on one control plane node. The call is
//! recorded before it is made; one whose outcome is not known is never repeated, because a second
//! call can be executed too (Talos answers "already done" only once etcd has written something).

use crate::cluster::{Bootstrap, BootstrapOutcome, Cluster, Role};
use crate::id::MachineId;

/// What the API of a control plane node says of its etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EtcdState {
    /// It waits to be bootstrapped.
    Waiting,
    /// It runs and is healthy.
    Running,
    /// Something else: starting, stopping, failed.
    Other,
}

/// A member of a cluster, as far as Bootstrap is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which machine.
    pub machine: MachineId,
    /// Its name.
    pub name: String,
    /// What it is in the cluster.
    pub role: Role,
    /// Whether it runs from its disk.
    pub active: bool,
    /// Whether it says that it is ready.
    pub ready: bool,
    /// What its API says of etcd, if it was asked and answered.
    pub etcd: Option<EtcdState>,
}

/// The next step for a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterStep {
    /// Record the call, then make it on this machine.
    Bootstrap(MachineId),
    /// etcd runs on this machine: record that the cluster is bootstrapped.
    RecordDone(MachineId),
    /// Nothing to do.
    Wait(String),
    /// Bootstrapped, and every member says that it is ready.
    Ready,
}

/// Which node is asked, or has been: the recorded one, else the first active control plane node by
/// name.
pub fn elected<'a>(cluster: &Cluster, members: &'a [Member]) -> Option<&'a Member> {
    match cluster.bootstrap {
        Some(Bootstrap { machine, .. }) => members.iter().find(|it| it.machine == machine),
        None => members
            .iter()
            .filter(|it| it.role == Role::ControlPlane && it.active)
            .min_by(|a, b| a.name.cmp(&b.name)),
    }
}

/// The next step for a cluster.
pub fn plan_cluster(cluster: &Cluster, members: &[Member]) -> ClusterStep {
    let outcome = cluster.bootstrap.map(|bootstrap| bootstrap.outcome);
    let may_call = match outcome {
        Some(BootstrapOutcome::Done) => return plan_members(cluster, members),
        Some(BootstrapOutcome::Unknown) => false,
        Some(BootstrapOutcome::NotReady) | None => true,
    };
    let Some(node) = elected(cluster, members) else {
        let why = if cluster.bootstrap.is_some() {
            "the machine that Bootstrap was recorded for is no member any more; it is not called on \
             another"
        } else {
            "no control plane machine is active yet"
        };
        return ClusterStep::Wait(why.to_owned());
    };
    let name = &node.name;
    match node.etcd {
        Some(EtcdState::Running) => ClusterStep::RecordDone(node.machine),
        Some(EtcdState::Waiting) if may_call => ClusterStep::Bootstrap(node.machine),
        _ if !may_call => ClusterStep::Wait(format!(
            "Bootstrap was called on {name} and its outcome is not known; it is not called again. \
             If etcd does not come up there, look at its logs",
        )),
        Some(EtcdState::Waiting | EtcdState::Other) => {
            ClusterStep::Wait(format!("etcd of {name} is not waiting for Bootstrap yet"))
        }
        None => ClusterStep::Wait(format!("the API of {name} does not answer yet")),
    }
}

fn plan_members(cluster: &Cluster, members: &[Member]) -> ClusterStep {
    let missing: Vec<&str> = members
        .iter()
        .filter(|it| !(it.active && it.ready))
        .map(|it| it.name.as_str())
        .collect();
    if missing.is_empty() && !members.is_empty() {
        ClusterStep::Ready
    } else {
        let of = &cluster.spec.name;
        ClusterStep::Wait(format!(
            "members of {of} are not ready: {}",
            missing.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::ClusterSpec;
    use crate::id::ClusterId;
    use crate::time::Timestamp;

    fn cluster(outcome: Option<BootstrapOutcome>) -> Cluster {
        let spec = ClusterSpec {
            name: "lab".to_owned(),
            endpoint: "https://10.77.0.10:6443".to_owned(),
            talos: "1.13.9".to_owned(),
            kubernetes: "1.34.1".to_owned(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: vec![],
        };
        let bootstrap = outcome.map(|outcome| Bootstrap {
            machine: machine(1),
            recorded: Timestamp::from_millis(0),
            outcome,
        });
        Cluster {
            id: ClusterId::from_bytes([1; 16]),
            spec,
            bootstrap,
            version: 0,
        }
    }

    fn machine(id: u8) -> MachineId {
        MachineId::from_bytes([id; 16])
    }

    fn member(id: u8, role: Role, etcd: Option<EtcdState>) -> Member {
        let name = format!("m{id}");
        Member {
            machine: machine(id),
            name,
            role,
            active: true,
            ready: false,
            etcd,
        }
    }

    #[test]
    fn the_first_active_control_plane_node_is_asked_once_it_waits() {
        let waiting = Some(EtcdState::Waiting);
        let mut members = vec![
            member(3, Role::ControlPlane, waiting),
            member(1, Role::ControlPlane, waiting),
            member(0, Role::Worker, None),
        ];
        assert_eq!(
            plan_cluster(&cluster(None), &members),
            ClusterStep::Bootstrap(machine(1))
        );
        members[1].active = false;
        assert_eq!(
            plan_cluster(&cluster(None), &members),
            ClusterStep::Bootstrap(machine(3))
        );
        members[0].active = false;
        assert!(matches!(
            plan_cluster(&cluster(None), &members),
            ClusterStep::Wait(_)
        ));
    }

    #[test]
    fn a_call_whose_outcome_is_unknown_is_never_repeated() {
        let unknown = cluster(Some(BootstrapOutcome::Unknown));
        for etcd in [None, Some(EtcdState::Waiting), Some(EtcdState::Other)] {
            let members = [
                member(1, Role::ControlPlane, etcd),
                member(2, Role::ControlPlane, Some(EtcdState::Waiting)),
            ];
            assert!(
                matches!(plan_cluster(&unknown, &members), ClusterStep::Wait(_)),
                "{etcd:?}"
            );
        }
        let runs = [member(1, Role::ControlPlane, Some(EtcdState::Running))];
        assert_eq!(
            plan_cluster(&unknown, &runs),
            ClusterStep::RecordDone(machine(1))
        );
    }

    #[test]
    fn a_refused_call_is_repeated_on_the_same_machine_only() {
        let refused = cluster(Some(BootstrapOutcome::NotReady));
        let members = [
            member(0, Role::ControlPlane, Some(EtcdState::Waiting)),
            member(1, Role::ControlPlane, Some(EtcdState::Waiting)),
        ];
        assert_eq!(
            plan_cluster(&refused, &members),
            ClusterStep::Bootstrap(machine(1))
        );
    }

    #[test]
    fn the_recorded_machine_that_is_gone_is_not_replaced_and_that_is_said() {
        let members = [member(2, Role::ControlPlane, Some(EtcdState::Waiting))];
        for outcome in [BootstrapOutcome::Unknown, BootstrapOutcome::NotReady] {
            let step = plan_cluster(&cluster(Some(outcome)), &members);
            assert!(
                matches!(&step, ClusterStep::Wait(why) if why.contains("no member any more")),
                "{step:?}"
            );
        }
    }

    #[test]
    fn a_cluster_is_ready_when_every_member_says_so() {
        let done = cluster(Some(BootstrapOutcome::Done));
        let mut members = [
            member(1, Role::ControlPlane, None),
            member(2, Role::Worker, None),
        ];
        assert!(
            matches!(plan_cluster(&done, &members), ClusterStep::Wait(why) if why.ends_with("m1, m2"))
        );
        members[0].ready = true;
        members[1].ready = true;
        assert_eq!(plan_cluster(&done, &members), ClusterStep::Ready);
        members[1].active = false;
        assert!(matches!(
            plan_cluster(&done, &members),
            ClusterStep::Wait(_)
        ));
        assert!(matches!(plan_cluster(&done, &[]), ClusterStep::Wait(_)));
    }
}
