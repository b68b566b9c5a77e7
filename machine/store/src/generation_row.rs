//! The one row that says which database this is, and how far it has come.

use machine_core::generation::Generation;

use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::Statement;

/// Counts the generation up. Its row is locked from here to the commit, so generations come in the
/// order of the commits.
pub(crate) fn count_up() -> Statement {
    Statement::new("UPDATE generation SET value = value + 1 RETURNING name, value")
}

pub(crate) fn read(row: &Row) -> Result<Generation, StoreError> {
    let fields = Fields::new(row, "generation", "name");
    Ok(Generation {
        database: fields.parsed("name")?,
        value: fields.integer("value")?,
    })
}

/// Names a database that has no row yet.
pub(crate) fn insert(generation: Generation) -> Statement {
    Statement::new("INSERT INTO generation (only_row, name, value) VALUES (1, $1, $2)")
        .bind(generation.database.to_string())
        .bind(generation.value)
}
