//! One run: moments in their order until all has come to rest, or a promise is broken.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use fleet::cluster_secrets::{place, seal_file};
use futures_executor::block_on;
use machine_core::cluster::{BootstrapOutcome, Cluster};
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::apply::apply;
use machine_store::change::{Change, ClusterWrite, SecretWrite};
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::{attempts, clusters, events, identities, machines};
use thiserror::Error;
use tokio::runtime::Builder;

use crate::drover::{Drover, Ground};
use crate::event::{Deed, Event, Fault};
use crate::invariant::{Dossier, Violation};
use crate::lab::{Lab, START, World};
use crate::node::Node;
use crate::people;
use crate::scenario::Settings;
use crate::wire::{Errand, carry, fetch};

/// The secrets of every cluster: making new ones takes seconds, and nothing here depends on them.
const SECRETS: &str = include_str!("../../../config/render/tests/golden/secrets.yaml");
/// How often it is looked whether all have come to rest.
const LOOK: Duration = Duration::from_secs(30);
/// How long after the last fault every machine must have come to rest: longer than an install, its
/// tries and an inspection may take together.
const REST: Duration = Duration::from_mins(27 * 60 + 15);
/// How many events are read at once.
const PAGE: u32 = 500;

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Machines that run from their disk.
    pub active: usize,
    /// Machines that were given up, with a reason.
    pub failed: usize,
    /// Machines in other states.
    pub other: usize,
    /// Attempts that were opened.
    pub attempts: usize,
    /// The most attempts of one machine.
    pub most_attempts: usize,
    /// Disks that were written.
    pub installs: u64,
    /// Configs that were refused.
    pub refusals: u64,
    /// Clusters that are ready.
    pub ready: usize,
    /// Clusters whose Bootstrap call is recorded, and its outcome not known.
    pub unknown: usize,
    /// How often Drover was started.
    pub lives: u32,
    /// Events that were simulated.
    pub events: u64,
    /// How much time went by in the run.
    pub elapsed: Duration,
    /// The whole trace, if it was wanted; else its end.
    pub trace: Vec<String>,
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

/// A run under way.
struct Run {
    lab: Arc<Lab>,
    ground: Ground,
    drover: Option<Drover>,
    /// After so many turns of its next work Drover ends.
    dies_after: Option<u64>,
    /// Since when Drover runs on a database that works.
    awake: Timestamp,
    /// The last event on record that was looked at.
    looked_at: i64,
    lives: u32,
    events: u64,
}

/// Simulates one seed.
pub fn simulate(settings: Settings) -> Result<Summary, Box<Broken>> {
    let lab = Arc::new(Lab::new(settings));
    let clusters = lab.with(World::build);
    let broken = |lab: &Lab, violation| {
        lab.with(|world| {
            Box::new(Broken {
                seed: settings.seed,
                elapsed: world.now.since(START),
                violation,
                trace: world.trace.iter().cloned().collect(),
            })
        })
    };
    let ground = ground(&clusters).map_err(|why| broken(&lab, unreadable(&why)))?;
    let mut run = Run {
        lab: Arc::clone(&lab),
        ground,
        drover: None,
        dies_after: None,
        awake: START,
        looked_at: 0,
        lives: 0,
        events: 0,
    };
    run.start();
    run.until_rest()
        .and_then(|()| run.summary().map_err(|why| unreadable(&why)))
        .map_err(|violation| broken(&lab, violation))
}

/// A database with the clusters and their secrets.
fn ground(clusters: &[Cluster]) -> Result<Ground, StoreError> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|_| StoreError::Closed)?;
    runtime.block_on(async {
        let db = Db::open(&Location::SqliteMemory).await?;
        let seal = SealKey::generate().map_err(|_| StoreError::Closed)?;
        for cluster in clusters {
            let sealed = seal_file(&seal, cluster.id, SECRETS).map_err(|_| StoreError::Closed)?;
            let secret = SecretWrite::Replace {
                place: place(cluster.id),
                sealed,
                at: START,
            };
            let change = Change {
                clusters: vec![ClusterWrite::Insert(cluster.clone())],
                secrets: vec![secret],
                ..Change::default()
            };
            apply(&db, &change).await?;
        }
        Ok(Ground { db, seal })
    })
}

impl Run {
    fn until_rest(&mut self) -> Result<(), Violation> {
        loop {
            match &self.drover {
                Some(drover) => drover.run(&self.lab),
                None => self.lab.with(|world| {
                    world.now = world.next_moment().unwrap_or(world.now).max(world.now);
                }),
            }
            while let Some(event) = self.lab.with(World::next_due) {
                self.events += 1;
                if self.happens(event)? {
                    return Ok(());
                }
            }
            self.check_what_was_written()?;
        }
    }

