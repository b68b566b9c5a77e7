//! The use case that tries again what a machine failed at.
//!
//! This permits nothing: the plan first looks whether the machine runs from its disk after all, and
//! then opens a new intent by its cluster's rule. What no rule would permit is refused here.

use machine_core::allocation::{Allocation, allocate};
use machine_core::lifecycle::{Input, State};
use machine_core::machine::Machine;
use machine_store::clusters;

use crate::error::UseCaseError;
use crate::operations::machines::MachineView;
use crate::operations::{Asked, Operations};

impl Operations {
    /// Tries again what a machine failed at.
    pub async fn retry(&self, name: &str, asked: &Asked) -> Result<MachineView, UseCaseError> {
        self.intend(name, Input::Retry, asked).await
    }

    /// An install needs one cluster's rule of today, and a disk.
    pub(super) async fn refuse_without_rule(&self, next: &Machine) -> Result<(), UseCaseError> {
        if !matches!(next.state, State::Provisioning(_)) {
            return Ok(());
        }
        match allocate(next, &clusters::list(&self.db).await?) {
            Allocation::Take { .. } => Ok(()),
            why => Err(UseCaseError::Contradiction(format!(
                "{}: its install can't be tried again: {why}",
                next.name
            ))),
        }
    }
}
