//! What can be committed: each kind of item with its outcome.

use std::future::Future;
use std::net::IpAddr;

use machine_core::boot::Boot;
use machine_core::network::{ClientKey, Lease, SubnetName};
use tokio::sync::oneshot;

use crate::boots;
use crate::error::StoreError;
use crate::events::Event;
use crate::evidence::{self, Evidence};
use crate::lease_writes::{self, LeaseOutcome};
use crate::statement::Statement;
use crate::touched::Parts;
use crate::transaction::Transaction;

/// The end of a lease: its client released or declined the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseEnd {
    /// In which subnet.
    pub subnet: SubnetName,
    /// Whose.
    pub client: ClientKey,
    /// Which address.
    pub address: IpAddr,
}

/// What an item has come to within its transaction.
#[derive(Debug)]
pub enum Verdict<T> {
    /// Keep what it wrote.
    Keep(T),
    /// It was refused: undo what it wrote.
    Undo(T),
}

/// Something that the boot plane commits; [`crate::commit::job::Submit`] lists what there is.
pub trait Item: Send + Sync + Sized + 'static {
    /// What its waiter is told.
    type Outcome: Send + 'static;

    /// Writes it. Events are added at the end of the transaction, if it is kept.
    #[doc(hidden)]
    fn write(
        &self,
        writing: &mut Writing<'_>,
    ) -> impl Future<Output = Result<Verdict<Self::Outcome>, StoreError>> + Send;
}

/// The transaction that items write to, and the events that end it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Writing<'t> {
    pub(crate) transaction: &'t mut Transaction,
    pub(crate) events: &'t mut Vec<Event>,
    /// Set by what could let a disk be erased if the database lacked it.
    pub(crate) protects_a_disk: &'t mut bool,
}

/// An item, what became of it, and who waits for that.
#[doc(hidden)]
#[derive(Debug)]
pub struct Ticket<I: Item> {
    pub(crate) item: I,
    pub(crate) outcome: Option<Result<I::Outcome, StoreError>>,
    pub(crate) reply: Option<oneshot::Sender<Result<I::Outcome, StoreError>>>,
}

impl<I: Item> Ticket<I> {
    pub(crate) const fn new(
        item: I,
        reply: Option<oneshot::Sender<Result<I::Outcome, StoreError>>>,
    ) -> Self {
        Self {
            item,
            outcome: None,
            reply,
        }
    }

    /// Writes the item on a savepoint of its own. An error comes back only if it is everybody's.
    pub(crate) async fn write(&mut self, writing: &mut Writing<'_>) -> Result<(), StoreError> {
        let events = writing.events.len();
        writing.transaction.savepoint().await?;
        let written = self.item.write(writing).await;
        let outcome = match written {
            Ok(Verdict::Keep(outcome)) => {
                writing.transaction.keep().await?;
                self.outcome = Some(Ok(outcome));
                return Ok(());
            }
            Ok(Verdict::Undo(outcome)) => Ok(outcome),
            Err(error) if error.is_of_row() => Err(error),
            Err(error) => return Err(error),
        };
        writing.events.truncate(events);
        writing.transaction.undo().await?;
        self.outcome = Some(outcome);
        Ok(())
    }

    pub(crate) fn answer(self, done: &Result<(), StoreError>) {
        let outcome = match (done, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            (Ok(()), None) => Err(StoreError::Closed),
            (Err(error), _) => Err(error.clone()),
        };
        if let Some(reply) = self.reply {
            // Who stopped waiting has stopped waiting.
            let _ = reply.send(outcome);
        }
    }
}

impl Item for Lease {
    type Outcome = LeaseOutcome;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<LeaseOutcome>, StoreError> {
        Ok(
            match lease_writes::grant(writing.transaction, self).await? {
                LeaseOutcome::Committed => Verdict::Keep(LeaseOutcome::Committed),
                taken @ LeaseOutcome::Taken { .. } => Verdict::Undo(taken),
            },
        )
    }
}

impl Item for LeaseEnd {
    /// Whether there was such a lease.
    type Outcome = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<bool>, StoreError> {
        lease_writes::end(
            writing.transaction,
            &self.subnet,
            &self.client,
            self.address,
        )
        .await
        .map(Verdict::Keep)
    }
}

impl Item for Boot {
    type Outcome = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<()>, StoreError> {
        let statement = Statement::insert(&boots::UPSERT, [boots::values(self)]);
        writing.transaction.touched().boot(self);
        writing.transaction.execute(statement).await?;
        Ok(Verdict::Keep(()))
    }
}

impl Item for Evidence {
    type Outcome = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<()>, StoreError> {
        let touched = writing.transaction.touched();
        touched.machine(self.machine, Parts::RECOGNISED);
        evidence::add(writing.transaction, self)
            .await
            .map(Verdict::Keep)
    }
}

impl Item for Vec<Event> {
    type Outcome = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<()>, StoreError> {
        writing.events.extend(self.iter().cloned());
        Ok(Verdict::Keep(()))
    }
}
