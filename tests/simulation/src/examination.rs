//! The promises are held against the records: after every moment in which something was written, those
//! of the machines that it was about, and of all machines now and then.

use std::collections::BTreeSet;

use futures_executor::block_on;
use machine_core::id::MachineId;
use machine_core::lifecycle::State;
use machine_store::{events, identities, machines};

use crate::dossier::Dossier;
use crate::invariant::Violation;
use crate::node::Node;
use crate::run::Run;

/// How many events are read at once.
const PAGE: u32 = 500;

impl Run {
    /// Looks at the machines of which something was written since it was looked last.
    pub(crate) fn check_what_was_written(&mut self) -> Result<(), Violation> {
        if let Some(violation) = self.lab.with(|world| world.broken.take()) {
            return Err(violation);
        }
        let mut touched = BTreeSet::new();
        loop {
            // A database that is away is looked at when it is back.
            let Ok(new) = block_on(events::since(&self.ground.db, self.looked_at, PAGE)) else {
                return Ok(());
            };
            let Some(last) = new.last() else { break };
            self.looked_at = last.seq;
            for recorded in &new {
                let event = &recorded.event;
                self.lab.with(|world| {
                    world.note(|| format!("on record: {}: {}", event.kind, event.detail));
                });
                touched.extend(event.machine);
            }
        }
        touched
            .into_iter()
            .try_for_each(|machine| self.check(machine))
    }

    fn check(&self, machine: MachineId) -> Result<(), Violation> {
        let dossier = block_on(Dossier::read(&self.ground.db, machine));
        let Ok(Some(dossier)) = dossier else {
            return Ok(());
        };
        let now = self.now();
        let awake = if self.drover.is_some() {
            self.awake
        } else {
            now
        };
        dossier.check(awake, now)?;
        if dossier.machine.state == State::Active
            && let Some(node) = self.node_of(machine)
        {
            let has_run = self.lab.with(|world| {
                world.shows_active(node);
                world.nodes[node].has_run
            });
            let machine = dossier.machine.name;
            return has_run
                .then_some(())
                .ok_or(Violation::NeverRan { machine, node });
        }
        Ok(())
    }

    /// The node that a machine really is.
    pub(crate) fn node_of(&self, machine: MachineId) -> Option<usize> {
        let known = block_on(identities::of_machine(&self.ground.db, machine));
        let known = known.ok().flatten()?;
        self.lab.with(|world| {
            let is_it = |node: &Node| node.cards.iter().any(|card| known.macs.contains(card));
            world.nodes.iter().position(is_it)
        })
    }

    /// Looks at all machines.
    pub(crate) fn check_all(&self) -> Result<(), Violation> {
        let Ok(all) = block_on(machines::list(&self.ground.db)) else {
            return Ok(());
        };
        all.iter().try_for_each(|machine| self.check(machine.id))
    }
}
