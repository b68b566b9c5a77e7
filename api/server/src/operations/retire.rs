//! The use case that leaves a machine alone for good: a dead one, or one that is no longer wanted.
//!
//! It closes what would still permit to erase a disk. A retired machine boots its own disk, and
//! Drover does not switch its power.

use machine_core::attempt::{Attempt, AttemptEnd};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::attempts;
use machine_store::change::{Change, IntentWrite, MachineWrite};
use machine_store::intents;

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::endings::Thought;
use crate::operations::machines::event;
use crate::operations::withdrawal::taken_back;

impl Operations {
    pub(super) async fn retirement(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let now = self.effects.now();
        let next = match machine.after(Input::Retire, now) {
            Ok(next) => next,
            Err(refused) => return Err(self.refusal(machine, refused).await),
        };
        let because = asked.because();
        let detail = format!("{} -> {}: retire{because}", machine.state, next.state);
        let mut thought = Thought {
            change: Change {
                machines: vec![MachineWrite::Update(next)],
                events: vec![event(machine, asked, now, "state", detail)],
                ..Change::default()
            },
            notes: self.notes_on_membership(machine).await?,
            ..Thought::default()
        };
        self.withdraw(&mut thought, machine, asked).await?;
        Ok(thought)
    }

    /// Closes the permission and the attempt that stand.
    async fn withdraw(
        &self,
        thought: &mut Thought,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<(), UseCaseError> {
        let latest = intents::latest_of_machine(&self.db, machine.id).await?;
        let Some(intent) = latest.filter(|it| it.closed.is_none()) else {
            return Ok(());
        };
        let at = self.effects.now();
        let is_over = at >= intent.expires;
        let end = if is_over {
            IntentEnd::Expired
        } else {
            IntentEnd::Cancelled
        };
        let (id, disk) = (intent.id, &intent.assignment.disk);
        let detail = format!("the permission to erase {disk} ended: {}", end.as_str());
        let change = &mut thought.change;
        change.intents.push(IntentWrite::Close { id, at, end });
        change
            .events
            .push(event(machine, asked, at, "intent", detail));
        let tried = attempts::of_intent(&self.db, id).await?;
        for attempt in tried.iter().filter(|it| it.is_open()) {
            change.attempts.extend(taken_back(attempt, at, asked));
            let end = AttemptEnd::Cancelled.as_str();
            let detail = format!("attempt {} ended: {end}", attempt.number);
            change
                .events
                .push(event(machine, asked, at, "attempt", detail));
        }
        thought
            .notes
            .extend(note_on_release(machine, &intent, &tried));
        Ok(())
    }

    /// What stays of it in its cluster.
    async fn notes_on_membership(&self, machine: &Machine) -> Result<Vec<String>, UseCaseError> {
        let mut notes = Vec::new();
        let view = self.view(machine.clone()).await?;
        if let (State::Active, Some((_, cluster))) = (machine.state, view.assignment()) {
            notes.push(format!(
                "{} goes on running as a node of {cluster}: take the node out of Kubernetes, and \
                 a control plane's member out of etcd",
                machine.name
            ));
        }
        Ok(notes)
    }
}

/// What went out can't be taken back.
fn note_on_release(machine: &Machine, intent: &Intent, tried: &[Attempt]) -> Option<String> {
    let attempt = tried.iter().find(|it| it.is_open())?;
    attempt.release?;
    Some(format!(
        "{}: attempt {} had its config already: its install goes on by itself and erases {}; \
         only cutting its power stops it, and leaves the disk half written",
        machine.name, attempt.number, intent.assignment.disk
    ))
}
