//! The use cases about the database itself: whether it is trusted, and a person's word that it is
//! the one to go on with.

use machine_core::clock_lag::ClockLag;
use machine_core::generation::Doubt;
use machine_core::safe_mode::SafeMode;
use machine_store::events::Event;
use machine_store::generation::{Confirmation, Confirmed, confirm};

use crate::caller::{Asked, Caller};
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::Operations;

/// The database, as it is shown.
#[derive(Debug, Clone)]
pub struct DatabaseView {
    /// The file or server.
    pub place: String,
    /// Why nothing may be done to a machine at the moment.
    pub safe_mode: Option<SafeMode>,
    /// That the host's clock is far behind what the database has seen.
    pub clock_lag: Option<ClockLag>,
}

impl Operations {
    /// Which database it is, whether it is trusted, and whether the host's clock is behind it.
    pub fn show_database(&self, caller: &Caller) -> Result<DatabaseView, UseCaseError> {
        self.permit(caller, Operation::GetDatabase)?;
        Ok(DatabaseView {
            place: self.db.place().to_owned(),
            safe_mode: self.db.safe_mode(),
            clock_lag: ClockLag::of(self.effects.wall(), self.effects.now()),
        })
    }

    /// Ends safe mode, if what is doubted is still what the person has read: `found`.
    pub async fn confirm_database(&self, found: &str, asked: &Asked) -> Result<(), UseCaseError> {
        self.permit(&asked.caller, Operation::ConfirmDatabase)?;
        let detail = match self.db.safe_mode() {
            Some(SafeMode::Doubted(doubt)) => confirmed(doubt, found, asked)?,
            // Carried out before, or nothing to do: the store knows.
            Some(SafeMode::NotAlone) | None => String::new(),
        };
        let at = self.effects.now();
        let confirmation = Confirmation {
            request: self.request(asked, &["confirm database", found], String::new()),
            event: Event {
                at,
                boot: None,
                machine: None,
                cluster: None,
                actor: asked.actor(),
                kind: "database".to_owned(),
                detail,
            },
        };
        match confirm(&self.db, &confirmation).await? {
            Confirmed::Now => self.wake_all().await,
            Confirmed::Before => Ok(()),
            Confirmed::NotDoubted => Err(UseCaseError::Contradiction(
                "there is nothing to confirm: nobody doubts the database".to_owned(),
            )),
        }
    }
}

/// What is recorded of the confirmation.
fn confirmed(doubt: Doubt, found: &str, asked: &Asked) -> Result<String, UseCaseError> {
    if SafeMode::Doubted(doubt).to_string() != found {
        return Err(UseCaseError::Contradiction(format!(
            "wanted to confirm what was read ({found}), but now {doubt}: look again (drover database \
             status)"
        )));
    }
    Ok(format!("gone on with, although {doubt}{}", asked.because()))
}
