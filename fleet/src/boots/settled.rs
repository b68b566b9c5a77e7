//! Machines of which nothing is left to do: a machine that waits in iPXE says the same every few
//! seconds. As long as it does, and nothing is on record that was not when it was looked at, nothing
//! is read or written for it. Bounded: what is forgotten is looked at again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use machine_core::evidence::Claim;
use machine_core::id::{BootId, MachineId};
use machine_core::machine::Hardware;
use machine_store::read_model::Revision;

/// Machines that are remembered: more do not wait at once where one daemon serves.
const MACHINES: usize = 16_384;

/// When the records of a machine, and those of clusters, changed last.
pub(super) type Seen = (Revision, Revision);

/// What a boot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) boot: BootId,
    pub(super) claim: Claim,
    pub(super) hardware: Hardware,
}

/// What machines said when they were looked at last, and what was on record then.
#[derive(Debug, Default)]
pub(super) struct Settled {
    machines: Mutex<BTreeMap<MachineId, (Said, Seen)>>,
}

impl Settled {
    /// Whether that was said and seen when the machine was looked at.
    pub(super) fn is(&self, machine: MachineId, said: &Said, seen: Option<Seen>) -> bool {
        let machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        let before = machines.get(&machine);
        before.is_some_and(|(before, then)| before == said && Some(*then) == seen)
    }

    /// Nothing was left to do when that was said and seen.
    pub(super) fn set(&self, machine: MachineId, said: Said, seen: Option<Seen>) {
        let mut machines = self.machines.lock().unwrap_or_else(PoisonError::into_inner);
        if machines.len() >= MACHINES {
            machines.clear();
        }
        match seen {
            Some(seen) => _ = machines.insert(machine, (said, seen)),
            None => _ = machines.remove(&machine),
        }
    }
}
