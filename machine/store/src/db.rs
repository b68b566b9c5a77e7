//! The open database: its connections, its schema, and how reads and transactions begin.
//!
//! SQLite: write-ahead log, `synchronous=FULL` (a lease must outlive a power cut), rusqlite.
//! PostgreSQL: one pool of sqlx, and never less than `synchronous_commit=on`. The schema of both is
//! brought up to date by sqlx.

mod lease_recovery;
pub(crate) mod opening;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use machine_core::safe_mode::SafeMode;
use sqlx::Postgres;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::db::opening::{Opened, open_file, open_memory, open_server};
use crate::error::StoreError;
use crate::lease_journal::LeaseJournal;
use crate::lineage::Lineage;
use crate::location::Location;
use crate::read_model::reader::Reader;
use crate::read_model::shared::SharedModel;
use crate::row::Row;
use crate::statement::Statement;
use crate::transaction::{Open, Transaction};
use crate::unreadable::Unreadable;

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Db {
    opened: Opened,
    place: Arc<str>,
    lineage: Arc<Lineage>,
    unreadable: Arc<Unreadable>,
    statuses: Arc<watch::Sender<i64>>,
    model: Arc<SharedModel>,
    lease_journal: LeaseJournal,
    asked: Arc<Asked>,
    #[cfg(feature = "faults")]
    faults: Arc<crate::faults::Faults>,
}

/// How often the database was asked, for those who measure.
#[derive(Debug, Default)]
struct Asked {
    reads: AtomicU64,
    transactions: AtomicU64,
}

/// How often a database was asked since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseCounts {
    /// Statements that read outside of a transaction.
    pub reads: u64,
    /// Transactions that were begun.
    pub transactions: u64,
}

impl Db {
    /// Opens the database and brings its schema up to date. A missing SQLite file is made, for
    /// this user only.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let place: Arc<str> = location.to_string().into();
        let lineage = Arc::default();
        let opened = match location {
            Location::SqliteFile(path) => open_file(path, &place, &lineage).await?,
            Location::SqliteMemory => open_memory(&place).await?,
            Location::Postgres(url) => open_server(url.options(), &place).await?,
        };
        let db = Self {
            opened,
            place,
            lineage,
            unreadable: Arc::default(),
            statuses: Arc::default(),
            model: Arc::default(),
            lease_journal: LeaseJournal::default(),
            asked: Arc::default(),
            #[cfg(feature = "faults")]
            faults: Arc::default(),
        };
        db.recover_leases().await?;
        Ok(db)
    }

    /// What can be made to go wrong with it.
    #[cfg(feature = "faults")]
    pub fn faults(&self) -> &crate::faults::Faults {
        &self.faults
    }

    /// Why nothing may be done to a machine at the moment, whatever the records say.
    pub fn safe_mode(&self) -> Option<SafeMode> {
        self.lineage.safe_mode()
    }

    /// The database file or server, without its password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Waits until something breaks after which nobody may go on: what was written may be lost,
    /// though later writes succeed.
    pub async fn broken(&self) -> StoreError {
        self.lineage.broken().await
    }

    /// The number of the newest status of a machine that this process has committed; 0 before the
    /// first ([`crate::statuses`]).
    pub fn statuses(&self) -> watch::Receiver<i64> {
        self.statuses.subscribe()
    }

    /// What is held in memory of its machines. The commit task reads it when it starts.
    pub fn model(&self) -> &SharedModel {
        &self.model
    }

    /// How often it was asked so far.
    pub fn counts(&self) -> DatabaseCounts {
        DatabaseCounts {
            reads: self.asked.reads.load(Ordering::Relaxed),
            transactions: self.asked.transactions.load(Ordering::Relaxed),
        }
    }

    pub(crate) const fn lease_journal(&self) -> &LeaseJournal {
        &self.lease_journal
    }

    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// What was read of rows; those that can't be read are told once, and left out.
    pub(crate) fn readable<T>(
        &self,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let each = rows.iter().map(|row| self.unreadable.left_out(read(row)));
        each.filter_map(Result::transpose).collect()
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) {
        match &self.opened {
            Opened::Sqlite(sqlite) => sqlite.close().await,
            Opened::Postgres(pool) => pool.close().await,
        }
    }

    /// Does work that writes where it may wait for the disk.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.waits_for_disk() {
            return work.await;
        }
        let runtime = Handle::current();
        let done = tokio::task::spawn_blocking(move || runtime.block_on(work));
        done.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Whether whoever writes waits for a disk of this machine.
    pub(crate) fn waits_for_disk(&self) -> bool {
        matches!(&self.opened, Opened::Sqlite(sqlite) if sqlite.is_on_disk())
    }

    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.asked.reads.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "faults")]
        self.faults.before_read(&self.place)?;
        match &self.opened {
            Opened::Sqlite(sqlite) => {
                let rows = sqlite.all(statement, &self.place).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Opened::Postgres(pool) => statement
                .into_query::<Postgres>()
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect())
                .map_err(|error| StoreError::from_sqlx(error, &self.place)),
        }
    }

    pub(crate) async fn optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.asked.transactions.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "faults")]
        self.faults.before_write(&self.place).await?;
        let open = match &self.opened {
            Opened::Sqlite(sqlite) => sqlite.begin(&self.place).await.map(Open::Sqlite),
            Opened::Postgres(pool) => pool
                .begin()
                .await
                .map(Open::Postgres)
                .map_err(|error| StoreError::from_sqlx(error, &self.place)),
        };
        let (place, lineage) = (Arc::clone(&self.place), Arc::clone(&self.lineage));
        let statuses = Arc::clone(&self.statuses);
        let model = Arc::clone(&self.model);
        let journaled = self.lease_journal.untouched();
        let transaction = Transaction::new(open?, place, lineage, (statuses, model), journaled);
        #[cfg(feature = "faults")]
        let transaction = transaction.with_faults(&self.faults);
        Ok(transaction)
    }
}

impl Reader for &Db {
    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.all(statement).await
    }
}
