//! What was last seen and said of machines and clusters, for those who ask why something waits.
//! What of it people watch is written beside the records ([`crate::status::publication`]); the rest comes back
//! with the next sweep.
//!
//! What is said of a machine is found out in looks: one begins when its records are read, and ends
//! with what it waits for. Whoever changes a machine asks for a look that begins after that. What an
//! earlier look says then is old, and is not shown; whoever lists machines waits until the looks
//! that were asked for have ended. A change may concern other machines, too: they are looked at
//! again, and what was said of them last stands until that look has ended.

mod changes;
pub mod publication;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use machine_core::id::{ClusterId, MachineId};
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use tokio::sync::Notify;

use crate::status::changes::Changes;

/// How old the power of a machine that is not on the move may be.
const POWER_AGE: Duration = Duration::from_mins(3);

/// What is shown of a machine beside its record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineStatus {
    /// What it waits for.
    pub waiting: String,
    /// What its BMC last said.
    pub power: Option<PowerState>,
    /// When it was last asked.
    pub power_at: Option<Timestamp>,
    /// Since when it has said, each time, that the machine is off.
    pub off_since: Option<Timestamp>,
    /// What keeps it from its install.
    pub hindrance: Option<String>,
    looks: Looks,
    /// Whether the look under way waits for a BMC or a node that may well not answer.
    awaits_the_silent: bool,
}

/// The looks at a machine, by how many were asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Looks {
    /// How many were asked for.
    asked: u64,
    /// How many were when the machine itself was changed last.
    changed: u64,
    /// How many were when the look began that is under way, or was the last.
    began: u64,
    /// How many were when the last look began that has ended.
    ended: u64,
}

impl MachineStatus {
    /// Whether it was changed itself, and nobody has looked at it since.
    pub const fn is_changed(&self) -> bool {
        self.looks.ended < self.looks.changed
    }

    /// Whether a look at it is worth waiting for: of a machine that was changed always, of another
    /// one while it needs no answer from who may well be silent.
    const fn is_awaited(&self) -> bool {
        self.is_changed() || self.looks.ended < self.looks.asked && !self.awaits_the_silent
    }
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
    ended: Notify,
    changes: Changes,
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

    /// Its record was changed: what was said of it before is no answer.
    pub fn ask_anew(&self, machine: MachineId) {
        self.change(machine, |status| {
            status.looks.asked += 1;
            status.looks.changed = status.looks.asked;
            status.waiting.clear();
        });
    }

    /// Something was changed that it may wait for: it is looked at again, and what was said of it
    /// last stands until then.
    pub fn ask_again(&self, machine: MachineId) {
        self.change(machine, |status| status.looks.asked += 1);
    }

    /// Its records are read now.
    pub fn begin_look(&self, machine: MachineId) {
        self.change(machine, |status| {
            status.looks.began = status.looks.asked;
            status.awaits_the_silent = false;
        });
    }

    /// The look goes on when its BMC has answered. One that was silent when it was asked last is
    /// not waited for.
    pub fn await_bmc(&self, machine: MachineId) {
        self.change(machine, |status| {
            status.awaits_the_silent = status.power_at.is_some() && status.power.is_none();
        });
        self.ended.notify_waiters();
    }

    /// The look goes on when its node has answered: one that installs or restarts does not.
    pub fn await_node(&self, machine: MachineId) {
        self.change(machine, |status| status.awaits_the_silent = true);
        self.ended.notify_waiters();
    }

    /// What a machine waits for, as the look that is under way found out.
    pub fn set_waiting(&self, machine: MachineId, waiting: String) {
        self.change(machine, |status| {
            if status.looks.began >= status.looks.changed {
                status.waiting = waiting;
            }
        });
        self.end_look(machine);
    }

    /// What it waited for is over, and the look goes on.
    pub fn clear_waiting(&self, machine: MachineId) {
        self.change(machine, |status| status.waiting.clear());
    }

    /// The look has ended.
    pub fn end_look(&self, machine: MachineId) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = machines.get_mut(&machine) {
            status.looks.ended = status.looks.began;
        }
        drop(machines);
        self.changes.mark(machine);
        self.ended.notify_waiters();
    }

    /// There is no such machine any more.
    pub fn forget(&self, machine: MachineId) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.remove(&machine);
        drop(machines);
        self.ended.notify_waiters();
    }

    /// Waits until every look that was asked for has ended, but for those that wait for the silent.
    pub async fn settled(&self) {
        loop {
            let mut ended = pin!(self.ended.notified());
            // From here on no end is missed.
            ended.as_mut().enable();
            if !self.is_any_awaited() {
                return;
            }
            ended.await;
        }
    }

    fn is_any_awaited(&self) -> bool {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.values().any(MachineStatus::is_awaited)
    }

    fn change(&self, machine: MachineId, change: impl FnOnce(&mut MachineStatus)) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        change(machines.entry(machine).or_default());
    }

    /// What a machine's BMC said.
    pub fn set_power(&self, machine: MachineId, power: Option<PowerState>, at: Timestamp) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let status = machines.entry(machine).or_default();
        status.power = power;
        status.power_at = Some(at);
        status.off_since = match power {
            Some(PowerState::Off) => Some(status.off_since.unwrap_or(at)),
            Some(PowerState::On) | None => None,
        };
        drop(machines);
        self.changes.mark(machine);
    }

    /// Waits for machines of which something else may be said than when it was last asked for. What is
    /// said while a look is under way is not waited for.
    pub async fn changed(&self) -> Vec<MachineId> {
        self.changes.take().await
    }

    /// Whether a machine's BMC was not asked for long.
    pub fn is_power_old(&self, machine: MachineId, now: Timestamp) -> bool {
        let asked = self.machine(machine).power_at;
        asked.is_none_or(|at| now.since(at) >= POWER_AGE)
    }

    /// What keeps a machine from its install. Returns whether it was different before.
    pub fn set_hindrance(&self, machine: MachineId, hindrance: Option<&str>) -> bool {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let status = machines.entry(machine).or_default();
        let before = std::mem::replace(&mut status.hindrance, hindrance.map(str::to_owned));
        before.as_deref() != hindrance
    }

    /// How a cluster is. Returns how it was before, if it was looked at before.
    pub fn set_cluster(&self, cluster: ClusterId, status: ClusterStatus) -> Option<ClusterStatus> {
        let mut clusters = self.clusters.lock().unwrap_or_else(PoisonError::into_inner);
        clusters.insert(cluster, status)
    }
}

#[cfg(test)]
mod tests;