    /// Lets an event happen; true when all have come to rest.
    fn happens(&mut self, event: Event) -> Result<bool, Violation> {
        match event {
            Event::Node(index, generation, step) => {
                let errand = self.lab.with(|world| {
                    let is_same = world.nodes[index].generation == generation;
                    is_same.then(|| world.node_step(index, step)).flatten()
                });
                if let Some(errand) = errand {
                    self.carry(errand);
                }
            }
            Event::Deed(index, deed) => {
                people::act(&self.lab, self.drover.as_ref(), index, deed);
                self.maybe_die();
            }
            Event::Fault(index, fault) => self.goes_wrong(index, fault),
            Event::Start => self.start(),
            Event::Calm => {
                self.lab.with(World::calm);
                self.goes_wrong(0, Fault::DatabaseHealthy);
            }
            Event::Look => {
                self.lab.with(|world| world.schedule(LOOK, Event::Look));
                self.check_all()?;
                return self.rests();
            }
        }
        Ok(false)
    }

    fn carry(&mut self, errand: Errand) {
        if let Some(drover) = &self.drover {
            carry(&self.lab, drover, errand);
            self.maybe_die();
        }
    }

    fn start(&mut self) {
        match Drover::start(&self.lab, &self.ground) {
            Ok(drover) => {
                self.lives += 1;
                self.drover = Some(drover);
                self.lab.with(|world| {
                    world.note(|| "Drover starts".to_owned());
                    world.reconnect();
                });
                self.awake = self.lab.with(|world| world.now);
            }
            Err(why) => self.lab.with(|world| {
                world.life = None;
                world.note(|| format!("Drover does not start: {why}"));
                world.schedule(Duration::from_secs(5), Event::Start);
            }),
        }
    }

    /// Drover ends where it stands in its work, if that was to happen.
    fn maybe_die(&mut self) {
        let Some(turns) = self.dies_after.take() else {
            return;
        };
        if let Some(drover) = self.drover.take() {
            drover.run_turns(turns);
            self.dies(drover);
        }
    }

    fn dies(&self, drover: Drover) {
        drop(drover);
        self.lab.with(|world| {
            world.life = None;
            world.note(|| "Drover is killed".to_owned());
            let down = world.random.seconds(1, 120);
            world.schedule(down, Event::Start);
        });
    }

    fn goes_wrong(&mut self, index: usize, fault: Fault) {
        self.lab
            .with(|world| world.note(|| format!("fault: {fault:?} at node {index}")));
        let faults = self.ground.db.faults();
        match fault {
            Fault::PowerCut => self.lab.with(|world| world.cut(index)),
            Fault::Crash => self.crash(),
            Fault::Impostor => self.impostor(index),
            Fault::DatabaseAway => {
                faults.take_away(true);
                self.heals_after(Duration::from_secs(30));
            }
            Fault::DatabaseSlow => {
                let delay = self.lab.with(|world| world.random.seconds(0, 4));
                faults.slow_down(delay);
                self.heals_after(Duration::from_mins(2));
            }
            Fault::DatabaseHealthy => {
                faults.take_away(false);
                faults.slow_down(Duration::ZERO);
                self.awake = self.lab.with(|world| world.now);
            }
            Fault::ClockJumps(by) => self.lab.with(|world| world.clock_error += by),
            Fault::BmcSilent | Fault::BmcLies(_) | Fault::BmcIgnores | Fault::BmcHealthy => {
                self.lab.with(|world| world.change_bmc(index, fault));
            }
        }
    }

    fn heals_after(&self, after: Duration) {
        let event = Event::Fault(0, Fault::DatabaseHealthy);
        self.lab.with(|world| world.schedule(after, event));
    }

    /// Drover ends at once, or in the middle of the next work that it is given.
    fn crash(&mut self) {
        let (at_once, turns) = self.lab.with(|world| {
            let at_once = world.random.percent(40);
            (at_once, world.random.below(80))
        });
        if !at_once {
            self.dies_after = Some(turns);
        } else if let Some(drover) = self.drover.take() {
            self.dies(drover);
        }
    }

    /// Somebody holds the token of a machine's attempt and asks from another address.
    fn impostor(&mut self, victim: usize) {
        let Some(drover) = &self.drover else { return };
        let (node, behind_a_relay, nobody) = self.lab.with(|world| {
            let nobody = world.nodes.len() + 1;
            let relay = world.random.percent(50);
            (world.nodes[victim].clone(), relay, nobody)
        });
        let card = MacAddress::new([2, 0, 0, 0, 0, 66]);
        let peer = (Node::nth_address(nobody), (!behind_a_relay).then_some(card));
        let (lab, directory, db) = (
            Arc::clone(&self.lab),
            drover.directory.clone(),
            drover.db.clone(),
        );
        drover.spawn(async move {
            fetch(&lab, (&db, &directory), (victim, &node), peer).await;
        });
    }

    fn now(&self) -> Timestamp {
        self.lab.with(|world| world.drover_now())
    }

