//! The promises of the project, held against the real records after every moment in which something
//! was written, by code that does not ask what decides.

use std::time::Duration;

use machine_core::attempt::{Attempt, AttemptEnd};
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{attempts, intents, machines};
use thiserror::Error;

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
    #[error(
        "{machine}: its config went to node {node:?}, which is not the one peer of the attempt"
    )]
    WrongPeer {
        /// Whose config.
        machine: String,
        /// Who got it, if it was a node.
        node: Option<usize>,
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
    #[error("node {node} wrote its disk without a release for it")]
    DiskWritten {
        /// Which node.
        node: usize,
    },
    /// A disk was wiped that nobody permitted to wipe.
    #[error("node {node} wiped its disk without a permission")]
    Wiped {
        /// Which node.
        node: usize,
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
    /// A machine counts as a member that does not run from its disk on the config of its attempt.
    #[error("{machine} is active, and node {node} has never run from its disk on a config of ours")]
    NeverRan {
        /// Which machine.
        machine: String,
        /// Which node it is.
        node: usize,
    },
    /// Bootstrap was executed again.
    #[error("Bootstrap was executed {0} times on one cluster")]
    BootstrapTwice(u32),
    /// A machine that nothing is wrong with failed again after all faults had ended.
    #[error("{machine} was tried again in peace and is {state}: {why}")]
    NotMended {
        /// Which machine.
        machine: String,
        /// In which state.
        state: State,
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
    /// Long after the last fault a cluster is not ready.
    #[error("the cluster {cluster} never came to be ready: {why}")]
    NeverReady {
        /// Which cluster.
        cluster: String,
        /// What it waits for.
        why: String,
    },
    /// The records can't be read.
    #[error("the records can't be read: {0}")]
    Unreadable(String),
}

/// How many attempts one intent may have (machine-core keeps the number to itself).
const MAX_ATTEMPTS: usize = 8;
/// How late the reconcile loop may be with a deadline: two sweeps and an observation.
const LATE: Duration = Duration::from_mins(2);

/// What the records say of one machine.
#[derive(Debug, Clone)]
pub(crate) struct Dossier {
    pub(crate) machine: Machine,
    pub(crate) intent: Option<Intent>,
    pub(crate) attempts: Vec<Attempt>,
}

impl Dossier {
    /// Reads that of one machine.
    pub(crate) async fn read(db: &Db, id: MachineId) -> Result<Option<Self>, StoreError> {
        let Some(machine) = machines::find(db, id).await? else {
            return Ok(None);
        };
        let intent = intents::latest_of_machine(db, id).await?;
        let attempts = match &intent {
            Some(intent) => attempts::of_intent(db, intent.id).await?,
            None => Vec::new(),
        };
        Ok(Some(Self {
            machine,
            intent,
            attempts,
        }))
    }

    /// Holds it against what may be; `awake` is since when Drover runs with a database.
    pub(crate) fn check(&self, awake: Timestamp, now: Timestamp) -> Result<(), Violation> {
        self.check_deadline(awake, now)?;
        self.check_open()?;
        self.check_counts()
    }

    fn check_deadline(&self, awake: Timestamp, now: Timestamp) -> Result<(), Violation> {
        let Machine {
            deadline, state, ..
        } = self.machine;
        let end = self.waits_at_most().or(deadline);
        let is_overdue = end.is_some_and(|at| now.since(at) > LATE && now.since(awake) > LATE);
        if is_overdue || deadline.is_some() != state.moving().is_some() {
            let machine = self.machine.name.clone();
            return Err(Violation::Deadline { machine, state });
        }
        Ok(())
    }

    /// Until when an install may wait for a person who switches its machine on, or corrects its file:
    /// as long as its permission stands.
    fn waits_at_most(&self) -> Option<Timestamp> {
        let State::Provisioning(Origin::Available | Origin::Active) = self.machine.state else {
            return None;
        };
        let is_refused = |it: &Attempt| matches!(it.closed, Some((_, AttemptEnd::Refused)));
        let waits = self.machine.bmc.is_none() || self.attempts.iter().any(is_refused);
        self.intent.as_ref().filter(|_| waits).map(|it| it.expires)
    }

    fn check_open(&self) -> Result<(), Violation> {
        let state = self.machine.state;
        let is_provisioning = matches!(
            state,
            State::Provisioning(Origin::Available | Origin::Active)
        );
        let open = self.attempts.iter().filter(|it| it.is_open()).count();
        let is_intent_open = self.intent.as_ref().is_some_and(|it| it.closed.is_none());
        let what = if is_intent_open && !is_provisioning {
            "intent"
        } else if open > usize::from(is_provisioning) {
            "attempt"
        } else {
            return Ok(());
        };
        let machine = self.machine.name.clone();
        Err(Violation::LeftOpen {
            machine,
            state,
            what,
        })
    }

    fn check_counts(&self) -> Result<(), Violation> {
        let released = self.attempts.iter().filter(|it| it.release.is_some());
        let claims = u32::try_from(released.count()).unwrap_or(u32::MAX);
        let claimed = self.intent.as_ref().map_or(0, |intent| intent.claims);
        let switched: u32 = self.attempts.iter().map(|it| it.power_actions).sum();
        let what = if claimed > Intent::MAX_CLAIMS || claims != claimed {
            "claims, or not as many as there are releases"
        } else if self.attempts.len() > MAX_ATTEMPTS {
            "attempts"
        } else if switched > Intent::MAX_POWER_COMMANDS {
            "switchings of power"
        } else {
            return Ok(());
        };
        let machine = self.machine.name.clone();
        Err(Violation::TooMany { machine, what })
    }
}
