//! What was really done: configs that went out, disks that were written, power that was switched,
//! Bootstraps that were executed. Records can't talk it out of anything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::id::{AttemptId, ClusterId, IntentId};
use machine_core::intent::Intent;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{attempts, identities, intents, machines};

use crate::invariant::Violation;
use crate::lab::World;

/// How long a person's word may still be on its way to what was begun before it.
const UNDER_WAY: Duration = Duration::from_mins(2);
/// For how long after Bootstrap etcd still says that it waits.
const FORMS: Duration = Duration::from_secs(45);

/// What was really done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    released: BTreeMap<AttemptId, Released>,
    wipes: BTreeSet<usize>,
    switched: BTreeMap<IntentId, u32>,
    bootstraps: BTreeMap<ClusterId, (u32, Timestamp)>,
    pub(crate) refusals: u64,
    pub(crate) installs: u64,
}

#[derive(Debug)]
struct Released {
    node: usize,
    fetches: u32,
    disk: String,
    cluster: ClusterId,
}

/// What the records say of a config that goes out.
#[derive(Debug)]
pub(crate) struct Papers {
    attempt: Attempt,
    intent: Option<Intent>,
    machine: Option<Machine>,
    cards: Vec<machine_core::hardware::MacAddress>,
}

impl Papers {
    /// Reads them.
    pub(crate) async fn read(db: &Db, id: AttemptId) -> Result<Option<Self>, StoreError> {
        let Some(attempt) = attempts::find(db, id).await? else {
            return Ok(None);
        };
        let known = identities::of_machine(db, attempt.machine).await?;
        Ok(Some(Self {
            intent: intents::find(db, attempt.intent).await?,
            machine: machines::find(db, attempt.machine).await?,
            cards: known.map_or(Vec::new(), |it| it.macs.into_iter().collect()),
            attempt,
        }))
    }

    fn name(&self) -> String {
        let name = self.machine.as_ref().map(|it| it.name.clone());
        name.unwrap_or_else(|| self.attempt.machine.to_string())
    }

    /// Whether a person and the records permit that the config goes out, or did a moment ago.
    fn permits(&self, now: Timestamp) -> bool {
        let Some(intent) = &self.intent else {
            return false;
        };
        let is_fresh = |at: Timestamp| now.since(at) < UNDER_WAY;
        let is_open = intent.closed.is_none_or(|(at, _)| is_fresh(at));
        let claimed = self.attempt.release.is_some();
        let moving = self
            .machine
            .as_ref()
            .is_some_and(|it| matches!(it.state, State::Provisioning(_)) || is_fresh(it.since));
        claimed && is_open && moving && intent.assignment == self.attempt.assignment
    }
}

impl World {
    /// A config goes out to a node, or to somebody who is none.
    pub(crate) fn released(&mut self, to: Option<usize>, papers: &Papers, now: Timestamp) {
        let owner = self
            .nodes
            .iter()
            .position(|node| node.cards.iter().any(|card| papers.cards.contains(card)));
        let machine = papers.name();
        self.note(|| {
            let number = papers.attempt.number;
            format!("the config of {machine}, attempt {number}, goes to {to:?}")
        });
        let judged = self.ledger.release(papers, (to, owner), now);
        self.judge(judged);
    }
}

impl Ledger {
    fn release(
        &mut self,
        papers: &Papers,
        (to, owner): (Option<usize>, Option<usize>),
        now: Timestamp,
    ) -> Result<(), Violation> {
        let machine = papers.name();
        if !papers.permits(now) {
            return Err(Violation::ReleaseWithoutIntent { machine });
        }
        let (Some(node), true) = (to, to == owner) else {
            return Err(Violation::WrongPeer { machine, node: to });
        };
        let attempt = &papers.attempt;
        let released = self.released.entry(attempt.id).or_insert_with(|| Released {
            node,
            fetches: 0,
            disk: serial(&attempt.assignment.disk),
            cluster: attempt.assignment.cluster,
        });
        released.fetches += 1;
        let fetches = released.fetches;
        if released.node != node {
            return Err(Violation::WrongPeer { machine, node: to });
        }
        if fetches > Attempt::MAX_FETCHES {
            return Err(Violation::FetchedTooOften { machine, fetches });
        }
        Ok(())
    }

    /// A node was told to wipe its disk, as a permission says or not.
    pub(crate) fn permit_wipe(&mut self, node: usize) {
        self.wipes.insert(node);
    }

    /// A node wipes its disk.
    pub(crate) fn wipe(&mut self, node: usize) -> Result<(), Violation> {
        if self.wipes.remove(&node) {
            return Ok(());
        }
        Err(Violation::Wiped { node })
    }

    /// A node begins to write its disk on the config of an attempt.
    pub(crate) fn disk_write(
        &mut self,
        node: usize,
        attempt: AttemptId,
        disk: &str,
    ) -> Result<(), Violation> {
        self.installs += 1;
        let released = self.released.get(&attempt);
        if released.is_some_and(|it| it.node == node && it.disk == disk) {
            return Ok(());
        }
        Err(Violation::DiskWritten { node })
    }

    /// Power of a machine is really switched.
    pub(crate) fn power(
        &mut self,
        machine: &Machine,
        intent: Option<&Intent>,
        to: PowerState,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let (state, name) = (machine.state, machine.name.clone());
        // A person may take the machine back while the command is on its way to the BMC.
        let is_ours =
            matches!(state, State::Provisioning(_)) || now.since(machine.since) < UNDER_WAY;
        if to == PowerState::Off && !is_ours {
            return Err(Violation::MemberSwitchedOff {
                machine: name,
                state,
            });
        }
        let Some(intent) = intent else {
            return Ok(());
        };
        let switched = self.switched.entry(intent.id).or_default();
        *switched += 1;
        if *switched > Intent::MAX_POWER_COMMANDS {
            return Err(Violation::TooMany {
                machine: name,
                what: "switchings of power",
            });
        }
        Ok(())
    }

    /// A node executes Bootstrap.
    pub(crate) fn bootstrap(
        &mut self,
        attempt: AttemptId,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let Some(released) = self.released.get(&attempt) else {
            return Ok(());
        };
        let (executed, _) = self.bootstraps.entry(released.cluster).or_insert((0, now));
        *executed += 1;
        if *executed > 1 {
            return Err(Violation::BootstrapTwice(*executed));
        }
        Ok(())
    }

    /// Whether the etcd runs of the cluster that the config of an attempt is of.
    pub(crate) fn is_formed(&self, attempt: AttemptId, now: Timestamp) -> bool {
        let cluster = self.released.get(&attempt).map(|it| it.cluster);
        let executed = cluster.and_then(|it| self.bootstraps.get(&it));
        executed.is_some_and(|(_, at)| now.since(*at) >= FORMS)
    }
}

/// The serial number of a disk.
pub(crate) fn serial(disk: &machine_core::disk::DiskIdentity) -> String {
    match disk {
        machine_core::disk::DiskIdentity::Serial(serial) => serial.as_str().to_owned(),
        other => other.to_string(),
    }
}
