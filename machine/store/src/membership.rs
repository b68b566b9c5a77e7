//! That a machine is a member of a cluster, as a value.

use machine_core::cluster::Role;
use machine_core::id::{ClusterId, MachineId};
use machine_core::time::Timestamp;

/// That a machine is, or was, a member of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Which machine.
    pub machine: MachineId,
    /// Of which cluster.
    pub cluster: ClusterId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
    /// Until when, if it is no member any more.
    pub left: Option<Timestamp>,
}
