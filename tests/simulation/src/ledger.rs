//! What was really done in the lab: configs that went out, disks that were written, power that was
//! switched, Bootstraps that were executed. It is held against what people permitted, and knows
//! nothing of Drover's records: they can't talk it out of anything.

use std::collections::BTreeMap;
use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::id::{AttemptId, IntentId};
use machine_core::intent::Intent;
use machine_core::time::Timestamp;

use crate::config::Config;
use crate::invariant::Violation;

/// For how long after Bootstrap etcd still says that it waits.
const FORMS: Duration = Duration::from_secs(45);

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

impl Ledger {
    /// A config goes out to a node, if to any; `owner` is the one that it is for.
    pub(crate) fn hand_out(
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

    /// Whether a config of this attempt went to a node, for this disk.
    pub(crate) fn is_of(&self, node: usize, attempt: AttemptId, disk: &str) -> bool {
        let handed_out = self.handed_out.get(&attempt);
        handed_out.is_some_and(|it| it.node == node && it.config.disk == disk)
    }

    /// A node begins to write its disk on the config of an attempt.
    pub(crate) fn disk_write(
        &mut self,
        node: usize,
        attempt: AttemptId,
        disk: &str,
    ) -> Result<(), Violation> {
        self.installs += 1;
        let is_its = self.is_of(node, attempt, disk);
        is_its.then_some(()).ok_or(Violation::DiskWritten { node })
    }

    /// Power of a machine is really switched under a permission that is on record; `wipes` is whether
    /// an attempt of it wipes an older install first.
    pub(crate) fn count_switch(
        &mut self,
        machine: &str,
        intent: Option<IntentId>,
        wipes: bool,
    ) -> Result<(), Violation> {
        let Some(intent) = intent else {
            return Ok(());
        };
        let switched = self.switched.entry(intent).or_default();
        *switched += 1;
        let for_wipe = if wipes {
            Intent::WIPE_POWER_COMMANDS
        } else {
            0
        };
        if *switched > Intent::MAX_POWER_COMMANDS + for_wipe {
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
