//! Checkpoints of SQLite's write-ahead log, which bring it into the file and sync that.
//!
//! SQLite makes them by itself after a commit, and keeps an error of theirs to itself
//! (`sqlite3WalDefaultHook`): a file that could not be synced would be believed. So they are ours,
//! before a transaction begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use crate::error::StoreError;
use crate::lineage::Lineage;

/// Makes a checkpoint every so often.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    place: Arc<str>,
    lineage: Arc<Lineage>,
    transactions: AtomicU32,
}

/// Transactions between two checkpoints: about the 1,000 pages after which SQLite itself makes one.
const EVERY: u32 = 128;

impl Checkpoints {
    /// Of this database; what fails for good is told to whoever waits for it.
    pub(crate) const fn new(place: Arc<str>, lineage: Arc<Lineage>) -> Self {
        Self {
            place,
            lineage,
            transactions: AtomicU32::new(0),
        }
    }

    /// To be called before each transaction. Nothing is lost if it does not come about: it is made
    /// later. A sync that failed is another thing.
    pub(crate) fn before_transaction(&self, connection: &Connection) {
        let number = self.transactions.fetch_add(1, Ordering::Relaxed);
        if number % EVERY != EVERY - 1 {
            return;
        }
        let made = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        let Err(error) = made else {
            return;
        };
        let error = StoreError::from_sqlite(error, &self.place);
        tracing::warn!(%error, "no checkpoint of the write-ahead log");
        if matches!(error, StoreError::NotSynced { .. }) {
            self.lineage.note_broken(&error);
        }
    }
}
