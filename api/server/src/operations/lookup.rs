//! Which machine a person means who looks: by its name, or by what stands on its label, the address of
//! a card or the UUID. What changes a machine takes its name alone.

use std::collections::BTreeSet;

use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::machine::Machine;
use machine_store::{identities, machines};

use crate::error::UseCaseError;
use crate::operations::Operations;

impl Operations {
    /// The machine of this name, or the one that has this card or UUID.
    pub(super) async fn meant(&self, words: &str) -> Result<Machine, UseCaseError> {
        if let Some(named) = machines::find_by_name(&self.db, words).await? {
            return Ok(named);
        }
        let card: BTreeSet<MacAddress> = words.parse().into_iter().collect();
        let uuid = words.parse().ok().filter(SystemUuid::is_usable);
        let known = identities::candidates(&self.db, &card, uuid).await?;
        match known.as_slice() {
            [] => self.machine(words).await,
            [one] => self.machine(&one.name).await,
            several => {
                let names: Vec<&str> = several.iter().map(|it| it.name.as_str()).collect();
                Err(UseCaseError::Contradiction(format!(
                    "wanted one machine, but several have or claim {words}: name one of {}",
                    names.join(", ")
                )))
            }
        }
    }
}
