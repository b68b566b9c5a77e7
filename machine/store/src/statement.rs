//! One SQL text and its values, for either database.
//!
//! The values are of a closed set of types ([`Value`]), so a statement is written once and each driver
//! still gets real types.

mod value;

use std::borrow::Cow;
use std::fmt::Write as _;

use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Database, Encode, Type};

pub(crate) use crate::statement::value::Value;

/// A SQL text with its values. The text is never made of anything that a caller gave.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    sql: Cow<'static, str>,
    values: Vec<Value>,
}

impl Statement {
    /// Rows in one statement at most: both databases limit the values of one (SQLite 32,766).
    pub(crate) const ROWS: usize = 64;

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

    /// The same for any number of rows, in as few statements as possible. Each takes a power of two of
    /// them, so that few different statements have to be prepared.
    pub(crate) fn inserts(insert: &Insert, rows: Vec<Vec<Value>>) -> impl Iterator<Item = Self> {
        let mut rest = rows.into_iter();
        std::iter::from_fn(move || {
            let exponent = rest.len().min(Self::ROWS).checked_ilog2()?;
            Some(Self::insert(insert, rest.by_ref().take(1 << exponent)))
        })
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
    fn rows_go_in_powers_of_two() {
        let sizes = |rows: usize| -> Vec<usize> {
            let insert = Insert {
                table: "counter",
                columns: &["name"],
                rest: "",
            };
            let rows = vec![vec![Value::from("a")]; rows];
            let statements = Statement::inserts(&insert, rows);
            statements.map(|it| it.values.len()).collect()
        };
        assert_eq!(sizes(0), [0_usize; 0]);
        assert_eq!(sizes(7), [4, 2, 1]);
        assert_eq!(sizes(64), [64]);
        assert_eq!(sizes(130), [64, 64, 2]);
    }
}
