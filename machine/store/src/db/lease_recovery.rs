//! What the journal of leases holds when a database is opened, and when its commit task ends.

use crate::db::Db;
use crate::error::StoreError;
use crate::lease_fold::fold;
use crate::lease_row::{COLUMNS, JOURNAL, read};
use crate::statement::Statement;

impl Db {
    /// Folds what the database holds that was just opened.
    pub(super) async fn recover_leases(&self) -> Result<(), StoreError> {
        let all = Statement::select(JOURNAL.table, &COLUMNS, "ORDER BY id");
        let rows = self.all(all).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let found = self.readable(&rows, read)?;
        self.lease_journal.hold(found);
        if let Err(error) = self.fold_leases().await {
            // On a disk that is full, what is in the journal is still known.
            tracing::warn!(%error, "the journal of leases is not folded into their table yet");
        }
        Ok(())
    }

    /// Folds what the journal of leases holds into their table.
    pub(crate) async fn fold_leases(&self) -> Result<(), StoreError> {
        if self.lease_journal.rows() == 0 {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        fold(&mut transaction).await?;
        transaction.commit_and(|| {}).await
    }
}
