//! The queue of the commit task: a ticket of any kind of item.

use machine_core::boot::Boot;
use machine_core::network::Lease;

use crate::change::Change;
use crate::claimants::Heard;
use crate::commit::claim::{Fetch, ReleaseClaim};
use crate::commit::item::{Item, LeaseEnd, Ticket, Writing};
use crate::commit::sighting::NewMachine;
use crate::error::StoreError;
use crate::events::Event;
use crate::evidence::Evidence;
use crate::facts::Learned;
use crate::statuses::MachineStatus;

/// What can be submitted: [`Lease`], [`LeaseEnd`], [`Boot`], [`Evidence`], [`NewMachine`],
/// [`ReleaseClaim`], [`Fetch`], [`Heard`], [`Learned`],
/// [`MachineStatus`], [`Change`] and lists of [`Event`]s.
pub trait Submit: Item + sealed::Written {
    #[doc(hidden)]
    fn into_job(ticket: Box<Ticket<Self>>) -> Job;
}

mod sealed {
    pub trait Written {}
}

macro_rules! items {
    ($($kind:ident($item:ty)),* $(,)?) => {
        /// An item of any kind in the queue.
        #[doc(hidden)]
        #[derive(Debug)]
        pub enum Job {
            $(
                #[doc = concat!("A [`", stringify!($kind), "`].")]
                $kind(Box<Ticket<$item>>),
            )*
        }

        impl Job {
            /// Writes it on a savepoint of its own.
            pub(crate) async fn write(&mut self, writing: &mut Writing<'_>) -> Result<(), StoreError> {
                match self {
                    $(Self::$kind(ticket) => ticket.write(writing).await,)*
                }
            }

            /// Tells its waiter, after the commit or its failure.
            pub(crate) fn answer(self, done: &Result<(), StoreError>) {
                match self {
                    $(Self::$kind(ticket) => ticket.answer(done),)*
                }
            }
        }

        $(
            impl sealed::Written for $item {}

            impl Submit for $item {
                fn into_job(ticket: Box<Ticket<Self>>) -> Job {
                    Job::$kind(ticket)
                }
            }
        )*
    };
}

type Events = Vec<Event>;

items! {
    Lease(Lease),
    LeaseEnd(LeaseEnd),
    Boot(Boot),
    Evidence(Evidence),
    NewMachine(NewMachine),
    ReleaseClaim(ReleaseClaim),
    Fetch(Fetch),
    Heard(Heard),
    Learned(Learned),
    MachineStatus(MachineStatus),
    Events(Events),
    Change(Change),
}

impl Job {
    /// The lease that it grants or renews.
    pub(crate) const fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Lease(ticket) => Some(&ticket.item),
            _ => None,
        }
    }

    /// How many events it holds that nobody waits for.
    pub(crate) fn unanswered_events(&self) -> u64 {
        match self {
            Self::Events(ticket) if ticket.reply.is_none() => {
                u64::try_from(ticket.item.len()).unwrap_or(u64::MAX)
            }
            _ => 0,
        }
    }
}
