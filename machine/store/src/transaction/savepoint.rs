//! Places within a transaction to which it can return.

use crate::error::StoreError;
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

impl Transaction {
    /// Writes rows in as few statements as possible; `false` if they break a rule together, and then
    /// nothing of them is written.
    pub(crate) async fn insert_together(
        &mut self,
        insert: &Insert,
        rows: Vec<Vec<Value>>,
    ) -> Result<bool, StoreError> {
        if rows.is_empty() {
            return Ok(true);
        }
        self.savepoint().await?;
        for statement in Statement::inserts(insert, rows) {
            match self.execute(statement).await {
                Ok(_) => {}
                Err(error) if error.is_of_row() => {
                    self.undo().await?;
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        self.keep().await?;
        Ok(true)
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
}
