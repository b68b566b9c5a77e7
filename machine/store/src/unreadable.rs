//! Rows that can't be read, where the rest has to go on: they are left out, and each is told once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::StoreError;

/// Which rows were told already.
#[derive(Debug, Default)]
pub(crate) struct Unreadable {
    told: Mutex<BTreeSet<(&'static str, String)>>,
}

/// How many rows are told. Where more than these can't be read, the database is to be restored, and
/// that is told often enough.
const TOLD: usize = 256;

impl Unreadable {
    /// What was read; `None` for a row that can't be, which is told if it was not before.
    pub(crate) fn left_out<T>(&self, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) => match &error {
                StoreError::Corrupt { table, row, .. } => {
                    if self.is_news(table, row) {
                        tracing::error!(%error, table, row, "a row is left out, for it can't be read");
                    }
                    Ok(None)
                }
                _ => Err(error),
            },
        }
    }

    fn is_news(&self, table: &'static str, row: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < TOLD && told.insert((table, row.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrupt(row: &str) -> Result<(), StoreError> {
        Err(StoreError::Corrupt {
            table: "machine",
            row: row.to_owned(),
            column: "state".to_owned(),
            got: "asleep".to_owned(),
        })
    }

    #[test]
    fn a_row_is_told_once_and_another_error_is_none_of_a_row() {
        let unreadable = Unreadable::default();
        assert_eq!(unreadable.left_out(corrupt("1")).unwrap(), None);
        assert!(!unreadable.is_news("machine", "1"));
        assert!(unreadable.is_news("cluster", "1"));
        assert_eq!(unreadable.left_out(Ok(5)).unwrap(), Some(5));
        let closed: Result<(), _> = Err(StoreError::Closed);
        assert!(unreadable.left_out(closed).is_err());
    }
}
