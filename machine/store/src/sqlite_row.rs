//! A row of SQLite that has left its statement.

use std::sync::Arc;

use rusqlite::Statement;
use rusqlite::types::{FromSql, FromSqlError, Value};

/// The values of a row, and what they are called.
#[derive(Debug)]
pub(crate) struct SqliteRow {
    columns: Arc<[Box<str>]>,
    values: Vec<Value>,
}

impl SqliteRow {
    /// What a statement calls its columns.
    pub(crate) fn columns(statement: &Statement<'_>) -> Arc<[Box<str>]> {
        statement
            .column_names()
            .into_iter()
            .map(Into::into)
            .collect()
    }

    pub(crate) fn read(
        columns: &Arc<[Box<str>]>,
        row: &rusqlite::Row<'_>,
    ) -> rusqlite::Result<Self> {
        let values = (0..columns.len()).map(|index| row.get(index));
        Ok(Self {
            columns: Arc::clone(columns),
            values: values.collect::<Result<_, _>>()?,
        })
    }

    /// The value of a column, if it is of this type; the error says of which type it is.
    pub(crate) fn try_get<T: FromSql>(&self, column: &str) -> Result<Option<T>, String> {
        let index = self.columns.iter().position(|name| **name == *column);
        let Some(value) = index.and_then(|index| self.values.get(index)) else {
            return Err("no such column".to_owned());
        };
        if *value == Value::Null {
            return Ok(None);
        }
        T::column_result(value.into())
            .map(Some)
            .map_err(|error| match error {
                FromSqlError::InvalidType => format!("a value of type {}", value.data_type()),
                // What it says could hold the value.
                _ => "a value out of range".to_owned(),
            })
    }
}
