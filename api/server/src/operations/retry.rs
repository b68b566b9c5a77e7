//! The use case that tries again what a machine failed at.
//!
//! A failed install has lost its permission to erase a disk. To retry it is a new one, by the
//! person who asks, for what the clusters' rules say of the machine today.

use machine_core::allocation::{Allocation, allocate};
use machine_core::boot::{BootOrigin, BootStep};
use machine_core::id::IntentId;
use machine_core::intent::{Assignment, Intent};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::change::{Change, IntentWrite, MachineWrite};
use machine_store::{attempts, boots, clusters, intents};

use crate::error::UseCaseError;
use crate::operations::machines::{BOOTS, MachineView, event};
use crate::operations::{Asked, Operations, TRIES, Written};

impl Operations {
    /// Tries again what a machine failed at.
    pub async fn retry(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        let what = ["retry", name];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let mut change = self.retried(&machine, asked).await?;
            change.request = Some(self.request(asked, &what, String::new()));
            match self.write(&change).await? {
                Written::Now | Written::Before(_) => {
                    self.effects.wake(machine.id);
                    return self.view(self.machine(name).await?).await;
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn retried(&self, machine: &Machine, asked: &Asked) -> Result<Change, UseCaseError> {
        let at = self.effects.now();
        let next = machine.after(Input::Retry, at);
        let next = next.map_err(|refused| UseCaseError::Lifecycle {
            name: machine.name.clone(),
            refused,
        })?;
        let (from, to) = (machine.state, next.state);
        let detail = format!("{from} -> {to}: retry{}", asked.because());
        let mut change = Change {
            events: vec![event(machine, asked, at, "state", detail)],
            ..Change::default()
        };
        if let State::Provisioning(_) = next.state {
            self.refuse_for_member(machine).await?;
            let assignment = self.assignment_of(machine).await?;
            self.permit(&mut change, machine, assignment, asked, at)?;
        }
        change.machines.push(MachineWrite::Update(next));
        Ok(change)
    }

    /// Whoever presses a button must not install a member anew that has just come up: it becomes
    /// active with the next look at it.
    async fn refuse_for_member(&self, machine: &Machine) -> Result<(), UseCaseError> {
        let Some(intent) = intents::latest_of_machine(&self.db, machine.id).await? else {
            return Ok(());
        };
        let attempts = attempts::of_intent(&self.db, intent.id).await?;
        let released = attempts.iter().find(|attempt| attempt.release.is_some());
        let boots = boots::recent(&self.db, machine.id, BOOTS).await?;
        let has_joined = boots.iter().any(|boot| {
            boot.origin == BootOrigin::Disk
                && boot.step == BootStep::Joined
                && released.is_some_and(|attempt| boot.attempt == Some(attempt.id))
        });
        if !has_joined {
            return Ok(());
        }
        self.effects.wake(machine.id);
        Err(UseCaseError::Contradiction(format!(
            "{}: it runs from its disk as a member of its cluster: there is nothing to retry",
            machine.name
        )))
    }

    /// What the machine is to become, by the clusters' rules of today.
    async fn assignment_of(&self, machine: &Machine) -> Result<Assignment, UseCaseError> {
        let why = match allocate(machine, &clusters::list(&self.db).await?) {
            Allocation::Take { assignment, .. } => return Ok(assignment),
            Allocation::None => "no cluster's rule takes it".to_owned(),
            Allocation::NoDisk { cluster } => format!(
                "cluster {cluster} takes it, but neither its rule nor the machine's record names \
                 the disk"
            ),
            Allocation::Ambiguous { clusters } => {
                format!("rules of several clusters take it: {}", clusters.join(", "))
            }
        };
        let name = &machine.name;
        Err(UseCaseError::Contradiction(format!(
            "{name}: its install can't be tried again: {why}"
        )))
    }

    fn permit(
        &self,
        change: &mut Change,
        machine: &Machine,
        assignment: Assignment,
        asked: &Asked,
        at: Timestamp,
    ) -> Result<(), UseCaseError> {
        let detail = format!(
            "installs as {}, and may erase {}",
            assignment.role, assignment.disk
        );
        let mut permitted = event(machine, asked, at, "intent", detail);
        permitted.cluster = Some(assignment.cluster);
        change.events.push(permitted);
        change.intents.push(IntentWrite::Open(Intent {
            id: IntentId::from_bytes(self.effects.draw()?),
            machine: machine.id,
            assignment,
            actor: asked.actor.clone(),
            reason: asked.reason.clone(),
            opened: at,
            expires: at.plus(Intent::LIFETIME),
            claims: 0,
            closed: None,
        }));
        Ok(())
    }
}
