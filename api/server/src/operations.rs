//! The use cases, once; the faces translate and call them.

pub(crate) mod access;
mod advice;
mod apply_machines;
pub mod apply_result;
mod boards;
pub mod boots;
mod cancel;
mod cluster_change;
mod cluster_end;
mod cluster_listing;
mod cluster_notes;
pub(crate) mod clusters;
pub(crate) mod database;
mod drafting;
pub mod endings;
pub mod events;
mod exclusive;
mod forget;
mod holders;
mod lookup;
mod machine_view;
pub(crate) mod machines;
mod merge;
mod named_members;
pub mod page;
pub(crate) mod power;
mod registration;
pub mod release_hold;
mod retire;
mod retry;
mod retry_with_wipe;
pub(crate) mod secrets_import;
mod standing;
mod withdrawal;

use std::sync::Arc;

use machine_core::machine::Machine;
use machine_store::change::{Change, Outcome};
use machine_store::commit::CommitHandle;
use machine_store::db::Db;
use machine_store::machines as stored;
use machine_store::requests::{self, Request};

use crate::caller::{Asked, Caller};
use crate::effects::Effects;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::similar::similar;

/// The use cases over a database and a daemon.
#[derive(Clone)]
pub struct Operations {
    pub(crate) db: Db,
    pub(crate) commit: CommitHandle,
    pub(crate) effects: Arc<dyn Effects>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operations")
            .field("db", &self.db)
            .finish_non_exhaustive()
    }
}

/// What became of a change.
pub(crate) enum Written {
    /// It is written.
    Now,
    /// The same request was carried out before, with this result: nothing was written.
    Before(String),
    /// Somebody was faster: it has to be thought out anew.
    Overtaken,
}

/// How often a use case is thought out anew when somebody else was faster.
const TRIES: usize = 5;

impl Operations {
    /// Over these.
    pub fn new(db: Db, commit: CommitHandle, effects: Arc<dyn Effects>) -> Self {
        Self {
            db,
            commit,
            effects,
        }
    }

    /// Refuses what none of the caller's roles may do, and what waits while safe mode lasts.
    pub(crate) fn permit(&self, caller: &Caller, operation: Operation) -> Result<(), UseCaseError> {
        caller.permit(operation)?;
        match self.db.safe_mode() {
            Some(safe_mode) if operation.waits_in_safe_mode() => Err(UseCaseError::SafeMode {
                operation,
                safe_mode,
            }),
            _ => Ok(()),
        }
    }

    pub(crate) async fn machine(&self, name: &str) -> Result<Machine, UseCaseError> {
        if let Some(found) = stored::find_by_name(&self.db, name).await? {
            return Ok(found);
        }
        let all = stored::list(&self.db).await?;
        let similar = similar(name, all.iter().map(|it| it.name.as_str()));
        Err(UseCaseError::NotFound {
            what: "machine",
            name: name.to_owned(),
            similar: similar.map(str::to_owned),
        })
    }

    /// The record of a request, for the change that it asks for; `result` is what a repetition
    /// is answered from.
    pub(crate) fn request(&self, asked: &Asked, what: &[&str], result: String) -> Request {
        Request {
            key: asked.key.clone(),
            digest: self.effects.request_code(what),
            result,
            at: self.effects.now(),
        }
    }

    /// The result of the same request, if it was carried out before.
    pub(crate) async fn carried_out(
        &self,
        asked: &Asked,
        what: &[&str],
    ) -> Result<Option<String>, UseCaseError> {
        let Some(earlier) = requests::find(&self.db, &asked.key).await? else {
            return Ok(None);
        };
        let code = self.effects.request_code(what);
        Ok(Some(earlier.repeated(&code)?))
    }

    /// Wakes every machine after a change: those that it changed, whose notes are of before, and all
    /// others, for it may be what they wait for.
    pub(crate) async fn wake_after(&self, change: &Change) -> Result<(), UseCaseError> {
        for write in &change.machines {
            self.effects.wake(write.machine());
        }
        self.wake_all().await
    }

    /// Wakes every machine: what was changed may be what another one waits for.
    pub(crate) async fn wake_all(&self) -> Result<(), UseCaseError> {
        for machine in stored::list(&self.db).await? {
            self.effects.wake_bystander(machine.id);
        }
        Ok(())
    }

    /// Writes a change.
    pub(crate) async fn write(&self, change: &Change) -> Result<Written, UseCaseError> {
        match self.commit.submit(change.clone()).await? {
            Outcome::Applied => Ok(Written::Now),
            Outcome::Repeated(result) => Ok(Written::Before(result)),
            // Whoever was a moment faster is found when it is thought out anew, and named.
            Outcome::Stale { .. } | Outcome::Taken { .. } => Ok(Written::Overtaken),
        }
    }
}