    fn check_what_was_written(&mut self) -> Result<(), Violation> {
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
        let ahead = self.lab.with(|world| world.drover_ahead);
        let awake = Timestamp::from_millis(self.awake.as_millis() + ahead);
        let now = self.now();
        let awake = if self.drover.is_some() { awake } else { now };
        dossier.check(awake, now)?;
        if dossier.machine.state == State::Active
            && let Some(node) = self.node_of(machine)
            && !self.lab.with(|world| world.nodes[node].has_run)
        {
            let machine = dossier.machine.name;
            return Err(Violation::NeverRan { machine, node });
        }
        Ok(())
    }

    /// The node that a machine really is.
    fn node_of(&self, machine: MachineId) -> Option<usize> {
        let known = block_on(identities::of_machine(&self.ground.db, machine));
        let known = known.ok().flatten()?;
        self.lab.with(|world| {
            let is_it = |node: &Node| node.cards.iter().any(|card| known.macs.contains(card));
            world.nodes.iter().position(is_it)
        })
    }

    fn check_all(&self) -> Result<(), Violation> {
        let Ok(all) = block_on(machines::list(&self.ground.db)) else {
            return Ok(());
        };
        all.iter().try_for_each(|machine| self.check(machine.id))
    }

    /// Whether all that some rule wants has come to rest; an error if it never does.
    fn rests(&self) -> Result<bool, Violation> {
        let (is_calm, is_mended, since, now) = self
            .lab
            .with(|world| (world.is_calm, world.is_mended, world.calm_since, world.now));
        if !is_calm || now.since(since) < Duration::from_mins(15) {
            return Ok(false);
        }
        let Ok(all) = block_on(machines::list(&self.ground.db)) else {
            return Ok(false);
        };
        let restless = all.iter().find(|it| {
            let moves = it.state.moving().is_some() && !matches!(it.state, State::Inspecting);
            (moves && !waits_for_switch(it, now)) || it.state == State::Available
        });
        let waits_for_clusters = self.unready();
        let is_late = now.since(since) > REST;
        match (restless, waits_for_clusters) {
            (Some(machine), _) if is_late => Err(Violation::NeverSettled {
                machine: machine.name.clone(),
                state: machine.state,
            }),
            (Some(_), _) => Ok(false),
            (None, _) if !is_mended => {
                self.mend();
                Ok(false)
            }
            (None, Some((cluster, why))) if is_late => Err(Violation::NeverReady { cluster, why }),
            (None, Some(_)) => Ok(false),
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
            let status = drover.status.cluster(cluster.id);
            let is_held = outcome == Some(BootstrapOutcome::Unknown);
            (!status.ready && !is_held).then_some((cluster.spec.name, status.waiting))
        })
    }

    /// A person tries again what failed; machines without a BMC he starts anew himself.
    fn mend(&self) {
        let all = block_on(machines::list(&self.ground.db)).unwrap_or_default();
        for machine in all {
            let Some(node) = self.node_of(machine.id) else {
                continue;
            };
            let has_failed = matches!(machine.state, State::Failed(_));
            let now = self.lab.with(|world| world.now);
            if !has_failed && !waits_for_switch(&machine, now) {
                continue;
            }
            self.lab.with(|world| {
                if has_failed {
                    world.schedule(Duration::ZERO, Event::Deed(node, Deed::Retry));
                }
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

    fn summary(&self) -> Result<Summary, StoreError> {
        let db = &self.ground.db;
        let mut summary = self.lab.with(|world| Summary {
            installs: world.ledger.installs,
            refusals: world.ledger.refusals,
            elapsed: world.now.since(START),
            trace: world.trace.iter().cloned().collect(),
            ..Summary::default()
        });
        (summary.lives, summary.events) = (self.lives, self.events);
        for machine in block_on(machines::list(db))? {
            match machine.state {
                State::Active => summary.active += 1,
                State::Failed(_) => summary.failed += 1,
                _ => summary.other += 1,
            }
            let attempts = block_on(attempts::recent(db, machine.id, 100))?.len();
            summary.attempts += attempts;
            summary.most_attempts = summary.most_attempts.max(attempts);
        }
        for cluster in block_on(clusters::list(db))? {
            let outcome = cluster.bootstrap.map(|it| it.outcome);
            summary.unknown += usize::from(outcome == Some(BootstrapOutcome::Unknown));
            let drover = self.drover.as_ref();
            let is_ready = drover.is_some_and(|it| it.status.cluster(cluster.id).ready);
            summary.ready += usize::from(is_ready);
        }
        Ok(summary)
    }
}

/// Whether an install waits for a person who switches its machine on: its time does not count until
/// then, so it has not failed.
fn waits_for_switch(machine: &Machine, now: Timestamp) -> bool {
    let is_over = machine.deadline.is_some_and(|deadline| now >= deadline);
    machine.bmc.is_none() && matches!(machine.state, State::Provisioning(_)) && is_over
}

fn unreadable(error: &StoreError) -> Violation {
    Violation::Unreadable(error.to_string())
}
