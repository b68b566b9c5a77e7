//! Machines at rest: the last look found nothing to do until something happens. A sweep passes them
//! by for as long as nothing is on record of them that was not then.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use machine_core::id::MachineId;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::plan::step::Step;
use machine_store::read_model::{ReadModel, Revision};

/// When the records of a machine, and those of clusters, changed last.
pub(super) type Seen = (Revision, Revision);

/// The machines at rest, and what was on record of each.
#[derive(Debug, Default)]
pub(super) struct Rests {
    machines: Mutex<BTreeMap<MachineId, Seen>>,
}

/// Whether a machine for which this is the next step waits for its records alone. A failed one is
/// looked at again: its node may come back without a word. So is one that something hinders, since
/// a new image may be there.
pub(super) const fn is_rest(machine: &Machine, step: &Step, hindrance: Option<&str>) -> bool {
    let waits = matches!(step, Step::Wait { until: None, .. });
    waits && hindrance.is_none() && may_rest(machine.state)
}

const fn may_rest(state: State) -> bool {
    match state {
        State::Discovered | State::Available | State::Active | State::Retired => true,
        State::Inspecting | State::Provisioning(_) | State::Cleaning | State::Failed(_) => false,
    }
}

/// What is on record of a machine.
pub(super) fn seen(held: &ReadModel, machine: MachineId) -> Option<Seen> {
    let changed = held.machine(machine)?.changed;
    Some((changed, held.clusters_changed()))
}

impl Rests {
    /// The machines that are to be looked at.
    pub(super) fn due(&self, held: &ReadModel) -> Vec<MachineId> {
        let clusters = held.clusters_changed();
        let mut rests = self.lock();
        rests.retain(|machine, seen| {
            let held = held.machine(*machine);
            held.is_some_and(|held| (held.changed, clusters) == *seen)
        });
        let all = held.machines().map(|(machine, _)| machine);
        all.filter(|machine| !rests.contains_key(machine)).collect()
    }

    /// A machine was looked at, and this was on record of it before; `None` if it is not at rest.
    pub(super) fn set(&self, machine: MachineId, seen: Option<Seen>) {
        let mut rests = self.lock();
        match seen {
            Some(seen) => _ = rests.insert(machine, seen),
            None => _ = rests.remove(&machine),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<MachineId, Seen>> {
        self.machines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::lifecycle::Origin;
    use machine_core::time::Timestamp;

    #[test]
    fn only_who_waits_for_its_records_alone_is_at_rest() {
        let wait = |until| Step::Wait {
            why: String::new(),
            until,
        };
        let moment = Some(Timestamp::from_millis(1));
        for (state, step, hindrance, rests) in [
            (State::Active, wait(None), None, true),
            (State::Discovered, wait(None), None, true),
            (State::Active, wait(moment), None, false),
            (State::Active, wait(None), Some("no image"), false),
            (State::Inspecting, wait(None), None, false),
            (
                State::Provisioning(Origin::Available),
                wait(None),
                None,
                false,
            ),
        ] {
            let id = MachineId::from_bytes([1; 16]);
            let machine = Machine {
                state,
                ..Machine::discovered(id, "w-1", Timestamp::from_millis(0))
            };
            assert_eq!(is_rest(&machine, &step, hindrance), rests, "{state}");
        }
    }
}
