//! The promises of the project, held against the real records after every moment in which something
//! was written, by code that does not ask what decides.

use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{attempts, intents, machines};
use thiserror::Error;

use crate::attacker::LIE;
use crate::papers::UNDER_WAY;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// A config went out that people had not permitted.
    #[error("{machine}: a config went out though no person and no document permits it")]
    ReleaseWithoutPermission {
        /// Of which machine.
        machine: String,
    },
    /// A config went out without an open intent on record.
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
    /// A machine was switched off by a BMC that stands in no document of its own.
    #[error("node {node} was switched off by a BMC that is not in its document")]
    AnotherSwitchedOff {
        /// Which node.
        node: usize,
    },
    /// A machine was switched off that people had not permitted to install.
    #[error("node {node} was switched off, and no person and no document permits its install")]
    SwitchedOffUnpermitted {
        /// Which node.
        node: usize,
    },
    /// A machine was switched off whose system runs, and its API was not asked before.
    #[error("node {node} was switched off while its system runs, and its API was not asked before")]
    CutOffUnasked {
        /// Which node.
        node: usize,
    },
    /// A member was not sent to its disk.
    #[error("node {node} is active, booted from the network, and was not sent to its disk")]
    KeptFromDisk {
        /// Which node.
        node: usize,
    },
    /// A word was acknowledged though the database was away.
    #[error("a word of node {node} was acknowledged while the database was away: it is lost")]
    AcknowledgedUnkept {
        /// Which node.
        node: usize,
    },
    /// What a stranger said ended an attempt.
    #[error("{machine}: what a stranger said from its address was believed")]
    StrangerBelieved {
        /// Which machine.
        machine: String,
    },
    /// What a node said ends its attempt, and the attempt goes on.
    #[error("{machine}: its node said what ends attempt {attempt}, and the attempt goes on")]
    VerdictIgnored {
        /// Which machine.
        machine: String,
        /// Which attempt.
        attempt: u32,
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
/// How long an attempt may go on after what its node said: its API is asked first, and an installer
/// that failed keeps answering for minutes.
const VERDICT: Duration = Duration::from_mins(10);

/// Whether a machine that is in this state on record may be switched so.
pub(crate) fn may_switch(
    machine: &Machine,
    to: PowerState,
    now: Timestamp,
) -> Result<(), Violation> {
    let (state, name) = (machine.state, machine.name.clone());
    // A person may take the machine back while the command is on its way to the BMC.
    let is_ours = matches!(state, State::Provisioning(_)) || now.since(machine.since) < UNDER_WAY;
    if to == PowerState::Off && !is_ours {
        return Err(Violation::MemberSwitchedOff {
            machine: name,
            state,
        });
    }
    Ok(())
}

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
        self.check_verdicts(awake, now)?;
        self.check_counts()
    }

    fn check_deadline(&self, awake: Timestamp, now: Timestamp) -> Result<(), Violation> {
        let Machine {
            deadline, state, ..
        } = self.machine;
        let is_overdue = deadline.is_some_and(|at| now.since(at) > LATE && now.since(awake) > LATE);
        if is_overdue || deadline.is_some() != state.moving().is_some() {
            let machine = self.machine.name.clone();
            return Err(Violation::Deadline { machine, state });
        }
        Ok(())
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
        } else if open > 0 && !is_intent_open {
            "attempt of a closed intent"
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

    fn check_verdicts(&self, awake: Timestamp, now: Timestamp) -> Result<(), Violation> {
        let machine = || self.machine.name.clone();
        for attempt in &self.attempts {
            let Some(verdict) = &attempt.verdict else {
                continue;
            };
            if verdict.why.contains(LIE) {
                return Err(Violation::StrangerBelieved { machine: machine() });
            }
            let since = verdict.at.max(awake);
            if attempt.is_open() && now.since(since) > VERDICT {
                return Err(Violation::VerdictIgnored {
                    machine: machine(),
                    attempt: attempt.number,
                });
            }
        }
        Ok(())
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
