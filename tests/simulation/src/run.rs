//! One run: events in their order until all has come to rest, or a promise is broken.

use std::time::Duration;

use machine_core::cluster::{BootstrapOutcome, Cluster};
use machine_core::lifecycle::State;
use thiserror::Error;

use crate::event::Event;
use crate::fleet::{is_sound, is_wanted};
use crate::invariant::{Violation, check};
use crate::scenario::Settings;
use crate::world::{START, World};

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Machines that run from their disk.
    pub active: usize,
    /// Machines that were given up, with a reason.
    pub failed: usize,
    /// Machines in other states.
    pub other: usize,
    /// Attempts that were opened.
    pub attempts: u32,
    /// The most attempts of one machine.
    pub most_attempts: u32,
    /// How often an installer was booted.
    pub installers: u32,
    /// The most installers that one machine booted.
    pub most_installers: u32,
    /// Configs that were refused.
    pub refusals: u64,
    /// Clusters that are ready.
    pub ready: usize,
    /// Clusters whose Bootstrap call is recorded, and its outcome not known.
    pub unknown: usize,
    /// Events that were simulated.
    pub events: u64,
    /// How much time went by in the run.
    pub elapsed: Duration,
}

/// A promise was broken.
#[derive(Debug, Clone, Error)]
#[error("seed {seed}, {elapsed:?} into the run: {violation}\n{}", trace.join("\n"))]
pub struct Broken {
    /// The seed that shows it.
    pub seed: u64,
    /// How far into the run.
    pub elapsed: Duration,
    /// What was broken.
    pub violation: Violation,
    /// What went before.
    pub trace: Vec<String>,
}

/// How long after the last fault every machine must have come to rest.
const REST: Duration = Duration::from_mins(27 * 60 + 15);

/// Simulates one seed.
pub fn simulate(settings: Settings) -> Result<Summary, Box<Broken>> {
    let mut world = World::new(settings);
    world.build();
    let mut events = 0;
    loop {
        events += 1;
        match world.next_event() {
            Ok(false) => {}
            Ok(true) => {
                return Ok(Summary {
                    events,
                    ..world.summary()
                });
            }
            Err(violation) => {
                let (seed, elapsed) = (settings.seed, world.now.since(START));
                let trace = world.trace.into();
                return Err(Box::new(Broken {
                    seed,
                    elapsed,
                    violation,
                    trace,
                }));
            }
        }
    }
}

impl World {
    /// Lets the next event happen; true when all have come to rest.
    fn next_event(&mut self) -> Result<bool, Violation> {
        let Some(((at, _), (epoch, event))) = self.queue.pop_first() else {
            return Ok(true);
        };
        if epoch.is_some_and(|epoch| epoch != self.epoch) {
            return Ok(false);
        }
        self.now = at;
        let is_sweep = matches!(event, Event::Sweep);
        self.happen(event)?;
        for machine in std::mem::take(&mut self.touched) {
            check(&self.rows[&machine], self.awake, self.now)?;
        }
        if is_sweep && self.is_calm {
            self.rests()
        } else {
            Ok(false)
        }
    }

    fn happen(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Sweep => return self.sweep(),
            Event::Reconcile(machine) => {
                self.woken.remove(&machine);
                self.reconcile(machine);
            }
            Event::Conclude(loaded, power) => self.conclude(&loaded, &power),
            Event::Power(machine, to) => return self.power(machine, to),
            Event::Verified(machine, boot) => self.verified(machine, boot),
            Event::Asked(machine, attempt) => self.asked(machine, attempt),
            Event::CallBootstrap(cluster, machine) => return self.call_bootstrap(cluster, machine),
            Event::BootstrapAnswered(cluster, machine, outcome) => {
                self.record_bootstrap(cluster, machine, outcome);
            }
            Event::Commit(releasing) => return self.commit_release(&releasing),
            Event::Node(node, generation, step) => {
                if self.nodes[node].generation == generation {
                    return self.node_step(node, step);
                }
            }
            Event::Deed(node, deed) => self.deed(node, deed),
            Event::Fault(node, fault) => self.fault(node, fault),
            Event::Calm => self.calm(),
        }
        Ok(())
    }

    /// Whether all that some rule wants has come to rest; an error if it never does.
    fn rests(&mut self) -> Result<bool, Violation> {
        let restless = self
            .rows
            .values()
            .find(|row| !row.is_settled() && is_wanted(self, row));
        match restless {
            None if self.is_mended => self.all_mended(),
            None => {
                self.mend();
                Ok(false)
            }
            Some(row) if self.now.since(self.calm_since) > REST => {
                let (machine, state) = (row.machine.name.clone(), row.machine.state);
                Err(Violation::NeverSettled { machine, state })
            }
            Some(_) => Ok(false),
        }
    }

    /// Whether what nothing is wrong with is active, after it was tried again in peace.
    fn all_mended(&self) -> Result<bool, Violation> {
        let stuck = self.rows.values().find(|row| {
            let node = self.owner_nodes[&row.machine.id];
            row.machine.state != State::Active && is_wanted(self, row) && is_sound(self, node)
        });
        stuck.map_or(Ok(true), |row| {
            let why = format!("{:?}", row.machine.failure);
            let machine = row.machine.name.clone();
            Err(Violation::NotMended { machine, why })
        })
    }

    fn summary(&self) -> Summary {
        let mut summary = Summary {
            refusals: self.refusals,
            ..Summary::default()
        };
        summary.elapsed = self.now.since(START);
        summary.ready = self.ready.iter().filter(|ready| **ready).count();
        let unknown = |cluster: &&Cluster| {
            let outcome = cluster.bootstrap.map(|call| call.outcome);
            outcome == Some(BootstrapOutcome::Unknown)
        };
        summary.unknown = self.clusters.iter().filter(unknown).count();
        for row in self.rows.values() {
            match row.machine.state {
                State::Active => summary.active += 1,
                State::Failed(_) => summary.failed += 1,
                _ => summary.other += 1,
            }
            summary.attempts += row.totals.attempts;
            summary.most_attempts = summary.most_attempts.max(row.totals.attempts);
            summary.installers += row.totals.installers;
            summary.most_installers = summary.most_installers.max(row.totals.installers);
        }
        summary
    }
}
