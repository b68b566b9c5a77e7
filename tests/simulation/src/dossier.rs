//! The promises that records keep among themselves, held against the real ones after every moment in
//! which something was written, by code that does not ask what decides.

use std::time::Duration;

use machine_core::attempt::{Attempt, AttemptEnd};
use machine_core::id::MachineId;
use machine_core::intent::Intent;
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::Machine;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{attempts, intents, machines};

use crate::attack::LIE;
use crate::invariant::Violation;
use crate::papers::UNDER_WAY;

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
        let wipes = self.attempts.iter().any(|it| it.wipe.is_some());
        let for_wipe = if wipes {
            Intent::WIPE_POWER_COMMANDS
        } else {
            0
        };
        let what = if claimed > Intent::MAX_CLAIMS || claims != claimed {
            "claims, or not as many as there are releases"
        } else if self.attempts.len() > MAX_ATTEMPTS {
            "attempts"
        } else if switched > Intent::MAX_POWER_COMMANDS + for_wipe {
            "switchings of power"
        } else {
            return Ok(());
        };
        let machine = self.machine.name.clone();
        Err(Violation::TooMany { machine, what })
    }
}
