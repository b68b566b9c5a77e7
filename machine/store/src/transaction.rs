//! A writing transaction on either database, with savepoints.
//!
//! On SQLite it takes the one writing connection and the write lock at once (BEGIN IMMEDIATE), so
//! it never fails half-way because another has written. Dropped without a commit, it is undone.

mod held;
mod savepoint;

use std::sync::Arc;

use machine_core::generation::Generation;
use sqlx::Postgres;
use tokio::sync::watch;

use crate::error::StoreError;
use crate::generation_row::{count_up, read};
use crate::lease_journal::Journaled;
use crate::lineage::Lineage;
use crate::lineage_error::LineageError;
use crate::read_model::reader::Reader;
use crate::read_model::shared::SharedModel;
use crate::row::Row;
use crate::sqlite::SqliteTransaction;
use crate::statement::Statement;
use crate::touched::Touched;

/// How often a transaction is tried that PostgreSQL ended because of a deadlock.
pub(crate) const TRIES: u32 = 5;

#[derive(Debug)]
pub(crate) struct Transaction {
    open: Open,
    place: Arc<str>,
    lineage: Arc<Lineage>,
    reached: Option<Generation>,
    statuses: Arc<watch::Sender<i64>>,
    newest_status: Option<i64>,
    model: Arc<SharedModel>,
    touched: Touched,
    /// Whether a table was written whose rows are held in memory.
    has_written_held: bool,
    journaled: Journaled,
    #[cfg(feature = "faults")]
    faults: Arc<crate::faults::Faults>,
}

#[derive(Debug)]
pub(crate) enum Open {
    Sqlite(SqliteTransaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) fn new(
        open: Open,
        place: Arc<str>,
        lineage: Arc<Lineage>,
        (statuses, model): (Arc<watch::Sender<i64>>, Arc<SharedModel>),
        journaled: Journaled,
    ) -> Self {
        Self {
            open,
            place,
            lineage,
            reached: None,
            statuses,
            newest_status: None,
            model,
            touched: Touched::default(),
            has_written_held: false,
            journaled,
            #[cfg(feature = "faults")]
            faults: Arc::default(),
        }
    }

    /// What can be made to go wrong with its commit.
    #[cfg(feature = "faults")]
    pub(crate) fn with_faults(self, faults: &Arc<crate::faults::Faults>) -> Self {
        Self {
            faults: Arc::clone(faults),
            ..self
        }
    }

    /// Tells this number to whoever watches the statuses of machines, once it is committed.
    pub(crate) const fn publish_status(&mut self, version: i64) {
        self.newest_status = Some(version);
    }

    /// What it changes of what is held in memory: to be told by whoever writes.
    pub(crate) const fn touched(&mut self) -> &mut Touched {
        &mut self.touched
    }

    /// What it has done to the journal of leases.
    pub(crate) const fn journaled(&mut self) -> &mut Journaled {
        &mut self.journaled
    }

    /// Of what it has written so far nothing is held in memory, though rows of these tables are.
    pub(crate) const fn has_touched_nothing(&mut self) {
        self.has_written_held = false;
    }

    /// What it changed so far. Who wrote what is held, and told nothing, touched everything.
    pub(crate) fn take_touched(&mut self) -> Touched {
        let mut touched = std::mem::take(&mut self.touched);
        touched.everything |= self.has_written_held && touched.is_empty();
        self.has_written_held = false;
        touched
    }

    /// Whether nobody else writes until it has ended.
    pub(crate) const fn has_one_writer(&self) -> bool {
        matches!(self.open, Open::Sqlite(_))
    }

