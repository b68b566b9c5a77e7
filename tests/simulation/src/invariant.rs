//! The promises of the project, checked after every event by code that does not ask the core.
//!
//! What was really done (bytes that went out, power that was switched, disks that were written,
//! calls that were executed) is kept in a `Ledger` that the records can't talk out of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::disk::DiskIdentity;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use machine_core::intent::Intent;
use machine_core::lifecycle::{Moving, Origin, State};
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use thiserror::Error;

use crate::records::Row;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// A config went out without a permission.
    #[error("{machine}: the config of an attempt was released without an open intent")]
    ReleaseWithoutIntent {
        /// Of which machine.
        machine: String,
    },
    /// A config went to somebody who is not the machine, or to a second peer.
    #[error("{machine}: its config went to node {node}, which is not the one peer of the attempt")]
    WrongPeer {
        /// Whose config.
        machine: String,
        /// Who got it.
        node: usize,
    },
    /// A config went out though the BMC did not say that the machine is on.
    #[error("{machine}: its config went out without a proof of its power")]
    NoPowerProof {
        /// Of which machine.
        machine: String,
    },
    /// A config went out while two spoke for the machine, and no person had said which it is.
    #[error("{machine}: its config went out while two spoke for it")]
    Disputed {
        /// Of which machine.
        machine: String,
    },
    /// A config went out too often.
    #[error("{machine}: the config of one attempt went out {fetches} times")]
    FetchedTooOften {
        /// Of which machine.
        machine: String,
        /// How often.
        fetches: u32,
    },
    /// A disk was written that nobody permitted to write.
    #[error("{machine}: its disk was written while it was {state}, without a release for it")]
    DiskWritten {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// A member was switched off.
    #[error("{machine}: its power was switched off while it was {state}")]
    MemberSwitchedOff {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// A moving state without a deadline, a stable one with one, or a deadline that did nothing.
    #[error("{machine}: it is {state}, and its deadline is wrong or long over")]
    Deadline {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
    /// More claims, attempts or switchings of power than are permitted.
    #[error("{machine}: too many {what}")]
    TooMany {
        /// Which machine.
        machine: String,
        /// Of what.
        what: &'static str,
    },
    /// Permissions or attempts that outlive the state that they belong to.
    #[error("{machine}: it is {state} with an open {what}")]
    LeftOpen {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
        /// What is open.
        what: &'static str,
    },
    /// Bootstrap was executed again.
    #[error("Bootstrap was executed {0} times on one cluster")]
    BootstrapTwice(u32),
    /// A machine that nothing is wrong with failed again after all faults had ended.
    #[error("{machine} was tried again in peace and failed: {why}")]
    NotMended {
        /// Which machine.
        machine: String,
        /// Its failure.
        why: String,
    },
    /// Long after the last fault a machine still had not come to rest.
    #[error("{machine} never came to rest: it is {state}")]
    NeverSettled {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
    },
}

/// How many attempts one intent may have (machine-core keeps the number to itself).
const MAX_ATTEMPTS: usize = 8;
/// How late the reconcile loop may be with a deadline: two sweeps and an observation.
const LATE: Duration = Duration::from_mins(2);

/// What was really done.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    released: BTreeMap<AttemptId, Released>,
    switched: BTreeMap<IntentId, u32>,
    bootstraps: BTreeMap<ClusterId, (u32, Timestamp)>,
    disputed: BTreeSet<BootId>,
}

#[derive(Debug)]
struct Released {
    machine: MachineId,
    node: usize,
    fetches: u32,
    disk: DiskIdentity,
}

impl Ledger {
    /// A clone that can't be told apart from the machine speaks in this boot.
    pub(crate) fn dispute(&mut self, boot: BootId) {
        self.disputed.insert(boot);
    }

    pub(crate) fn is_disputed(&self, boot: BootId) -> bool {
        self.disputed.contains(&boot)
    }

    /// A config goes out, to this node; `owner` is the node that the machine really is.
    pub(crate) fn release(
        &mut self,
        row: &Row,
        attempt: &Attempt,
        (node, owner): (usize, Option<usize>),
        now: Timestamp,
    ) -> Result<(), Violation> {
        let machine = || row.machine.name.clone();
        let permitted = row.intent.as_ref().is_some_and(|intent| {
            let same = intent.id == attempt.intent && intent.assignment == attempt.assignment;
            same && intent.closed.is_none() && now < intent.expires
        });
        if !permitted || !matches!(row.machine.state, State::Provisioning(_)) {
            return Err(Violation::ReleaseWithoutIntent { machine: machine() });
        }
        let released = self.released.entry(attempt.id).or_insert_with(|| Released {
            machine: row.machine.id,
            node,
            fetches: 0,
            disk: attempt.assignment.disk.clone(),
        });
        released.fetches += 1;
        if released.node != node || owner != Some(node) {
            return Err(Violation::WrongPeer {
                machine: machine(),
                node,
            });
        }
        if released.fetches > Attempt::MAX_FETCHES {
            let fetches = released.fetches;
            return Err(Violation::FetchedTooOften {
                machine: machine(),
                fetches,
            });
        }
        Ok(())
    }

    /// A node begins to write its disk on the config of an attempt.
    pub(crate) fn disk_write(
        &self,
        row: &Row,
        node: usize,
        attempt: AttemptId,
        disk: &DiskIdentity,
    ) -> Result<(), Violation> {
        let state = row.machine.state;
        let released = self
            .released
            .get(&attempt)
            .is_some_and(|it| it.machine == row.machine.id && it.node == node && it.disk == *disk);
        let moving = matches!(
            state,
            State::Provisioning(_) | State::Failed(Moving::Provisioning(_))
        );
        if released && moving {
            return Ok(());
        }
        let machine = row.machine.name.clone();
        Err(Violation::DiskWritten { machine, state })
    }

    /// Power of a machine is really switched.
    pub(crate) fn power(
        &mut self,
        row: &Row,
        to: PowerState,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let state = row.machine.state;
        let machine = || row.machine.name.clone();
        // A person may take the machine back while the command is on its way to the BMC.
        let is_ours =
            matches!(state, State::Provisioning(_)) || now.since(row.machine.since) < LATE;
        if to == PowerState::Off && !is_ours {
            return Err(Violation::MemberSwitchedOff {
                machine: machine(),
                state,
            });
        }
        let Some(attempt) = row.attempts.first() else {
            return Ok(());
        };
        let switched = self.switched.entry(attempt.intent).or_default();
        *switched += 1;
        if *switched > Intent::MAX_POWER_COMMANDS {
            return Err(Violation::TooMany {
                machine: machine(),
                what: "switchings of power",
            });
        }
        Ok(())
    }

    /// A node executes Bootstrap.
    pub(crate) fn bootstrap(
        &mut self,
        cluster: ClusterId,
        now: Timestamp,
    ) -> Result<(), Violation> {
        let (executed, _) = self.bootstraps.entry(cluster).or_insert((0, now));
        *executed += 1;
        if *executed > 1 {
            return Err(Violation::BootstrapTwice(*executed));
        }
        Ok(())
    }

    /// Whether a cluster's etcd runs. For a while after Bootstrap it still says that it waits.
    pub(crate) fn is_bootstrapped(&self, cluster: ClusterId, now: Timestamp) -> bool {
        const FORMS: Duration = Duration::from_secs(45);
        let executed = self.bootstraps.get(&cluster);
        executed.is_some_and(|(_, at)| now.since(*at) >= FORMS)
    }
}

/// Holds one machine's records against what may be; `awake` is since when Drover runs.
pub(crate) fn check(row: &Row, awake: Timestamp, now: Timestamp) -> Result<(), Violation> {
    let state = row.machine.state;
    let name = || row.machine.name.clone();
    let overdue = row
        .machine
        .deadline
        .is_some_and(|deadline| now.since(deadline) > LATE && now.since(awake) > LATE);
    if overdue || row.machine.deadline.is_some() != state.moving().is_some() {
        return Err(Violation::Deadline {
            machine: name(),
            state,
        });
    }
    let provisioning = matches!(
        state,
        State::Provisioning(Origin::Available | Origin::Active)
    );
    let open = row
        .attempts
        .iter()
        .filter(|attempt| attempt.is_open())
        .count();
    let left = if row.intent.as_ref().is_some_and(|it| it.closed.is_none()) && !provisioning {
        Some("intent")
    } else if open > usize::from(provisioning) {
        Some("attempt")
    } else {
        None
    };
    if let Some(what) = left {
        return Err(Violation::LeftOpen {
            machine: name(),
            state,
            what,
        });
    }
    let claims = row
        .attempts
        .iter()
        .filter(|attempt| attempt.release.is_some())
        .count();
    let claimed = row.intent.as_ref().map_or(0, |intent| intent.claims);
    let too_many = if claimed > Intent::MAX_CLAIMS || u32::try_from(claims) != Ok(claimed) {
        Some("claims, or not as many as there are releases")
    } else if row.attempts.len() > MAX_ATTEMPTS {
        Some("attempts")
    } else if row.attempts.iter().map(|it| it.power_actions).sum::<u32>()
        > Intent::MAX_POWER_COMMANDS
    {
        Some("switchings of power")
    } else {
        None
    };
    too_many.map_or(Ok(()), |what| {
        Err(Violation::TooMany {
            machine: name(),
            what,
        })
    })
}
