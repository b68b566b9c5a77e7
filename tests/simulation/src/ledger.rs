//! What was really done in the lab: configs that went out, disks that were written, power that was
//! switched, Bootstraps that were executed. It is held against what people permitted, and knows
//! nothing of Drover's records: they can't talk it out of anything.

use std::collections::BTreeMap;
use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::id::{AttemptId, IntentId};
use machine_core::intent::Intent;
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;

use crate::invariant::Violation;
use crate::lab::World;
use crate::node::Contents;
use crate::node_api::is_up;
use crate::system::{attempt_and_disk, value};

/// For how long after Bootstrap etcd still says that it waits.
const FORMS: Duration = Duration::from_secs(45);
/// How long before a machine is switched off its node's API must have been asked at the latest: an
/// answer counts for a minute, and a slow BMC takes up to half of another.
const ASKED: Duration = Duration::from_secs(100);

/// What was really done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    handed_out: BTreeMap<AttemptId, HandedOut>,
    switched: BTreeMap<IntentId, u32>,
    bootstraps: BTreeMap<String, (u32, Timestamp)>,
    pub(crate) refusals: u64,
    pub(crate) installs: u64,
}

#[derive(Debug)]
struct HandedOut {
    node: usize,
    fetches: u32,
    config: Config,
}

/// What a config says whose bytes were seen on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) attempt: AttemptId,
    machine: String,
    cluster: String,
    disk: String,
}

impl Config {
    /// Reads it.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (attempt, disk) = attempt_and_disk(text)?;
        Some(Self {
            attempt,
            machine: value(text, "hostname")?,
            cluster: value(text, "clusterName")?,
            disk,
        })
    }
}

impl World {
    /// A config goes out to a node, or to somebody who is none; it was asked for at that moment.
    pub(crate) fn handed_out(&mut self, config: Config, to: Option<usize>, asked: Timestamp) {
        self.note(|| format!("the config of {} goes to {to:?}", config.machine));
        let owner = (0..self.nodes.len()).find(|it| self.is_called(*it, &config.machine));
        let what = (config.cluster.as_str(), config.disk.as_str());
        let is_permitted = owner.is_some_and(|owner| self.permits(owner, what, asked));
        let judged = if is_permitted {
            self.ledger.hand_out(config, (to, owner))
        } else {
            let machine = config.machine;
            Err(Violation::ReleaseWithoutPermission { machine })
        };
        self.judge(judged);
    }

    /// Whether a node has this name, or had it when it was found.
    fn is_called(&self, node: usize, name: &str) -> bool {
        let mut cards = self.nodes[node].cards.iter();
        let is_found_as = cards.any(|card| Machine::generated_name(*card) == name);
        is_found_as || self.names(node).iter().any(|it| it == name)
    }

    /// A BMC really switches a node; it was told so at `begun` at the earliest.
    pub(crate) fn switched(&mut self, node: usize, to: PowerState, begun: Timestamp) {
        if to == PowerState::Off {
            let judged = self.may_switch_off(node, begun);
            self.judge(judged);
        }
    }

    fn may_switch_off(&self, node: usize, begun: Timestamp) -> Result<(), Violation> {
        if self.named_by(node) != Some(node) {
            return Err(Violation::AnotherSwitchedOff { node });
        }
        if !self.permits_install(node, begun) {
            return Err(Violation::SwitchedOffUnpermitted { node });
        }
        let asked = self.nodes[node].arranged.asked;
        let was_asked = asked.is_some_and(|at| self.now.since(at) < ASKED);
        if is_up(self, node) && !was_asked {
            return Err(Violation::CutOffUnasked { node });
        }
        Ok(())
    }

    /// The node in whose document the BMC of this one stands.
    fn named_by(&self, bmc: usize) -> Option<usize> {
        let mut nodes = self.nodes.iter().enumerate();
        let names = |(index, node): &(usize, &crate::node::Node)| {
            let named = node.arranged.bmc_of.unwrap_or(*index);
            node.is_registered && node.bmc.is_some() && named == bmc
        };
        nodes.find(names).map(|(index, _)| index)
    }
}

impl Ledger {
    fn hand_out(
        &mut self,
        config: Config,
        (to, owner): (Option<usize>, Option<usize>),
    ) -> Result<(), Violation> {
        let machine = config.machine.clone();
        let (Some(node), true) = (to, to == owner) else {
            return Err(Violation::WrongPeer { machine, node: to });
        };
        let attempt = config.attempt;
        let handed_out = self.handed_out.entry(attempt).or_insert(HandedOut {
            node,
            fetches: 0,
            config,
        });
        handed_out.fetches += 1;
        let fetches = handed_out.fetches;
        if handed_out.node != node {
            return Err(Violation::WrongPeer { machine, node: to });
        }
        if fetches > Attempt::MAX_FETCHES {
            return Err(Violation::FetchedTooOften { machine, fetches });
        }
        Ok(())
    }

    /// A node wipes what is on its disk: nothing, or what a config of ours put there.
    pub(crate) fn wipe(node: usize, contents: Contents) -> Result<(), Violation> {
        match contents {
            Contents::Empty | Contents::Half | Contents::Installed(_) => Ok(()),
            Contents::Foreign | Contents::ForeignTalos => Err(Violation::Wiped { node }),
        }
    }

    /// A node begins to write its disk on the config of an attempt.
    pub(crate) fn disk_write(
        &mut self,
        node: usize,
        attempt: AttemptId,
        disk: &str,
    ) -> Result<(), Violation> {
        self.installs += 1;
        let handed_out = self.handed_out.get(&attempt);
        if handed_out.is_some_and(|it| it.node == node && it.config.disk == disk) {
            return Ok(());
        }
        Err(Violation::DiskWritten { node })
    }

    /// Power of a machine is really switched under a permission that is on record.
    pub(crate) fn count_switch(
        &mut self,
        machine: &str,
        intent: Option<IntentId>,
    ) -> Result<(), Violation> {
        let Some(intent) = intent else {
            return Ok(());
        };
        let switched = self.switched.entry(intent).or_default();
        *switched += 1;
        if *switched > Intent::MAX_POWER_COMMANDS {
            return Err(Violation::TooMany {
                machine: machine.to_owned(),
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
        let Some(handed_out) = self.handed_out.get(&attempt) else {
            return Ok(());
        };
        let cluster = handed_out.config.cluster.clone();
        let (executed, _) = self.bootstraps.entry(cluster).or_insert((0, now));
        *executed += 1;
        if *executed > 1 {
            return Err(Violation::BootstrapTwice(*executed));
        }
        Ok(())
    }

    /// Whether the etcd runs of the cluster that the config of an attempt is of.
    pub(crate) fn is_formed(&self, attempt: AttemptId, now: Timestamp) -> bool {
        let cluster = self.handed_out.get(&attempt).map(|it| &it.config.cluster);
        let executed = cluster.and_then(|it| self.bootstraps.get(it));
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
