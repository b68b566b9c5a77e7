//! The machines that are worked on at this moment: each by one task, and whether it was woken
//! meanwhile.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::id::MachineId;

/// The machines under way.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<BTreeMap<MachineId, bool>>);

impl UnderWay {
    /// Begins work on a machine; `false` if it is worked on already, which then goes on anew.
    pub(super) fn begin(&self, machine: MachineId) -> bool {
        let mut machines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = machines.get_mut(&machine) {
            *again = true;
            return false;
        }
        machines.insert(machine, false);
        true
    }

    /// The work on a machine has ended: whether it was woken meanwhile.
    pub(super) fn end(&self, machine: MachineId) -> bool {
        let mut machines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        machines.remove(&machine).unwrap_or(false)
    }
}
