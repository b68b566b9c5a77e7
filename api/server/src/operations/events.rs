//! Use cases that read what happened: a machine's timeline, and events in pages.

use machine_core::id::MachineId;
use machine_store::events::{self, RecordedEvent};
use machine_store::forgotten;

use crate::caller::Caller;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::Operations;

/// How many events are read at once: a few hundred kilobytes.
pub const MOST: u32 = 500;

/// Whose events are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsOf<'a> {
    /// Of all.
    All,
    /// Of the machine of this name.
    Machine(&'a str),
    /// Of the cluster of this name.
    Cluster(&'a str),
}

impl Operations {
    /// The machine whose timeline is meant by a name: also one that was forgotten, until another has
    /// its name.
    pub async fn watched(&self, caller: &Caller, name: &str) -> Result<MachineId, UseCaseError> {
        self.permit(caller, Operation::WatchTimeline)?;
        self.remembered(name).await
    }

    /// The events of a machine after the one of this number, oldest first.
    pub async fn timeline(
        &self,
        caller: &Caller,
        machine: MachineId,
        after: i64,
    ) -> Result<Vec<RecordedEvent>, UseCaseError> {
        self.permit(caller, Operation::WatchTimeline)?;
        Ok(events::of_machine(&self.db, machine, after, MOST).await?)
    }

    /// At most `limit` events after the one of this number, oldest first.
    pub async fn list_events(
        &self,
        caller: &Caller,
        of: EventsOf<'_>,
        (after, limit): (i64, u32),
    ) -> Result<Vec<RecordedEvent>, UseCaseError> {
        self.permit(caller, Operation::ListEvents)?;
        let limit = limit.min(MOST);
        let found = match of {
            EventsOf::All => events::since(&self.db, after, limit).await,
            EventsOf::Machine(name) => {
                let machine = self.remembered(name).await?;
                events::of_machine(&self.db, machine, after, limit).await
            }
            EventsOf::Cluster(name) => {
                let cluster = self.cluster(name).await?;
                events::of_cluster(&self.db, cluster.id, after, limit).await
            }
        };
        Ok(found?)
    }

    async fn remembered(&self, name: &str) -> Result<MachineId, UseCaseError> {
        match self.machine(name).await {
            Ok(machine) => Ok(machine.id),
            Err(error) => {
                let forgotten = forgotten::find_by_name(&self.db, name).await?;
                forgotten.ok_or(error)
            }
        }
    }
}
