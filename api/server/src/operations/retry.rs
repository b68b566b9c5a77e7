//! The use case that tries again what a machine failed at.
//!
//! This permits nothing: the plan first looks whether the machine runs from its disk after all, and
//! then opens a new intent by its cluster's rule. What no rule would permit is refused here.

use machine_core::advice::advice_without_rule;
use machine_core::allocation::{Allocation, allocate};
use machine_core::attempt::AttemptEnd;
use machine_core::intent::{Intent, IntentEnd};
use machine_core::lifecycle::{Input, Moving, State};
use machine_core::machine::Machine;
use machine_store::change::{Change, IntentWrite, MachineWrite};
use machine_store::{attempts, clusters, intents};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Operations, Written};

impl Operations {
    /// Tries again what a machine failed at, or what its node refused.
    pub async fn retry(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        self.permit(&asked.caller, Operation::RetryMachine)?;
        match self.retry_refused(name, asked).await? {
            Some(view) => Ok(view),
            None => self.intend(name, Input::Retry, asked).await,
        }
    }

    /// An install waits whose config the node has refused: its permission is closed, and the plan
    /// opens another. `None` if the machine does not wait for that.
    async fn retry_refused(
        &self,
        name: &str,
        asked: &Asked,
    ) -> Result<Option<MachineView>, UseCaseError> {
        let verb = Input::Retry.to_string();
        let what = [verb.as_str(), name];
        if self.carried_out(asked, &what).await?.is_some() {
            return Ok(Some(self.view(self.machine(name).await?).await?));
        }
        let machine = self.machine(name).await?;
        let Some(intent) = self.refused_intent(&machine).await? else {
            return Ok(None);
        };
        let now = self.effects.now();
        let next = machine.begun_anew(now);
        self.refuse_without_rule(&next).await?;
        let detail = format!(
            "the config that its node refused: {verb}{}",
            asked.because()
        );
        let change = Change {
            request: Some(self.request(asked, &what, String::new())),
            machines: vec![MachineWrite::Update(next)],
            intents: vec![IntentWrite::Close {
                id: intent.id,
                at: now,
                end: IntentEnd::Failed,
            }],
            events: vec![event(&machine, asked, now, "state", detail)],
            ..Change::default()
        };
        match self.write(&change).await? {
            Written::Now | Written::Before(_) => {
                self.effects.wake(machine.id);
                Ok(Some(self.view(self.machine(name).await?).await?))
            }
            Written::Overtaken => Err(UseCaseError::Overtaken),
        }
    }

    /// The open intent of a machine whose last attempt ended with a refused config.
    pub(super) async fn refused_intent(
        &self,
        machine: &Machine,
    ) -> Result<Option<Intent>, UseCaseError> {
        let latest = intents::latest_of_machine(&self.db, machine.id).await?;
        let open = latest.filter(|intent| intent.closed.is_none());
        let (State::Provisioning(_), Some(intent)) = (machine.state, open) else {
            return Ok(None);
        };
        let attempts = attempts::of_intent(&self.db, intent.id).await?;
        let end = attempts.first().and_then(|attempt| attempt.closed);
        Ok(matches!(end, Some((_, AttemptEnd::Refused))).then_some(intent))
    }

    /// An install needs one cluster's rule of today, and a disk.
    pub(super) async fn refuse_without_rule(&self, next: &Machine) -> Result<(), UseCaseError> {
        if !matches!(next.state, State::Provisioning(_)) {
            return Ok(());
        }
        let allocation = allocate(next, &clusters::list(&self.db).await?);
        match without_rule(&next.name, &allocation) {
            None => Ok(()),
            Some(why) => Err(UseCaseError::Contradiction(format!(
                "{}: its install can't be tried again: {why}",
                next.name
            ))),
        }
    }

    /// A machine as it is shown: what it was told to do when it failed is possible now, or says what
    /// has to be done first.
    pub(super) async fn with_advice_of_today(
        &self,
        mut machine: Machine,
    ) -> Result<Machine, UseCaseError> {
        if !matches!(machine.state, State::Failed(Moving::Provisioning(_))) {
            return Ok(machine);
        }
        let allocation = allocate(&machine, &clusters::list(&self.db).await?);
        if let Some(first) = without_rule(&machine.name, &allocation)
            && let Some(failure) = &mut machine.failure
        {
            failure.advice = format!("{first}; once a rule takes it: {}", failure.advice);
        }
        Ok(machine)
    }
}

/// Why an install of a machine can't be tried again, and what to do; none if a rule takes it.
pub(super) fn without_rule(name: &str, allocation: &Allocation) -> Option<String> {
    let way = advice_without_rule(name, allocation)?;
    Some(format!("{allocation}; {way}"))
}
