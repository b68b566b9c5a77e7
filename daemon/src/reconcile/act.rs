//! Performing one step of a plan: what is written, and what is done after it is written.

use std::net::SocketAddr;
use std::time::Duration;

use config_talos::api::{PORT, TalosApi};
use machine_core::attempt::{Attempt, AttemptEnd};
use machine_core::boot::BootStep;
use machine_core::claimant::follows_power_on;
use machine_core::id::{AttemptId, BootId, IntentId};
use machine_core::intent::{Actor, Assignment, Intent, IntentEnd};
use machine_core::lifecycle::Input;
use machine_core::machine::{Failure, Machine};
use machine_core::plan::step::{Action, Step};
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, IntentWrite, MachineWrite, Outcome, apply};
use machine_store::events::Event;
use machine_store::power_on;
use tracing::info;

use crate::clock::now;
use crate::cluster_secrets::api_credentials;
use crate::error::{StepError, chain};
use crate::random::draw;
use crate::reconcile::Reconciler;
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::records::{About, advanced};

/// How long a node's API may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

impl Reconciler {
    pub(crate) async fn perform(
        &self,
        situation: &Situation,
        step: Step,
    ) -> Result<Progress, StepError> {
        let machine = &situation.machine;
        match step {
            Step::Wait { why, .. } => {
                self.status.set_waiting(machine.id, why);
                Ok(Progress::Done)
            }
            Step::Advance(input) => self.move_on(situation, input).await,
            Step::Allocate(assignment) => {
                let next = machine.after(Input::Allocate, now())?;
                self.open_intent(situation, next, assignment).await
            }
            Step::Permit(assignment) => {
                self.open_intent(situation, machine.clone(), assignment)
                    .await
            }
            Step::GiveUp(failure) => self.give_up(situation, failure).await,
            Step::Act(action) => self.act(situation, action).await,
        }
    }

    async fn act(&self, situation: &Situation, action: Action) -> Result<Progress, StepError> {
        match action {
            Action::OpenAttempt => self.open_attempt(situation).await,
            Action::CloseAttempt(end) => self.close_attempt(situation, end).await,
            Action::StartFromNetwork => self.start_from_network(situation).await,
            Action::PowerOff => self.power_off(situation).await,
            Action::Verify(boot) => self.verify(situation, boot).await,
        }
    }

    async fn move_on(&self, situation: &Situation, input: Input) -> Result<Progress, StepError> {
        let at = now();
        let next = situation.machine.after(input, at)?;
        let mut change = Change::default();
        if input == Input::RunsFromDisk {
            change
                .intents
                .extend(close_intent(situation, at, IntentEnd::Fulfilled));
            change.attempts.extend(close_fulfilled(situation, at));
        }
        let actor = match input {
            Input::Accept => Self::policy(situation),
            _ => Actor::Drover,
        };
        let detail = format!("{} -> {}: {input}", situation.machine.state, next.state);
        change
            .events
            .push(About::machine(next.id).event_by(actor, at, "state", detail));
        self.write(situation, next, change).await
    }

    /// The rule that takes the machine, as an actor.
    fn policy(situation: &Situation) -> Actor {
        let cluster = match &situation.allocation {
            machine_core::allocation::Allocation::Take { assignment, .. } => situation
                .clusters
                .iter()
                .find(|it| it.id == assignment.cluster),
            _ => None,
        };
        cluster.map_or(Actor::Drover, |it| {
            Actor::Policy(format!("cluster {}", it.spec.name))
        })
    }

    async fn open_intent(
        &self,
        situation: &Situation,
        next: Machine,
        assignment: Assignment,
    ) -> Result<Progress, StepError> {
        let at = now();
        let actor = Self::policy(situation);
        let detail = format!(
            "installs as {}, and may erase {}",
            assignment.role, assignment.disk
        );
        let about = About {
            cluster: Some(assignment.cluster),
            ..About::machine(next.id)
        };
        let intent = Intent {
            id: IntentId::from_bytes(draw()?),
            machine: next.id,
            assignment,
            actor: actor.clone(),
            reason: "the cluster's rule takes the machine".to_owned(),
            opened: at,
            expires: at.plus(Intent::LIFETIME),
            claims: 0,
            closed: None,
        };
        let change = Change {
            intents: vec![IntentWrite::Open(intent)],
            events: vec![about.event_by(actor, at, "intent", detail)],
            ..Change::default()
        };
        self.write(situation, next, change).await
    }

    async fn give_up(
        &self,
        situation: &Situation,
        failure: Failure,
    ) -> Result<Progress, StepError> {
        let at = now();
        let detail = format!(
            "{} failed: {}; {}",
            failure.step, failure.why, failure.advice
        );
        let next = situation.machine.given_up(failure, at)?;
        let is_expired = |intent: &Intent| at >= intent.expires;
        let end = if situation.intent.as_ref().is_some_and(is_expired) {
            IntentEnd::Expired
        } else {
            IntentEnd::Failed
        };
        let about = About::machine(next.id);
        let change = Change {
            intents: close_intent(situation, at, end).into_iter().collect(),
            attempts: situation
                .open_attempt()
                .map(|attempt| close(attempt, at, AttemptEnd::TimedOut))
                .into_iter()
                .collect(),
            events: vec![about.event(at, "failed", detail)],
            ..Change::default()
        };
        self.write(situation, next, change).await
    }

