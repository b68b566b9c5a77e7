//! What can be commanded of a machine now, and a refusal that offers it.

use machine_core::allocation::{Allocation, allocate};
use machine_core::command::Standing;
use machine_core::evidence::Identity;
use machine_core::lifecycle::Refused;
use machine_core::machine::Machine;
use machine_store::{clusters, identities};

use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// What decides which commands are possible for a machine now.
    pub(super) async fn standing(&self, machine: &Machine) -> Result<Standing, UseCaseError> {
        let judged = identities::judge(&self.db, machine.id).await?;
        let allocation = allocate(machine, &clusters::list(&self.db).await?);
        Ok(Standing {
            state: machine.state,
            is_config_refused: self.refused_intent(machine).await?.is_some(),
            is_in_conflict: matches!(judged, Identity::Conflict { .. }),
            has_rule: matches!(allocation, Allocation::Take { .. }),
        })
    }

    /// The refusal of what a machine's state does not take.
    pub(super) async fn refusal(&self, machine: &Machine, refused: Refused) -> UseCaseError {
        match self.standing(machine).await {
            Ok(standing) => UseCaseError::Lifecycle {
                name: machine.name.clone(),
                refused,
                possible: standing.possible(),
            },
            Err(error) => error,
        }
    }
}
