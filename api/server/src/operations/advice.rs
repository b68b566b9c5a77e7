//! What a person is told to do for a machine that goes on by nothing else.

use machine_core::advice::{Claiming, SharedFact, advice, advice_on_claimant};
use machine_core::evidence::{Identity, conflict_words};
use machine_core::id::MachineId;
use machine_core::lifecycle::Input;
use machine_core::machine::Machine;
use machine_store::evidence::{self, RecordedFact};
use machine_store::{identities, registrations};

use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// What can be done for a machine, and for those that claim to be it.
    pub(super) async fn advice(&self, machine: &Machine) -> Result<Vec<String>, UseCaseError> {
        let judged = identities::judge(&self.db, machine.id).await?;
        let shared = self.shared_facts(machine.id, &judged).await?;
        let claiming = Claiming {
            is_registered: self.is_registered(machine.id).await?,
            shared: &shared,
        };
        let mut ways = advice(machine, claiming, &judged);
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
            let judged = identities::judge(&self.db, other.machine).await?;
            if let Identity::Conflict {
                with, differences, ..
            } = &judged
                && *with == machine.id
            {
                let shared = self.shared_facts(other.machine, &judged).await?;
                let claiming = Claiming {
                    is_registered: self.is_registered(other.machine).await?,
                    shared: &shared,
                };
                notes.push(advice_on_claimant(
                    &machine.name,
                    (&other.name, claiming),
                    differences,
                ));
            }
        }
        Ok(notes)
    }

    /// What a claimant and the machine that it claims to be were both told to have, and by whom.
    async fn shared_facts(
        &self,
        claimant: MachineId,
        judged: &Identity,
    ) -> Result<Vec<SharedFact>, UseCaseError> {
        let Identity::Conflict { with, shared, .. } = judged else {
            return Ok(Vec::new());
        };
        let own = evidence::of_machine(&self.db, claimant).await?;
        let theirs = evidence::of_machine(&self.db, *with).await?;
        let is_told = |it: &&RecordedFact| it.source.is_authority() && shared.contains(&it.kind);
        let both = own.iter().filter(is_told).filter_map(|own| {
            let mut told = theirs.iter().filter(is_told);
            let same = told.find(|it| (it.kind, &it.value) == (own.kind, &own.value))?;
            Some(SharedFact {
                kind: own.kind,
                value: own.value.clone(),
                of_claimant: own.source,
                of_established: same.source,
            })
        });
        Ok(both.collect())
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
        let facts = self.shared_facts(machine.id, &judged).await?;
        let claiming = Claiming {
            is_registered: self.is_registered(machine.id).await?,
            shared: &facts,
        };
        Err(UseCaseError::Contradiction(format!(
            "{}: it claims to be {name}: {}; to accept it would change nothing; {}",
            machine.name,
            conflict_words(name, shared, differences),
            advice(machine, claiming, &judged).join("; ")
        )))
    }
}
