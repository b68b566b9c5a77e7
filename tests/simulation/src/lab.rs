//! The world of a run: its clock, its queue, its machines, and what was really done.
//!
//! Drover's ports and the run's own events share it. It is locked for moments only, and everything
//! runs on one thread: whoever comes first is the same in each run of a seed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fleet::steady_clock::{Reading, SteadyClock};
use machine_core::cluster::ClusterSpec;
use machine_core::time::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::attack::Spoofed;
use crate::course::Course;
use crate::doom::Doom;
use crate::event::{Deed, Event};
use crate::invariant::Violation;
use crate::ledger::Ledger;
use crate::node::{Node, NodeStep};
use crate::random::Random;
use crate::scenario::Settings;
use crate::words::Words;

/// When a run begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
/// How many lines of the trace are kept of a run that breaks no promise.
const TRACE: usize = 80;

/// The world, shared.
#[derive(Debug)]
pub(crate) struct Lab {
    world: Mutex<World>,
    /// Something was scheduled that comes before everything else.
    pub(crate) sooner: Notify,
}

/// Everything that there is in a run but Drover.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) now: Timestamp,
    /// When the life of Drover began that is under way: by tokio's clock, and by ours.
    pub(crate) life: Option<(Instant, Timestamp)>,
    pub(crate) random: Random,
    queue: BTreeMap<(Timestamp, u64), Event>,
    sequence: u64,
    pub(crate) is_calm: bool,
    pub(crate) calm_since: Timestamp,
    pub(crate) is_mended: bool,
    /// When a person has made his last round.
    pub(crate) cared_at: Option<Timestamp>,
    /// Since when all are at rest.
    pub(crate) rests_since: Option<Timestamp>,
    /// How far the system's clock is from the truth, in milliseconds.
    pub(crate) clock_error: i64,
    /// Drover's clock.
    pub(crate) steady: SteadyClock,
    pub(crate) nodes: Vec<Node>,
    /// The clusters, as people have written them.
    pub(crate) clusters: Vec<ClusterSpec>,
    /// Those whose document names an image that nobody has.
    pub(crate) mislaid: BTreeSet<usize>,
    /// How often such a document began or ended to be applied.
    pub(crate) mislayings: u64,
    /// The nodes of whose machines people said that a boot is theirs, with all that it says of
    /// itself.
    pub(crate) vouched: BTreeSet<usize>,
    /// How many such documents were applied, and corrected.
    pub(crate) revisions: u64,
    pub(crate) words: Words,
    pub(crate) course: Course,
    pub(crate) spoofed: Spoofed,
    /// Since when the database is away.
    pub(crate) away: Option<Timestamp>,
    pub(crate) ledger: Ledger,
    pub(crate) broken: Option<Violation>,
    pub(crate) doom: Doom,
    /// What people have asked for and were not answered yet.
    pub(crate) asking: BTreeMap<u64, (usize, Deed)>,
    pub(crate) trace: VecDeque<String>,
}

impl Lab {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            world: Mutex::new(World::new(settings)),
            sooner: Notify::new(),
        }
    }

    /// Looks at the world, or changes it.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.read_clock();
        let before = world.next_moment();
        let done = work(&mut world);
        let ends = world.broken.is_some() || world.doom.has_come();
        if world.next_moment() != before || ends {
            self.sooner.notify_one();
        }
        done
    }

    /// A moment at which Drover waits for something outside of it: it may be the last of its life.
    pub(crate) async fn may_end(&self) {
        if self.with(|world| world.doom.comes()) {
            std::future::pending::<()>().await;
        }
    }
}

impl World {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: START,
            life: None,
            random: Random::new(settings.seed),
            queue: BTreeMap::new(),
            sequence: 0,
            is_calm: settings.faults.is_zero(),
            calm_since: START,
            is_mended: false,
            cared_at: None,
            rests_since: None,
            clock_error: 0,
            steady: SteadyClock::beginning(Reading {
                monotonic: Duration::ZERO,
                wall: START,
            }),
            nodes: Vec::new(),
            clusters: Vec::new(),
            mislaid: BTreeSet::new(),
            mislayings: 0,
            vouched: BTreeSet::new(),
            revisions: 0,
            words: Words::default(),
            course: Course::default(),
            spoofed: Spoofed::new(),
            away: None,
            ledger: Ledger::default(),
            broken: None,
            doom: Doom::at(settings.dies_at),
            asking: BTreeMap::new(),
            trace: VecDeque::new(),
        }
    }

    /// Follows tokio's clock, where it runs.
    fn read_clock(&mut self) {
        if let Some((began, at)) = self.life
            && Handle::try_current().is_ok()
        {
            self.now = at.plus(Instant::now().saturating_duration_since(began));
        }
    }

    /// What the system's clock says.
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_millis(self.now.as_millis() + self.clock_error)
    }

    /// When the next event comes.
    pub(crate) fn next_moment(&self) -> Option<Timestamp> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next event, if it is due.
    pub(crate) fn next_due(&mut self) -> Option<Event> {
        let entry = self.queue.first_entry()?;
        let at = entry.key().0;
        (at <= self.now).then(|| entry.remove())
    }

    pub(crate) fn schedule(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.queue
            .insert((self.now.plus(after), self.sequence), event);
    }

    /// Schedules what a node does next in this power cycle.
    pub(crate) fn later(&mut self, index: usize, after: Duration, step: NodeStep) {
        let generation = self.nodes[index].generation;
        self.schedule(after, Event::Node(index, generation, step));
    }

    pub(crate) fn soon(&mut self, index: usize, (least, most): (u64, u64), step: NodeStep) {
        let after = self.random.seconds(least, most);
        self.later(index, after, step);
    }

    /// A number that nothing else in this run has.
    pub(crate) fn number(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    /// Whether this run has faults at the moment.
    pub(crate) const fn faults(&self) -> bool {
        !self.is_calm
    }

    /// Whether something goes wrong that does in so many of 100 cases while there are faults.
    pub(crate) fn fails(&mut self, chance: u64) -> bool {
        self.faults() && self.random.percent(chance)
    }

    /// How long a word on the wire, or with a BMC or an API, takes.
    pub(crate) fn latency(&mut self) -> Duration {
        if self.faults() {
            self.random.seconds(0, 3)
        } else {
            Duration::from_millis(20)
        }
    }

    pub(crate) fn choose(&mut self, count: usize) -> usize {
        let limit = u64::try_from(count).unwrap_or(u64::MAX);
        usize::try_from(self.random.below(limit)).unwrap_or(0)
    }

    /// The node that has an address.
    pub(crate) fn node_at(&self, address: IpAddr) -> Option<usize> {
        self.nodes.iter().position(|node| node.address == address)
    }

    /// A promise was broken; the first counts.
    pub(crate) fn judge(&mut self, judged: Result<(), Violation>) {
        if let Err(violation) = judged {
            self.note(|| format!("BROKEN: {violation}"));
            self.broken.get_or_insert(violation);
        }
    }

    /// Keeps a line of the trace.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if !self.settings.whole_trace && self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        let elapsed = self.now.since(START).as_secs_f64();
        self.trace
            .push_back(format!("{elapsed:>10.3} s  {}", line()));
    }
}
