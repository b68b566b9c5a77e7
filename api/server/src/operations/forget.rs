//! The use case that removes a machine's record: one that is retired, was never accepted, or only
//! claims to be another.

use machine_core::command::Command;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::{clusters, reservations};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::endings::Thought;
use crate::operations::machines::event;
use crate::operations::named_members::naming;

impl Operations {
    pub(super) async fn forgetting(
        &self,
        machine: &Machine,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        self.refuse_while_in_use(machine).await?;
        let at = self.effects.now();
        let detail = format!("its record was removed{}", asked.because());
        Ok(Thought {
            change: Change {
                machines: vec![MachineWrite::Forget {
                    id: machine.id,
                    version: machine.version,
                    at,
                }],
                events: vec![event(machine, asked, at, "forgotten", detail)],
                ..Change::default()
            },
            freed: reservations::of_machine(&self.db, machine.id).await?,
            notes: self.notes_on_rules(machine).await?,
        })
    }

    /// A member, and one that is on the move, is retired first: that closes what it may still do.
    async fn refuse_while_in_use(&self, machine: &Machine) -> Result<(), UseCaseError> {
        if self.standing(machine).await?.permits(Command::Forget) {
            return Ok(());
        }
        Err(UseCaseError::Contradiction(format!(
            "{name} is {state}: wanted a machine that is retired or was never accepted; retire it \
             first (drover machine retire {name})",
            name = machine.name,
            state = machine.state
        )))
    }

    async fn notes_on_rules(&self, machine: &Machine) -> Result<Vec<String>, UseCaseError> {
        let clusters = clusters::list(&self.db).await?;
        let naming = naming(&clusters, &machine.name);
        let note = |name: &str| {
            format!(
                "the file of {name} still names {}: the next machine that is registered under \
                 this name is taken by that rule",
                machine.name
            )
        };
        Ok(naming.into_iter().map(note).collect())
    }
}
