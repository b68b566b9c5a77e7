//! Stored values back to values of the domain. What can't be read is named, never guessed.

use std::str::FromStr;

use machine_core::time::Timestamp;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::error::StoreError;
use crate::sqlite_row::SqliteRow;

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! try_get {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column),
            Row::Postgres(row) => row.try_get($column).map_err(|error| error.to_string()),
        }
    };
}

/// The columns of one table in a row; in a join, those with a prefix.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'r> {
    row: &'r Row,
    table: &'static str,
    key: &'static str,
    prefix: &'static str,
}

impl<'r> Fields<'r> {
    /// The columns of `table`, whose rows are named by `key` in errors.
    pub(crate) const fn new(row: &'r Row, table: &'static str, key: &'static str) -> Self {
        Self {
            row,
            table,
            key,
            prefix: "",
        }
    }

    /// The same columns under a prefix, as [`prefixed`] selects them.
    pub(crate) const fn under(self, prefix: &'static str) -> Self {
        Self { prefix, ..self }
    }

    pub(crate) fn optional_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        let name = format!("{}{column}", self.prefix);
        try_get!(self.row, name.as_str()).map_err(|error| self.unreadable(column, &error))
    }

    pub(crate) fn optional_integer(&self, column: &str) -> Result<Option<i64>, StoreError> {
        let name = format!("{}{column}", self.prefix);
        try_get!(self.row, name.as_str()).map_err(|error| self.unreadable(column, &error))
    }

    pub(crate) fn optional_boolean(&self, column: &str) -> Result<Option<bool>, StoreError> {
        let name = format!("{}{column}", self.prefix);
        try_get!(self.row, name.as_str()).map_err(|error| self.unreadable(column, &error))
    }

    pub(crate) fn optional_bytes(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = format!("{}{column}", self.prefix);
        try_get!(self.row, name.as_str()).map_err(|error| self.unreadable(column, &error))
    }

    pub(crate) fn text(&self, column: &str) -> Result<String, StoreError> {
        self.required(column, self.optional_text(column)?)
    }

    pub(crate) fn integer(&self, column: &str) -> Result<i64, StoreError> {
        self.required(column, self.optional_integer(column)?)
    }

    pub(crate) fn boolean(&self, column: &str) -> Result<bool, StoreError> {
        self.required(column, self.optional_boolean(column)?)
    }

    pub(crate) fn bytes(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.required(column, self.optional_bytes(column)?)
    }

    /// A number that must not be negative or beyond 32 bits.
    pub(crate) fn count(&self, column: &str) -> Result<u32, StoreError> {
        let number = self.integer(column)?;
        u32::try_from(number).map_err(|_| self.corrupt(column, &number.to_string()))
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        self.integer(column).map(Timestamp::from_millis)
    }

    pub(crate) fn optional_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.optional_integer(column)?.map(Timestamp::from_millis))
    }

    pub(crate) fn parsed<T: FromStr>(&self, column: &str) -> Result<T, StoreError> {
        self.required(column, self.optional_parsed(column)?)
    }

    pub(crate) fn optional_parsed<T: FromStr>(
        &self,
        column: &str,
    ) -> Result<Option<T>, StoreError> {
        self.optional_named(column, |text| text.parse().ok())
    }

    /// A value that `find` knows by its stored name.
    pub(crate) fn named<T>(
        &self,
        column: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        self.required(column, self.optional_named(column, find)?)
    }

    pub(crate) fn optional_named<T>(
        &self,
        column: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.optional_text(column)? else {
            return Ok(None);
        };
        match find(&text) {
            Some(value) => Ok(Some(value)),
            None => Err(self.corrupt(column, &text)),
        }
    }

    pub(crate) fn required<T>(&self, column: &str, value: Option<T>) -> Result<T, StoreError> {
        value.ok_or_else(|| self.corrupt(column, "NULL"))
    }

    pub(crate) fn corrupt(&self, column: &str, got: &str) -> StoreError {
        let name = format!("{}{}", self.prefix, self.key);
        let key: Result<Option<String>, String> = try_get!(self.row, name.as_str());
        let number: Result<Option<i64>, String> = try_get!(self.row, name.as_str());
        let number = number.ok().flatten().map(|it| it.to_string());
        StoreError::Corrupt {
            table: self.table,
            row: key.ok().flatten().or(number).unwrap_or_default(),
            column: column.to_owned(),
            got: got.chars().take(64).collect(),
        }
    }

    /// A value of another type than the column's: what the driver says of it holds types only.
    fn unreadable(&self, column: &str, error: &str) -> StoreError {
        self.corrupt(column, error)
    }
}

/// `m.id AS m_id, m.name AS m_name` for the columns of a table that a join calls `m`.
pub(crate) fn prefixed(alias: &str, columns: &[&str]) -> String {
    let one = |column: &&str| format!("{alias}.{column} AS {alias}_{column}");
    columns.iter().map(one).collect::<Vec<_>>().join(", ")
}
