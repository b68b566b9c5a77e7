//! What was last seen and said of machines and clusters, for those who ask why something waits.
//! It is not kept: it comes back with the next sweep.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::id::{ClusterId, MachineId};
use machine_core::power::PowerState;

/// What is shown of a machine beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineStatus {
    /// What it waits for.
    pub waiting: String,
    /// What its BMC last said.
    pub power: Option<PowerState>,
}

/// What is shown of a cluster beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterStatus {
    /// What it waits for.
    pub waiting: String,
    /// Whether it is ready.
    pub ready: bool,
}

/// What was last seen and said.
#[derive(Debug, Default)]
pub struct Status {
    machines: Mutex<BTreeMap<MachineId, MachineStatus>>,
    clusters: Mutex<BTreeMap<ClusterId, ClusterStatus>>,
}

impl Status {
    /// Of a machine.
    pub fn machine(&self, machine: MachineId) -> MachineStatus {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.get(&machine).cloned().unwrap_or_default()
    }

    /// Of a cluster.
    pub fn cluster(&self, cluster: ClusterId) -> ClusterStatus {
        let clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.get(&cluster).cloned().unwrap_or_default()
    }

    /// What a machine waits for.
    pub fn set_waiting(&self, machine: MachineId, waiting: String) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.entry(machine).or_default().waiting = waiting;
    }

    /// What a machine's BMC said.
    pub fn set_power(&self, machine: MachineId, power: Option<PowerState>) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.entry(machine).or_default().power = power;
    }

    /// How a cluster is. Returns whether it was different before.
    pub fn set_cluster(&self, cluster: ClusterId, status: ClusterStatus) -> bool {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.insert(cluster, status.clone()) != Some(status)
    }
}
