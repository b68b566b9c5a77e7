//! A run: the virtual clock, the queue of events, and everything that there is.
//!
//! Events that belong to Drover's own memory carry the epoch in which they were scheduled; a crash
//! begins a new epoch and they are gone. Those of nodes and people go on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use machine_core::boot::Boot;
use machine_core::cluster::Cluster;
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::machine::Machine;
use machine_core::plan::signs::Signs;
use machine_core::power::PowerCommand;
use machine_core::time::Timestamp;

use crate::event::Event;
use crate::invariant::{Ledger, Violation, check};
use crate::node::Node;
use crate::random::Random;
use crate::records::Row;
use crate::scenario::{Sabotage, Settings};

/// Everything that there is in a run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) settings: Settings,
    pub(crate) now: Timestamp,
    pub(crate) random: Random,
    pub(crate) queue: BTreeMap<(Timestamp, u64), (Option<u64>, Event)>,
    sequence: u64,
    pub(crate) epoch: u64,
    /// Since when Drover runs, or from when on it will again.
    pub(crate) awake: Timestamp,
    pub(crate) is_calm: bool,
    /// Since when there are no faults, or since when all that failed is tried again.
    pub(crate) calm_since: Timestamp,
    pub(crate) is_mended: bool,
    pub(crate) nodes: Vec<Node>,
    pub(crate) rows: BTreeMap<MachineId, Row>,
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) ready: Vec<bool>,
    pub(crate) sightings: BTreeMap<MacAddress, Boot>,
    pub(crate) cards: BTreeMap<MacAddress, BTreeSet<MachineId>>,
    pub(crate) boards: BTreeMap<SystemUuid, BTreeSet<MachineId>>,
    pub(crate) boot_owners: BTreeMap<BootId, MachineId>,
    pub(crate) attempt_owners: BTreeMap<AttemptId, MachineId>,
    /// Which node a machine really is: known to the checks, not to the boot plane.
    pub(crate) owner_nodes: BTreeMap<MachineId, usize>,
    /// What each machine's BMC was last told, as far as Drover remembers.
    pub(crate) commands: BTreeMap<MachineId, PowerCommand>,
    /// What else Drover remembers of them.
    pub(crate) signs: BTreeMap<MachineId, Signs>,
    pub(crate) in_flight: BTreeSet<MachineId>,
    pub(crate) woken: BTreeSet<MachineId>,
    pub(crate) touched: Vec<MachineId>,
    pub(crate) ledger: Ledger,
    /// Machines at which a person will look.
    pub(crate) called: BTreeSet<MachineId>,
    pub(crate) refusals: u64,
    pub(crate) trace: VecDeque<String>,
}

/// When a run begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_795_000_000_000);
impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: START,
            random: Random::new(settings.seed),
            queue: BTreeMap::new(),
            sequence: 0,
            epoch: 0,
            awake: START,
            is_calm: false,
            calm_since: START,
            is_mended: false,
            nodes: Vec::new(),
            rows: BTreeMap::new(),
            clusters: Vec::new(),
            ready: Vec::new(),
            sightings: BTreeMap::new(),
            cards: BTreeMap::new(),
            boards: BTreeMap::new(),
            boot_owners: BTreeMap::new(),
            attempt_owners: BTreeMap::new(),
            owner_nodes: BTreeMap::new(),
            commands: BTreeMap::new(),
            signs: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            woken: BTreeSet::new(),
            touched: Vec::new(),
            ledger: Ledger::default(),
            called: BTreeSet::new(),
            refusals: 0,
            trace: VecDeque::new(),
        }
    }

    pub(crate) fn check_all(&self) -> Result<(), Violation> {
        self.rows
            .values()
            .try_for_each(|row| check(row, self.awake, self.now))
    }

    pub(crate) fn schedule(&mut self, after: Duration, event: Event) {
        self.enqueue(after, None, event);
    }

    /// Schedules something that a crash of Drover forgets.
    pub(crate) fn schedule_inside(&mut self, after: Duration, event: Event) {
        self.enqueue(after, Some(self.epoch), event);
    }

    fn enqueue(&mut self, after: Duration, epoch: Option<u64>, event: Event) {
        self.sequence += 1;
        self.queue
            .insert((self.now.plus(after), self.sequence), (epoch, event));
    }

    /// Looks at a machine soon.
    pub(crate) fn wake(&mut self, machine: MachineId) {
        if self.woken.insert(machine) {
            self.schedule_inside(Duration::from_millis(100), Event::Reconcile(machine));
        }
    }

    /// A machine's row, to be changed, and checked after this event.
    #[expect(clippy::expect_used, reason = "machines are never removed in a run")]
    pub(crate) fn row(&mut self, machine: MachineId) -> &mut Row {
        self.touched.push(machine);
        let forgets = self.settings.sabotage == Some(Sabotage::NoDeadline);
        let row = self
            .rows
            .get_mut(&machine)
            .expect("a machine that is there");
        if forgets {
            row.machine.deadline = None;
        }
        row
    }

    /// Keeps a new machine, and which node it really is.
    pub(crate) fn enrol(&mut self, row: Row, node: usize) {
        let Machine { id, .. } = row.machine;
        for mac in &row.known.macs {
            self.cards.entry(*mac).or_default().insert(id);
        }
        let heard = row.known.heard.uuids.iter().copied();
        for uuid in heard.chain(row.known.uuid) {
            self.boards.entry(uuid).or_default().insert(id);
        }
        self.owner_nodes.insert(id, node);
        self.rows.insert(id, row);
    }

    /// Whether this run has faults at the moment.
    pub(crate) fn faults(&self) -> bool {
        !self.settings.faults.is_zero() && !self.is_calm
    }

    pub(crate) fn is_awake(&self) -> bool {
        self.now >= self.awake
    }

    pub(crate) fn sabotaged(&self, sabotage: Sabotage) -> bool {
        self.settings.sabotage == Some(sabotage)
    }

    /// Whether a message arrives: one in 20 does not while there are faults.
    pub(crate) fn wire_holds(&mut self) -> bool {
        self.is_awake() && !(self.faults() && self.random.percent(5))
    }

    /// A question and its answer: either may be lost, the answer after all was recorded.
    pub(crate) fn over_the_wire<T>(
        &mut self,
        ask: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        if !self.wire_holds() {
            return None;
        }
        let answer = ask(self)?;
        self.wire_holds().then_some(answer)
    }

    /// How long a commit, or a word with a BMC or an API, takes.
    pub(crate) fn latency(&mut self) -> Duration {
        if self.faults() {
            self.random.seconds(0, 3)
        } else {
            Duration::from_millis(50)
        }
    }

    pub(crate) fn choose(&mut self, count: usize) -> usize {
        let limit = u64::try_from(count).unwrap_or(u64::MAX);
        usize::try_from(self.random.below(limit)).unwrap_or(0)
    }

    /// Keeps a line of the trace, if one is wanted.
    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        if self.settings.trace > 0 {
            if self.trace.len() == self.settings.trace {
                self.trace.pop_front();
            }
            let elapsed = self.now.since(START).as_secs();
            self.trace.push_back(format!("{elapsed:>6} s  {}", line()));
        }
    }
}
