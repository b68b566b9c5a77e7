//! Whether a run has come to rest, and the rounds that a person makes until it has.

use std::time::Duration;

use futures_executor::block_on;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::operation::OperationOutcome;
use machine_store::{clusters, machines};

use crate::care::{FIRST_ROUND, ROUND, another_try};
use crate::event::{Deed, Event};
use crate::invariant::Violation;
use crate::run::Run;

/// How long after the last fault every machine must have come to rest, with a person who looks after
/// it: as long as four installs may take, each of which is given up after three hours.
const REST: Duration = Duration::from_hours(12);

impl Run {
    /// Whether the run has gone on for as long as it is to after all had come to rest.
    pub(crate) fn has_stayed(&self) -> bool {
        self.lab.with(|world| {
            let since = *world.rests_since.get_or_insert(world.now);
            world.now.since(since) >= world.settings.stays
        })
    }

    /// Whether all that some rule wants has come to rest; an error if it never does.
    pub(crate) fn rests(&self) -> Result<bool, Violation> {
        let (is_calm, is_mended, since, now) = self
            .lab
            .with(|world| (world.is_calm, world.is_mended, world.calm_since, world.now));
        let is_up = self.drover.is_some();
        if !is_up || !is_calm || now.since(since) < FIRST_ROUND {
            return Ok(false);
        }
        let Ok(all) = block_on(machines::list(&self.ground.db)) else {
            return Ok(false);
        };
        let restless = all.iter().find(|it| {
            let moves = it.state.moving().is_some() && !matches!(it.state, State::Inspecting);
            moves || it.state == State::Available
        });
        let waits_for_clusters = self.unready();
        let is_late = now.since(since) > REST;
        match (restless, waits_for_clusters) {
            (Some(machine), _) if is_late => {
                self.note_waiting(machine);
                Err(Violation::NeverSettled {
                    machine: machine.name.clone(),
                    state: machine.state,
                })
            }
            (Some(_), _) => {
                self.look_after(&all);
                Ok(false)
            }
            (None, _) if !is_mended => {
                self.mend();
                Ok(false)
            }
            (None, Some((cluster, why))) if is_late => Err(Violation::NeverReady { cluster, why }),
            (None, Some(_)) => {
                self.look_after(&all);
                Ok(false)
            }
            (None, None) => self.all_mended(),
        }
    }

    /// A cluster that is to be ready and is not, and what it waits for. One whose Bootstrap is not
    /// known waits for a person.
    fn unready(&self) -> Option<(String, String)> {
        let drover = self.drover.as_ref()?;
        let clusters = block_on(clusters::list(&self.ground.db)).ok()?;
        clusters.into_iter().find_map(|cluster| {
            let outcome = cluster.bootstrap.map(|it| it.outcome);
            let status = drover.parts.status.cluster(cluster.id);
            let is_held = outcome == Some(OperationOutcome::Unknown);
            (!status.ready && !is_held).then_some((cluster.spec.name, status.waiting))
        })
    }

    /// What Drover tells people of a machine, and what it is really like.
    fn note_waiting(&self, machine: &Machine) {
        let told = self.drover.as_ref();
        let told = told.map(|drover| drover.parts.status.machine(machine.id).waiting);
        let node = self.node_of(machine.id);
        self.lab.with(|world| {
            let node = node.map(|node| format!("node {node}: {:?}", world.nodes[node]));
            world.note(|| format!("{} waits: {told:?}; {node:?}", machine.name));
        });
    }

    /// A person makes his round among the machines that have not come to rest.
    fn look_after(&self, all: &[Machine]) {
        let is_due = self.lab.with(|world| {
            let is_due = world.cared_at.is_none_or(|at| world.now.since(at) >= ROUND);
            if is_due {
                world.cared_at = Some(world.now);
            }
            is_due
        });
        if !is_due {
            return;
        }
        let unready = self.unready().map(|(_, why)| why).unwrap_or_default();
        for machine in all {
            let is_retired = machine.state == State::Retired;
            if !is_retired && let Some(node) = self.node_of(machine.id) {
                let told = self.drover.as_ref();
                let told = told.map(|drover| drover.parts.status.machine(machine.id).waiting);
                let mut told = told.unwrap_or_default();
                if unready.contains(&machine.name) {
                    told.push_str(&unready);
                }
                self.lab
                    .with(|world| world.look_after(node, machine, &told));
            }
        }
    }

    /// A person tries again what failed; machines without a BMC he starts anew himself.
    fn mend(&self) {
        let all = block_on(machines::list(&self.ground.db)).unwrap_or_default();
        for machine in all {
            let Some(node) = self.node_of(machine.id) else {
                continue;
            };
            if !matches!(machine.state, State::Failed(_)) {
                continue;
            }
            self.lab.with(|world| {
                world.schedule(Duration::ZERO, Event::Deed(node, another_try(&machine)));
                if world.nodes[node].bmc.is_none() {
                    let minute = Duration::from_mins(1);
                    world.schedule(minute, Event::Deed(node, Deed::Cycle));
                }
            });
        }
        self.lab.with(|world| {
            world.is_mended = true;
            world.calm_since = world.now;
            world.note(|| "a person tries again what failed".to_owned());
        });
    }

    /// Whether what nothing is wrong with is active, after it was tried again in peace.
    fn all_mended(&self) -> Result<bool, Violation> {
        let all = block_on(machines::list(&self.ground.db)).unwrap_or_default();
        for machine in all {
            let is_stuck = matches!(machine.state, State::Failed(_));
            let node = self.node_of(machine.id);
            let is_sound = node.is_some_and(|node| self.lab.with(|world| world.is_sound(node)));
            if is_stuck && is_sound {
                return Err(Violation::NotMended {
                    machine: machine.name,
                    state: machine.state,
                    why: format!("{:?}", machine.failure),
                });
            }
        }
        Ok(true)
    }
}
