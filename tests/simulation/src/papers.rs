//! What the records say of a config that goes out. That they agree with what happens is a promise of
//! its own, beside what people permitted.

use std::time::Duration;

use machine_core::attempt::Attempt;
use machine_core::id::AttemptId;
use machine_core::intent::Intent;
use machine_core::lifecycle::State;
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::{attempts, intents, machines};

use crate::invariant::Violation;

/// How long a person's word may still be on its way to what was begun before it.
pub(crate) const UNDER_WAY: Duration = Duration::from_mins(2);

/// What the records say of a config that goes out.
#[derive(Debug)]
pub(crate) struct Papers {
    attempt: Attempt,
    intent: Option<Intent>,
    machine: Option<Machine>,
}

impl Papers {
    /// Reads them.
    pub(crate) async fn read(db: &Db, id: AttemptId) -> Result<Option<Self>, StoreError> {
        let Some(attempt) = attempts::find(db, id).await? else {
            return Ok(None);
        };
        Ok(Some(Self {
            intent: intents::find(db, attempt.intent).await?,
            machine: machines::find(db, attempt.machine).await?,
            attempt,
        }))
    }

    /// Fails unless the records permit that the config goes out, or did a moment ago.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Violation> {
        if self.permit(now) {
            return Ok(());
        }
        let name = self.machine.as_ref().map(|it| it.name.clone());
        let machine = name.unwrap_or_else(|| self.attempt.machine.to_string());
        Err(Violation::ReleaseWithoutIntent { machine })
    }

    fn permit(&self, now: Timestamp) -> bool {
        let Some(intent) = &self.intent else {
            return false;
        };
        let is_fresh = |at: Timestamp| now.since(at) < UNDER_WAY;
        let is_open = intent.closed.is_none_or(|(at, _)| is_fresh(at));
        let claimed = self.attempt.release.is_some();
        let moving = self
            .machine
            .as_ref()
            .is_some_and(|it| matches!(it.state, State::Provisioning(_)) || is_fresh(it.since));
        claimed && is_open && moving && intent.assignment == self.attempt.assignment
    }
}
