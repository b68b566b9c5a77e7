//! A sighting becomes a machine: when it asks for its script or config, with its steps so far.
//!
//! Two requests of one sighting may come at once, and to two replicas. Machines are therefore made
//! one after the other, and only if the candidates are those that the caller has judged on.

use std::collections::BTreeSet;

use machine_core::boot::Boot;
use machine_core::evidence::EvidenceSource;
use machine_core::id::MachineId;
use machine_core::machine::Machine;

use crate::commit::item::{Item, Verdict, Writing};
use crate::error::StoreError;
use crate::events::Event;
use crate::evidence::{self, Evidence, Fact};
use crate::statement::Statement;
use crate::touched::Parts;
use crate::{boots, identities, machines};

/// A machine that was seen for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMachine {
    /// Its record.
    pub machine: Machine,
    /// What it showed of itself.
    pub facts: Vec<Fact>,
    /// The machines that were found to share a card or the board with it, when it was judged to be
    /// none of them.
    pub candidates: BTreeSet<MachineId>,
    /// Its boot, which belongs to it from now on.
    pub boot: Option<Boot>,
    /// What happened so far.
    pub events: Vec<Event>,
}

/// What became of a new machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewMachineOutcome {
    /// It has a record.
    Created,
    /// Its name belongs to another: try the next one.
    NameTaken,
    /// Others share a card or the board with it than when it was judged: judge again.
    CandidatesChanged,
}

impl Item for NewMachine {
    type Outcome = NewMachineOutcome;

    async fn write(
        &self,
        writing: &mut Writing<'_>,
    ) -> Result<Verdict<NewMachineOutcome>, StoreError> {
        const ONE_BY_ONE: &str = "UPDATE counter SET value = value + 1 WHERE name = 'machine'";
        let transaction = &mut *writing.transaction;
        transaction.touched().machine(self.machine.id, Parts::ALL);
        transaction.execute(Statement::new(ONE_BY_ONE)).await?;
        let uuid = self.facts.iter().find_map(|fact| match fact {
            Fact::Uuid(uuid) => Some(*uuid),
            Fact::Mac(_) | Fact::Listed(_) | Fact::Serial(_) => None,
        });
        let cards = self.facts.iter().filter_map(|fact| match fact {
            Fact::Mac(mac) => Some(*mac),
            Fact::Listed(_) | Fact::Uuid(_) | Fact::Serial(_) => None,
        });
        let known = identities::candidates_within(transaction, &cards.collect(), uuid).await?;
        let known: BTreeSet<MachineId> = known.iter().map(|it| it.machine).collect();
        if known != self.candidates {
            return Ok(Verdict::Undo(NewMachineOutcome::CandidatesChanged));
        }
        if !machines::insert(transaction, &self.machine).await? {
            return Ok(Verdict::Undo(NewMachineOutcome::NameTaken));
        }
        let evidence = Evidence {
            machine: self.machine.id,
            at: self.machine.since,
            source: EvidenceSource::Asked,
            facts: self.facts.clone(),
        };
        evidence::add(transaction, &evidence).await?;
        if let Some(boot) = &self.boot {
            transaction.touched().boot(boot);
            let statement = Statement::insert(&boots::UPSERT, [boots::values(boot)]);
            transaction.execute(statement).await?;
        }
        writing.events.extend(self.events.iter().cloned());
        *writing.protects_a_disk = true;
        Ok(Verdict::Keep(NewMachineOutcome::Created))
    }
}