    /// Counts the generation up, because something changes that protects a disk: to be called once,
    /// after what it protects and before the events. An error if the database was exchanged.
    pub(crate) async fn count_generation(&mut self) -> Result<(), StoreError> {
        if self.lineage.marked().is_none() {
            return Ok(());
        }
        let row = self.optional(count_up()).await?;
        let reached = row.as_ref().map(read).transpose()?;
        if !self.lineage.goes_on(reached) {
            let place = Arc::clone(&self.place);
            return Err(LineageError::Exchanged { place }.into());
        }
        self.reached = reached;
        Ok(())
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        self.has_written_held |= held::is_written(statement.sql());
        let place = &self.place;
        match &mut self.open {
            Open::Sqlite(open) => open
                .execute(&statement)
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => statement
                .into_query::<Postgres>()
                .execute(&mut **open)
                .await
                .map(|done| done.rows_affected())
                .map_err(|error| StoreError::from_sqlx(error, place)),
        }
    }

    /// Whether a statement changed exactly one row.
    pub(crate) async fn changes_one(&mut self, statement: Statement) -> Result<bool, StoreError> {
        Ok(self.execute(statement).await? == 1)
    }

    pub(crate) async fn all(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.has_written_held |= held::is_written(statement.sql());
        let place = &self.place;
        match &mut self.open {
            Open::Sqlite(open) => open
                .all(&statement)
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect())
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => statement
                .into_query::<Postgres>()
                .fetch_all(&mut **open)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect())
                .map_err(|error| StoreError::from_sqlx(error, place)),
        }
    }

    pub(crate) async fn optional(
        &mut self,
        statement: Statement,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// Commits; when this returns, the transaction outlives a power cut, and the mark has followed.
    /// What it changed of what is held in memory is in doubt from then on.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        let touched = self.take_touched();
        let model = Arc::clone(&self.model);
        let unread = model.unread(touched.clone());
        self.commit_and(|| {}).await?;
        if touched == Touched::default() {
            unread.settle();
        }
        Ok(())
    }

    /// Commits, and does `then` once that is durable: on SQLite before anybody else writes.
    #[cfg(not(feature = "faults"))]
    pub(crate) async fn commit_and(self, then: impl FnOnce() + Send) -> Result<(), StoreError> {
        self.make_durable(then).await
    }

    /// The same, unless it is made to fail.
    #[cfg(feature = "faults")]
    pub(crate) async fn commit_and(self, then: impl FnOnce() + Send) -> Result<(), StoreError> {
        let (faults, place) = (Arc::clone(&self.faults), Arc::clone(&self.place));
        let fault = faults.of_commit();
        if fault == Some(crate::faults::CommitFault::Undone) {
            self.rollback().await?;
            return Err(crate::faults::away(&place));
        }
        self.make_durable(then).await?;
        faults.after_commit(fault, &place).await
    }

    async fn make_durable(self, then: impl FnOnce() + Send) -> Result<(), StoreError> {
        let place = &self.place;
        let mut journaled = self.journaled;
        let then = || {
            journaled.settle();
            then();
        };
        let done = match self.open {
            Open::Sqlite(open) => open
                .commit_and(then)
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => open
                .commit()
                .await
                .map(|()| then())
                .map_err(|error| StoreError::from_sqlx(error, place)),
        };
        if let Err(error @ StoreError::NotSynced { .. }) = &done {
            self.lineage.note_broken(error);
        }
        done?;
        if let Some(version) = self.newest_status {
            self.statuses.send_replace(version);
        }
        match self.reached {
            Some(reached) => self.lineage.follow(reached).await,
            None => Ok(()),
        }
    }

    /// Undoes everything.
    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        let place = &self.place;
        match self.open {
            Open::Sqlite(open) => open
                .rollback()
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => open
                .rollback()
                .await
                .map_err(|error| StoreError::from_sqlx(error, place)),
        }
    }

    async fn plain(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let place = &self.place;
        match &mut self.open {
            Open::Sqlite(open) => open
                .plain(sql)
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => sqlx::raw_sql(sql)
                .execute(&mut **open)
                .await
                .map(|_| ())
                .map_err(|error| StoreError::from_sqlx(error, place)),
        }
    }
}

impl Reader for Transaction {
    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.all(statement).await
    }
}
