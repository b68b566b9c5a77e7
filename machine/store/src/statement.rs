//! One SQL text and its values, for either database.
//!
//! The values are a closed set of four types, which both databases store as they are, so a
//! statement is written once and each driver still gets real types. A text never holds a NUL,
//! which PostgreSQL refuses and SQLite would keep.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use machine_core::disk::DiskIdentity;
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId, OperationId};
use machine_core::intent::Actor;
use machine_core::network::{ClientKey, SubnetName};
use machine_core::time::Timestamp;
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Encode, Type};

/// A value of a column.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Boolean(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

/// A SQL text with its values. The text is never made of anything that a caller gave.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Statement {
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    pub(crate) fn with(sql: impl Into<Cow<'static, str>>, values: Vec<Value>) -> Self {
        Self {
            sql: sql.into(),
            values,
        }
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// `SELECT columns FROM table`, and then `rest`.
    pub(crate) fn select(table: &str, columns: &[&str], rest: &str) -> Self {
        Self::new(format!("SELECT {} FROM {table} {rest}", columns.join(", ")))
    }

    /// `INSERT INTO table (columns) VALUES …` of these rows, and then `rest`.
    pub(crate) fn insert(insert: &Insert, rows: impl IntoIterator<Item = Vec<Value>>) -> Self {
        let mut sql = format!(
            "INSERT INTO {} ({}) VALUES ",
            insert.table,
            insert.columns.join(", ")
        );
        let mut values = Vec::new();
        for (index, row) in rows.into_iter().enumerate() {
            if index > 0 {
                sql.push_str(", ");
            }
            sql.push_str(&placeholders(values.len() + 1, row.len()));
            values.extend(row);
        }
        sql.push(' ');
        sql.push_str(insert.rest);
        Self::with(sql, values)
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// The query for PostgreSQL's driver.
    pub(crate) fn into_query<DB>(self) -> Query<'static, DB, DB::Arguments>
    where
        DB: Database,
        Option<String>: Encode<'static, DB> + Type<DB>,
        Option<i64>: Encode<'static, DB> + Type<DB>,
        Option<bool>: Encode<'static, DB> + Type<DB>,
        Option<Vec<u8>>: Encode<'static, DB> + Type<DB>,
    {
        let query = sqlx::query::<DB>(AssertSqlSafe(self.sql));
        self.values
            .into_iter()
            .fold(query, |query, value| match value {
                Value::Text(text) => query.bind(text),
                Value::Integer(number) => query.bind(number),
                Value::Boolean(truth) => query.bind(truth),
                Value::Bytes(bytes) => query.bind(bytes),
            })
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Text(text) => text.as_ref().map(|it| ValueRef::Text(it.as_bytes())),
            Self::Integer(number) => number.map(ValueRef::Integer),
            Self::Boolean(truth) => truth.map(|it| ValueRef::Integer(i64::from(it))),
            Self::Bytes(bytes) => bytes.as_ref().map(|it| ValueRef::Blob(it)),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

/// An INSERT of whole rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Insert {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
    /// What follows the rows, such as `ON CONFLICT …`.
    pub(crate) rest: &'static str,
}

/// `($3, $4, $5)` for the third to the fifth value.
pub(crate) fn placeholders(first: usize, count: usize) -> String {
    let mut text = String::from("(");
    for number in first..first + count {
        let comma = if number == first { "" } else { ", " };
        // Writing to a String can't fail.
        let _ = write!(text, "{comma}${number}");
    }
    text.push(')');
    text
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(|text| {
            if text.contains('\0') {
                text.replace('\0', "\u{fffd}")
            } else {
                text
            }
        }))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Some(text).into()
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map(str::to_owned).into()
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        i64::from(number).into()
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Self::Integer(number)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        at.as_millis().into()
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(at: Option<Timestamp>) -> Self {
        at.map(Timestamp::as_millis).into()
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Boolean(Some(truth))
    }
}

impl From<Option<bool>> for Value {
    fn from(truth: Option<bool>) -> Self {
        Self::Boolean(truth)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl From<Option<Vec<u8>>> for Value {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

macro_rules! texts {
    ($($name:ty),* $(,)?) => {$(
        impl From<&$name> for Value {
            fn from(value: &$name) -> Self {
                value.to_string().into()
            }
        }

        impl From<Option<&$name>> for Value {
            fn from(value: Option<&$name>) -> Self {
                value.map(ToString::to_string).into()
            }
        }
    )*};
}

// What prints in full and is read back by `FromStr`.
texts!(
    MachineId,
    ClusterId,
    BootId,
    AttemptId,
    IntentId,
    OperationId,
    MacAddress,
    DiskIdentity,
    Arch,
    Firmware,
    Actor,
    ClientKey,
    SubnetName,
    IpAddr,
    SocketAddr,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbered_through() {
        let insert = Insert {
            table: "counter",
            columns: &["name", "value"],
            rest: "ON CONFLICT DO NOTHING",
        };
        let row = |name: &str| vec![Value::from(name), Value::from(0_i64)];
        let statement = Statement::insert(&insert, [row("a"), row("b")]);
        assert_eq!(
            statement.sql,
            "INSERT INTO counter (name, value) VALUES ($1, $2), ($3, $4) ON CONFLICT DO NOTHING"
        );
        assert_eq!(statement.values.len(), 4);
    }

    #[test]
    fn a_nul_never_reaches_a_database() {
        assert!(matches!(Value::from("a\0b"), Value::Text(Some(text)) if text == "a\u{fffd}b"));
    }
}
