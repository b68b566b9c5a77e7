//! How many machines are worked on at once: so many by records alone, and apart from them so many
//! whose BMC or node is asked. A BMC that is dead takes seconds to be given up, and a rack of them
//! must not keep the others from what needs no answer.

use tokio::sync::{Semaphore, SemaphorePermit};

/// How many machines are worked on by records at once: a few for each connection to the database.
const BY_RECORDS: usize = 16;
/// How many BMCs are asked at once, a socket each: more than a rack has machines, so that a rack
/// whose BMCs are all dead leaves places for the others.
pub(super) const BMCS: usize = 64;
/// How many nodes are asked at once, a connection each: as many as BMCs, for the same reason.
pub(super) const NODES: usize = 64;

/// The places in which machines are worked on.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) site: Semaphore,
    pub(super) bmcs: Semaphore,
    pub(super) nodes: Semaphore,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            site: Semaphore::new(BY_RECORDS),
            bmcs: Semaphore::new(BMCS),
            nodes: Semaphore::new(NODES),
        }
    }
}

/// A place, or none: the places are never closed, so none is not seen.
pub(super) type Place<'a> = Option<SemaphorePermit<'a>>;

impl Places {
    /// One for a machine whose BMC is asked.
    pub(super) async fn of_bmcs(&self) -> Place<'_> {
        self.bmcs.acquire().await.ok()
    }
}
