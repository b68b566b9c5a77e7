//! The looks at BMCs of machines at rest that wait or are under way: one a machine, and so many at
//! once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use machine_core::id::MachineId;
use tokio::sync::Semaphore;

/// How many BMCs of machines at rest are asked at once. Each may take ten seconds to be given up: a
/// fleet of a thousand with a rack of dead ones is still seen within the age that a power may have.
const LOOKS: usize = 16;

/// The looks that wait or are under way.
#[derive(Debug)]
pub(super) struct Looks {
    pub(super) places: Semaphore,
    machines: Mutex<BTreeSet<MachineId>>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            places: Semaphore::new(LOOKS),
            machines: Mutex::default(),
        }
    }
}

impl Looks {
    /// Whether it is the only one for its machine.
    pub(super) fn begin(&self, machine: MachineId) -> bool {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.insert(machine)
    }

    /// It has ended.
    pub(super) fn end(&self, machine: MachineId) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        machines.remove(&machine);
    }
}
