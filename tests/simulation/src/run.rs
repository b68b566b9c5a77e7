//! One run: moments in their order until all has come to rest, or a promise is broken.

use std::sync::Arc;
use std::time::Duration;

use futures_executor::block_on;
use machine_core::lifecycle::State;
use machine_core::operation::OperationOutcome;
use machine_core::time::Timestamp;
use machine_store::error::StoreError;
use machine_store::{attempts, clusters, machines};

use crate::drover::Drover;
use crate::event::{Event, Fault};
use crate::ground::{Ground, ground};
use crate::invariant::Violation;
use crate::lab::{Lab, START, World};
use crate::node::Errand;
use crate::outcome::{Broken, Summary};
use crate::people;
use crate::scenario::Settings;
use crate::wire::carry;

/// How often it is looked whether all have come to rest.
const LOOK: Duration = Duration::from_secs(30);

/// A run under way.
pub(crate) struct Run {
    pub(crate) lab: Arc<Lab>,
    pub(crate) ground: Ground,
    pub(crate) drover: Option<Drover>,
    /// After so many turns of its next work Drover ends.
    pub(crate) dies_after: Option<u64>,
    /// Since when Drover runs on a database that works, by its own clock.
    pub(crate) awake: Timestamp,
    /// The last event on record that was looked at.
    pub(crate) looked_at: i64,
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
    let doomed = Arc::clone(&lab);
    ground
        .db
        .faults()
        .ends_where(move || doomed.with(|world| world.doom.comes()));
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

impl Run {
    fn until_rest(&mut self) -> Result<(), Violation> {
        loop {
            match &self.drover {
                Some(drover) => drover.run(&self.lab),
                None => self.lab.with(|world| {
                    world.now = world.next_moment().unwrap_or(world.now).max(world.now);
                }),
            }
            // First of all: what has stopped at its last await may keep the database from others.
            self.maybe_end();
            while let Some(event) = self.lab.with(World::next_due) {
                self.events += 1;
                if self.happens(event)? {
                    return Ok(());
                }
            }
            self.check_what_was_written()?;
        }
    }

    /// Drover has come to the await at which it was to end.
    fn maybe_end(&mut self) {
        if self.lab.with(|world| world.doom.has_come())
            && let Some(drover) = self.drover.take()
        {
            self.dies(drover);
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
            Event::Turn(index, turn) => self.turns(index, turn),
            Event::Start if self.drover.is_some() => {}
            Event::Start => self.start(),
            Event::Calm => {
                self.lab.with(World::calm);
                self.goes_wrong(0, Fault::DatabaseHealthy);
            }
            Event::Look => {
                self.lab.with(|world| world.schedule(LOOK, Event::Look));
                self.check_all()?;
                return Ok(self.rests()? && self.has_stayed());
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
                    world.doom.is_alive = true;
                    world.reconnect();
                });
                self.awake = self.now();
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

    pub(crate) fn dies(&self, drover: Drover) {
        drop(drover);
        self.lab.with(|world| {
            world.life = None;
            world.doom.buried();
            world.ask_again();
            world.note(|| "Drover is killed".to_owned());
            let down = world.random.seconds(1, 120);
            world.schedule(down, Event::Start);
        });
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.lab.with(World::drover_now)
    }

    fn summary(&self) -> Result<Summary, StoreError> {
        let db = &self.ground.db;
        let mut summary = self.lab.with(|world| Summary {
            installs: world.ledger.installs,
            refusals: world.ledger.refusals,
            revisions: world.revisions,
            elapsed: world.now.since(START),
            trace: world.trace.iter().cloned().collect(),
            ..Summary::default()
        });
        (summary.lives, summary.events) = (self.lives, self.events);
        summary.awaits = self.lab.with(|world| world.doom.awaits);
        summary.on_record = self.looked_at;
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
            summary.unknown += usize::from(outcome == Some(OperationOutcome::Unknown));
            let drover = self.drover.as_ref();
            let is_ready = drover.is_some_and(|it| it.parts.status.cluster(cluster.id).ready);
            summary.ready += usize::from(is_ready);
        }
        Ok(summary)
    }
}

fn unreadable(error: &StoreError) -> Violation {
    Violation::Unreadable(error.to_string())
}
