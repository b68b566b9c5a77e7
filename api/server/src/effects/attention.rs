//! Who looks after machines and clusters: what it saw last, and that it look again.

use async_trait::async_trait;
use machine_core::id::{ClusterId, MachineId};
use machine_core::power::PowerState;

/// What is shown of a machine beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenMachine {
    /// What it waits for.
    pub waiting: String,
    /// What its BMC last said.
    pub power: Option<PowerState>,
}

/// What is shown of a cluster beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenCluster {
    /// What it waits for.
    pub waiting: String,
    /// Whether it is ready.
    pub ready: bool,
}

/// The reconcile loop, from outside.
#[async_trait]
pub trait Attention: Send + Sync + 'static {
    /// Look after this machine at once: it was changed, and what was said of it before is old.
    fn wake(&self, machine: MachineId);
    /// Look after this machine at once: something else was changed that it may wait for. What was
    /// said of it last stands until then.
    fn wake_bystander(&self, machine: MachineId);
    /// Waits, not for long, until those were looked at that were woken.
    async fn settled(&self);
    /// What was last seen of a machine.
    fn seen_machine(&self, machine: MachineId) -> SeenMachine;
    /// What was last seen of a cluster.
    fn seen_cluster(&self, cluster: ClusterId) -> SeenCluster;
}
