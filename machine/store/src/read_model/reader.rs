//! Whoever runs a statement that reads: the database as it is, or a transaction with what it wrote.

use std::future::Future;

use crate::error::StoreError;
use crate::row::Row;
use crate::statement::Statement;

/// Runs statements that read.
pub(crate) trait Reader: Send {
    /// The rows of a statement.
    fn rows(
        &mut self,
        statement: Statement,
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
}
