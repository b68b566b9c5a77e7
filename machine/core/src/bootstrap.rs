//! When a cluster is bootstrapped, and when it is ready.
//!
//! Bootstrap is called once in the life of a cluster, on one control plane node. The call is
//! recorded before it is made; one whose outcome is not known is never repeated, because a second
//! call can be executed too (Talos answers "already done" only once etcd has written something).
//! Such a record is ended by an etcd that runs, or by a person ([`resolve`]). A call that a node
//! answered with "not now" was not executed: it is made again, on another node if that one is gone.

use thiserror::Error;

use crate::cluster::{Cluster, Role};
use crate::id::MachineId;
use crate::operation::{Operation, OperationOutcome, Resolution, Resolved};
use crate::sabotage::Sabotage;

/// What a control plane node says of the store of its cluster's state: with Talos, its etcd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ControlPlaneState {
    /// It waits to be bootstrapped.
    Waiting,
    /// It waits for something of its machine, such as the time: a Bootstrap is refused now.
    Held,
    /// It runs and is healthy, or names the members of its cluster.
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
    /// What it says of the cluster's store, if it was asked and answered.
    pub control_plane: Option<ControlPlaneState>,
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

/// Why there is nothing for a person to resolve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum NothingToResolve {
    /// It was not called.
    #[error(
        "Bootstrap was not called yet: it is called by itself when a control plane waits for it"
    )]
    NotCalled,
    /// It is known to be done.
    #[error("the cluster is bootstrapped already: a second Bootstrap would start another etcd")]
    Done,
}

/// What becomes of the record of the Bootstrap after a person said what is known of it.
pub const fn resolve(
    recorded: Option<Operation>,
    resolution: Resolution,
) -> Result<Resolved, NothingToResolve> {
    let Some(recorded) = recorded else {
        return Err(NothingToResolve::NotCalled);
    };
    match (recorded.outcome, resolution) {
        (OperationOutcome::Done, _) => Err(NothingToResolve::Done),
        (
            OperationOutcome::Unknown | OperationOutcome::NotReady | OperationOutcome::Refused,
            Resolution::Done,
        ) => Ok(Resolved::Done(Operation {
            outcome: OperationOutcome::Done,
            ..recorded
        })),
        (
            OperationOutcome::Unknown | OperationOutcome::NotReady | OperationOutcome::Refused,
            Resolution::NotDone,
        ) => Ok(Resolved::Withdrawn(recorded.id)),
    }
}

/// Which node Bootstrap is called on, or was: the recorded one, unless it is known that nothing was
/// done there and it runs no more; else the first active control plane node by name.
pub fn elected<'a>(cluster: &Cluster, members: &'a [Member]) -> Option<&'a Member> {
    let first = || {
        members
            .iter()
            .filter(|it| it.role == Role::ControlPlane && it.active)
            .min_by(|a, b| a.name.cmp(&b.name))
    };
    let Some(Operation {
        machine, outcome, ..
    }) = cluster.bootstrap
    else {
        return first();
    };
    let recorded = members.iter().find(|it| it.machine == machine);
    match outcome {
        OperationOutcome::NotReady => recorded.filter(|it| it.active).or_else(first),
        OperationOutcome::Unknown | OperationOutcome::Refused | OperationOutcome::Done => recorded,
    }
}

/// The next step for a cluster.
pub fn plan_cluster(cluster: &Cluster, members: &[Member]) -> ClusterStep {
    let outcome = cluster.bootstrap.map(|bootstrap| bootstrap.outcome);
    if outcome == Some(OperationOutcome::Done) {
        return plan_members(cluster, members);
    }
    let runs = members.iter().find(|it| {
        it.role == Role::ControlPlane && it.control_plane == Some(ControlPlaneState::Running)
    });
    if let Some(node) = runs {
        return ClusterStep::RecordDone(node.machine);
    }
    let node = elected(cluster, members);
    match outcome {
        None | Some(OperationOutcome::NotReady | OperationOutcome::Done) => plan_call(node),
        Some(OperationOutcome::Unknown) if Sabotage::UnknownBootstrapRepeated.is_on() => {
            plan_call(node)
        }
        Some(OperationOutcome::Unknown) => ClusterStep::Wait(unknown_outcome(cluster, node)),
        Some(OperationOutcome::Refused) => ClusterStep::Wait(refused(cluster, node)),
    }
}

fn plan_call(node: Option<&Member>) -> ClusterStep {
    let Some(node) = node else {
        return ClusterStep::Wait("no control plane machine is active yet".to_owned());
    };
    let name = &node.name;
    ClusterStep::Wait(match node.control_plane {
        Some(ControlPlaneState::Waiting) => return ClusterStep::Bootstrap(node.machine),
        Some(ControlPlaneState::Held) => format!(
            "etcd of {name} waits for the time, the network or the container runtime of its machine"
        ),
        Some(ControlPlaneState::Other | ControlPlaneState::Running) => {
            format!("etcd of {name} is not waiting for Bootstrap yet")
        }
        None => format!("the API of {name} does not answer yet"),
    })
}

fn unknown_outcome(cluster: &Cluster, node: Option<&Member>) -> String {
    let on = node.map_or("a machine that is no member any more", |it| {
        it.name.as_str()
    });
    format!(
        "Bootstrap was called on {on} and its outcome is not known; it is not called again. Look \
         whether an etcd runs (talosctl etcd members), then say so: drover cluster bootstrap {} \
         --resolve done (or not-done: it is called again)",
        cluster.spec.name
    )
}

fn refused(cluster: &Cluster, node: Option<&Member>) -> String {
    let by = node.map_or("a machine that is no member any more", |it| {
        it.name.as_str()
    });
    format!(
        "Bootstrap was refused by {by}, for good. When its reason is mended: drover cluster \
         bootstrap {} --resolve not-done (or done, if it was bootstrapped by hand)",
        cluster.spec.name
    )
}

/// The next step for a cluster that is founded: the members that are awaited, or none.
pub fn plan_members(cluster: &Cluster, members: &[Member]) -> ClusterStep {
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
mod tests;
