//! The machines whose status may be another one than when it was last asked for.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use machine_core::id::MachineId;
use tokio::sync::Notify;

/// Machines that one task waits for.
#[derive(Debug, Default)]
pub(super) struct Changes {
    machines: Mutex<BTreeSet<MachineId>>,
    marked: Notify,
}

impl Changes {
    /// Something of this machine may be another one.
    pub(super) fn mark(&self, machine: MachineId) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.insert(machine);
        drop(machines);
        self.marked.notify_one();
    }

    /// Waits for machines that are marked, and takes all of them.
    pub(super) async fn take(&self) -> Vec<MachineId> {
        loop {
            let taken = self.marked_so_far();
            if !taken.is_empty() {
                return taken.into_iter().collect();
            }
            self.marked.notified().await;
        }
    }

    fn marked_so_far(&self) -> BTreeSet<MachineId> {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *machines)
    }
}
