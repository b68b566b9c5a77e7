//! Wakes the reconcile loop for one machine: something was learned that may move it on.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use machine_core::id::MachineId;
use tokio::sync::Notify;

/// The machines that wait to be looked after.
#[derive(Debug, Default)]
pub struct Wake {
    machines: Mutex<BTreeSet<MachineId>>,
    notify: Notify,
}

impl Wake {
    /// Look after this machine soon.
    pub fn machine(&self, machine: MachineId) {
        self.machines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(machine);
        self.notify.notify_one();
    }

    /// Waits until somebody is to be looked after.
    pub async fn wait(&self) -> BTreeSet<MachineId> {
        loop {
            let woken =
                std::mem::take(&mut *self.machines.lock().unwrap_or_else(PoisonError::into_inner));
            if !woken.is_empty() {
                return woken;
            }
            self.notify.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_up_before_the_wait_is_not_lost() {
        let wake = Wake::default();
        let machine = MachineId::from_bytes([1; 16]);
        wake.machine(machine);
        wake.machine(machine);
        assert_eq!(wake.wait().await, BTreeSet::from([machine]));
    }
}