    async fn open_attempt(&self, situation: &Situation) -> Result<Progress, StepError> {
        let Some(intent) = &situation.intent else {
            return Ok(Progress::Done);
        };
        let at = now();
        let number = u32::try_from(situation.attempts.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let powered_on = power_on::find(&self.records.db, situation.machine.id).await?;
        // A machine that was switched on to be inspected is installed in the same boot.
        let goes_on = situation.boots.first().is_some_and(|boot| {
            number == 1 && !boot.sent_to_disk && follows_power_on(boot, powered_on)
        });
        let attempt = Attempt {
            id: AttemptId::from_bytes(draw()?),
            machine: situation.machine.id,
            intent: intent.id,
            number,
            assignment: intent.assignment.clone(),
            opened: at,
            deadline: at.plus(Attempt::LIFETIME),
            boot: None,
            accepted_boot: None,
            power_actions: 0,
            power_at: powered_on.filter(|_| goes_on),
            release: None,
            closed: None,
        };
        let about = About::machine(situation.machine.id);
        let event = about.event(at, "attempt", format!("attempt {number} begins"));
        self.write_attempt(situation, AttemptWrite::Open(attempt), event)
            .await
    }

    async fn close_attempt(
        &self,
        situation: &Situation,
        end: AttemptEnd,
    ) -> Result<Progress, StepError> {
        let Some(attempt) = situation.open_attempt() else {
            return Ok(Progress::Again);
        };
        let at = now();
        let detail = format!("attempt {} ended: {}", attempt.number, end.as_str());
        let event = About::machine(situation.machine.id).event(at, "attempt", detail);
        self.write_attempt(situation, close(attempt, at, end), event)
            .await
    }

    /// Only a member of the cluster can answer: its API shows a certificate of the cluster's CA.
    async fn verify(&self, situation: &Situation, boot: BootId) -> Result<Progress, StepError> {
        let Some(boot) = situation.boots.iter().find(|it| it.id == boot) else {
            return Ok(Progress::Again);
        };
        let (Some(address), Some(intent)) = (boot.address, &situation.intent) else {
            return Ok(Progress::Done);
        };
        let credentials = api_credentials(&self.records, intent.assignment.cluster).await?;
        let address = SocketAddr::new(address, PORT);
        let version = match TalosApi::connect(address, &credentials, PATIENCE).await {
            Ok(api) => api.version().await.map_err(|error| chain(&error)),
            Err(error) => Err(chain(&error)),
        };
        match version {
            Err(why) => {
                let waiting = format!("it runs from its disk, but its API does not answer: {why}");
                self.status.set_waiting(situation.machine.id, waiting);
                // What was given up has no deadline: it is asked at the pace of the sweeps.
                let is_moving = situation.machine.state.moving().is_some();
                Ok(if is_moving {
                    Progress::Soon
                } else {
                    Progress::Done
                })
            }
            Ok(version) => {
                let at = now();
                let detail = format!("its API answers: Talos {}", version.tag);
                self.records.note(boot, at, BootStep::Joined, detail);
                self.records
                    .commit
                    .submit(advanced(boot, BootStep::Joined, at))
                    .await?;
                Ok(Progress::Again)
            }
        }
    }

    async fn write(
        &self,
        situation: &Situation,
        next: Machine,
        change: Change,
    ) -> Result<Progress, StepError> {
        let (name, from, to) = (&situation.machine.name, situation.machine.state, next.state);
        let change = Change {
            machines: vec![MachineWrite::Update(next)],
            ..change
        };
        if apply(&self.records.db, &change).await? == Outcome::Applied {
            info!(machine = %name, %from, %to, "state");
            // What it waited for before is over.
            self.status.set_waiting(situation.machine.id, String::new());
        }
        Ok(Progress::Again)
    }

    /// Writes an attempt, if the machine is still what it was when that was thought out: a person
    /// may have taken it back, and a config may have been released, while its BMC was asked.
    async fn write_attempt(
        &self,
        situation: &Situation,
        write: AttemptWrite,
        event: Event,
    ) -> Result<Progress, StepError> {
        let change = Change {
            machines: vec![situation.hold()],
            attempts: vec![write],
            events: vec![event],
            ..Change::default()
        };
        apply(&self.records.db, &change).await?;
        Ok(Progress::Again)
    }
}

fn close(attempt: &Attempt, at: Timestamp, end: AttemptEnd) -> AttemptWrite {
    AttemptWrite::Close {
        id: attempt.id,
        at,
        end,
    }
}

fn close_intent(situation: &Situation, at: Timestamp, end: IntentEnd) -> Option<IntentWrite> {
    let intent = situation
        .intent
        .as_ref()
        .filter(|intent| intent.closed.is_none())?;
    Some(IntentWrite::Close {
        id: intent.id,
        at,
        end,
    })
}

/// The open attempt: installed if its config is what the machine runs on, else not needed any more.
fn close_fulfilled(situation: &Situation, at: Timestamp) -> Option<AttemptWrite> {
    let attempt = situation.open_attempt()?;
    let end = if attempt.release.is_some() {
        AttemptEnd::Installed
    } else {
        AttemptEnd::Cancelled
    };
    Some(close(attempt, at, end))
}
