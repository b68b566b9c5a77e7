//! A writing transaction on either database, with savepoints.
//!
//! On SQLite it takes the one writing connection and the write lock at once (BEGIN IMMEDIATE), so
//! it never fails half-way because another has written. Dropped without a commit, it is undone.

use std::sync::Arc;

use machine_core::generation::Generation;
use sqlx::Postgres;

use crate::error::StoreError;
use crate::generation_row::{count_up, read};
use crate::lineage::Lineage;
use crate::lineage_error::LineageError;
use crate::row::Row;
use crate::sqlite::SqliteTransaction;
use crate::statement::Statement;

/// How often a transaction is tried that PostgreSQL ended because of a deadlock.
pub(crate) const TRIES: u32 = 5;

#[derive(Debug)]
pub(crate) struct Transaction {
    open: Open,
    place: Arc<str>,
    lineage: Arc<Lineage>,
    reached: Option<Generation>,
    #[cfg(feature = "faults")]
    faults: Arc<crate::faults::Faults>,
}

#[derive(Debug)]
pub(crate) enum Open {
    Sqlite(SqliteTransaction),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(crate) fn new(open: Open, place: Arc<str>, lineage: Arc<Lineage>) -> Self {
        Self {
            open,
            place,
            lineage,
            reached: None,
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

    /// Marks the place to which [`Self::undo`] returns.
    pub(crate) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.plain("SAVEPOINT item").await
    }

    /// Keeps what was done since the savepoint.
    pub(crate) async fn keep(&mut self) -> Result<(), StoreError> {
        self.plain("RELEASE SAVEPOINT item").await
    }

    /// Undoes what was done since the savepoint, also after a failed statement.
    pub(crate) async fn undo(&mut self) -> Result<(), StoreError> {
        self.plain("ROLLBACK TO SAVEPOINT item").await?;
        self.plain("RELEASE SAVEPOINT item").await
    }

    /// Commits; when this returns, the transaction outlives a power cut, and the mark has followed.
    #[cfg(not(feature = "faults"))]
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        self.make_durable().await
    }

    /// The same, unless it is made to fail.
    #[cfg(feature = "faults")]
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let (faults, place) = (Arc::clone(&self.faults), Arc::clone(&self.place));
        let fault = faults.of_commit();
        if fault == Some(crate::faults::CommitFault::Undone) {
            self.rollback().await?;
            return Err(crate::faults::away(&place));
        }
        self.make_durable().await?;
        faults.after_commit(fault, &place).await
    }

    async fn make_durable(self) -> Result<(), StoreError> {
        let place = &self.place;
        let done = match self.open {
            Open::Sqlite(open) => open
                .commit()
                .map_err(|error| StoreError::from_sqlite(error, place)),
            Open::Postgres(open) => open
                .commit()
                .await
                .map_err(|error| StoreError::from_sqlx(error, place)),
        };
        if let Err(error @ StoreError::NotSynced { .. }) = &done {
            self.lineage.note_broken(error);
        }
        done?;
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
