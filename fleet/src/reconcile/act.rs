//! Performing one step of a plan: what is written, and what is done after it is written.

use machine_core::cluster::Cluster;
use machine_core::id::IntentId;
use machine_core::intent::{Actor, Assignment, Intent, IntentEnd, IntentKind};
use machine_core::lifecycle::Input;
use machine_core::machine::{Failure, Machine};
use machine_core::plan::step::{Action, Step};
use machine_core::time::Timestamp;
use machine_store::change::{Change, ClusterWrite, IntentWrite, MachineWrite, Outcome};
use tracing::info;

use crate::error::StepError;
use crate::reconcile::Reconciler;
use crate::reconcile::attempt_acts::{close, close_fulfilled, given_up_as};
use crate::reconcile::progress::Progress;
use crate::reconcile::situation::Situation;
use crate::site::About;

impl Reconciler {
    pub(crate) async fn perform(
        &self,
        situation: &Situation,
        step: Step,
    ) -> Result<Progress, StepError> {
        let machine = &situation.dossier.machine;
        match step {
            Step::Wait { until, why } => {
                self.status.set_waiting(machine.id, why);
                Ok(until.map_or(Progress::Done, Progress::At))
            }
            Step::Advance(input) => self.move_on(situation, input).await,
            Step::Allocate(assignment) => {
                let next = machine.after(Input::Allocate, self.site.now())?;
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
            Action::Ask(attempt) => self.ask(situation, attempt).await,
            Action::PlanWipe => self.plan_wipe(situation).await,
        }
    }

    async fn move_on(&self, situation: &Situation, input: Input) -> Result<Progress, StepError> {
        let at = self.site.now();
        let next = situation.dossier.machine.after(input, at)?;
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
        let detail = format!(
            "{} -> {}: {input}",
            situation.dossier.machine.state, next.state
        );
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
        let at = self.site.now();
        let actor = Self::policy(situation);
        let mut detail = format!(
            "installs as {}, and may erase {}",
            assignment.role, assignment.disk
        );
        if let Some(caveat) = assignment.disk.caveat() {
            detail = format!("{detail}; {caveat}");
        }
        // The rule that permits it must still stand when it is written.
        let of_rule = |it: &&Cluster| it.id == assignment.cluster;
        let rule = situation.clusters.iter().find(of_rule);
        let rule = rule.map(|it| ClusterWrite::Hold {
            id: it.id,
            version: it.version,
        });
        let about = About {
            cluster: Some(assignment.cluster),
            ..About::machine(next.id)
        };
        let intent = Intent {
            id: IntentId::from_bytes(self.site.draw()?),
            machine: next.id,
            assignment,
            actor: actor.clone(),
            reason: "the cluster's rule takes the machine".to_owned(),
            opened: at,
            expires: at.plus(Intent::LIFETIME),
            kind: IntentKind::Install,
            claims: 0,
            closed: None,
        };
        let change = Change {
            clusters: rule.into_iter().collect(),
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
        let at = self.site.now();
        let detail = format!(
            "{} failed: {}; {}",
            failure.step, failure.why, failure.advice
        );
        let next = situation.dossier.machine.given_up(failure, at)?;
        let is_expired = |intent: &Intent| at >= intent.expires;
        let end = if situation.dossier.intent.as_ref().is_some_and(is_expired) {
            IntentEnd::Expired
        } else {
            IntentEnd::Failed
        };
        let about = About::machine(next.id);
        let change = Change {
            intents: close_intent(situation, at, end).into_iter().collect(),
            attempts: situation
                .dossier
                .open_attempt()
                .map(|attempt| close(attempt, at, given_up_as(situation, attempt, at)))
                .into_iter()
                .collect(),
            events: vec![about.event(at, "failed", detail)],
            ..Change::default()
        };
        self.write(situation, next, change).await
    }

    async fn write(
        &self,
        situation: &Situation,
        next: Machine,
        change: Change,
    ) -> Result<Progress, StepError> {
        let (name, from, to) = (
            &situation.dossier.machine.name,
            situation.dossier.machine.state,
            next.state,
        );
        let change = Change {
            machines: vec![MachineWrite::Update(next)],
            ..change
        };
        if self.site.commit.submit(change).await? == Outcome::Applied {
            info!(machine = %name, %from, %to, "state");
            // What it waited for before is over.
            self.status.clear_waiting(situation.dossier.machine.id);
        }
        Ok(Progress::Again)
    }
}

fn close_intent(situation: &Situation, at: Timestamp, end: IntentEnd) -> Option<IntentWrite> {
    let intent = situation
        .dossier
        .intent
        .as_ref()
        .filter(|intent| intent.closed.is_none())?;
    Some(IntentWrite::Close {
        id: intent.id,
        at,
        end,
    })
}
