//! What a person is told to do for a machine that goes on by nothing else.

use machine_core::advice::{advice, advice_on_claimant};
use machine_core::evidence::{Identity, conflict_words};
use machine_core::id::MachineId;
use machine_core::lifecycle::Input;
use machine_core::machine::Machine;
use machine_store::{identities, registrations};

use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// What can be done for a machine, and for those that claim to be it.
    pub(super) async fn advice(&self, machine: &Machine) -> Result<Vec<String>, UseCaseError> {
        let judged = identities::judge(&self.db, machine.id).await?;
        let is_registered = self.is_registered(machine.id).await?;
        let mut ways = advice(machine, is_registered, &judged);
        ways.extend(self.notes_on_claimants(machine).await?);
        Ok(ways)
    }

    /// The records of machines that claim to be this one.
    pub(super) async fn notes_on_claimants(
        &self,
        machine: &Machine,
    ) -> Result<Vec<String>, UseCaseError> {
        let Some(known) = identities::of_machine(&self.db, machine.id).await? else {
            return Ok(Vec::new());
        };
        let mut notes = Vec::new();
        for other in identities::candidates(&self.db, &known.macs, known.uuid).await? {
            if other.machine == machine.id {
                continue;
            }
            if let Identity::Conflict {
                with, differences, ..
            } = identities::judge(&self.db, other.machine).await?
                && with == machine.id
            {
                notes.push(advice_on_claimant(
                    &machine.name,
                    (&other.name, self.is_registered(other.machine).await?),
                    &differences,
                ));
            }
        }
        Ok(notes)
    }

    /// Whether a document registers a machine.
    pub(super) async fn is_registered(&self, machine: MachineId) -> Result<bool, UseCaseError> {
        Ok(!registrations::of_machine(&self.db, machine)
            .await?
            .is_empty())
    }

    /// To accept a machine that claims to be another would change nothing: it gets nothing until
    /// somebody says who it is.
    pub(super) async fn refuse_in_conflict(
        &self,
        machine: &Machine,
        input: Input,
    ) -> Result<(), UseCaseError> {
        if input != Input::Accept {
            return Ok(());
        }
        let judged = identities::judge(&self.db, machine.id).await?;
        let Identity::Conflict {
            name,
            shared,
            differences,
            ..
        } = &judged
        else {
            return Ok(());
        };
        let is_registered = self.is_registered(machine.id).await?;
        Err(UseCaseError::Contradiction(format!(
            "{}: it claims to be {name}: {}; to accept it would change nothing; {}",
            machine.name,
            conflict_words(name, shared, differences),
            advice(machine, is_registered, &judged).join("; ")
        )))
    }
}
