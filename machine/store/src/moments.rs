//! The latest moment that is on record: time goes on from there, whatever the system's clock says.

use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::Fields;
use crate::statement::Statement;

/// The latest moment in any record of what happened; `None` if nothing has. Deadlines and other
/// moments that are yet to come are none of these. It reads whole tables, once at the start.
pub async fn latest(db: &Db) -> Result<Option<Timestamp>, StoreError> {
    let of = |(table, column): &(&str, &str)| format!("SELECT MAX({column}) AS at FROM {table}");
    let all: Vec<String> = MOMENTS.iter().map(of).collect();
    let sql = format!(
        "SELECT MAX(at) AS latest FROM ({}) AS moment",
        all.join(" UNION ALL ")
    );
    match db.optional(Statement::new(sql)).await? {
        Some(row) => Fields::new(&row, "event", "latest").optional_time("latest"),
        None => Ok(None),
    }
}

/// Where moments stand at which something happened.
const MOMENTS: [(&str, &str); 16] = [
    ("event", "at"),
    ("machine", "since"),
    ("evidence", "last_seen"),
    ("fact", "seen"),
    ("intent", "opened"),
    ("intent", "closed_at"),
    ("attempt", "opened"),
    ("attempt", "release_at"),
    ("attempt", "closed_at"),
    ("artefact", "last_at"),
    ("boot", "opened"),
    ("boot", "step_at"),
    ("lease", "granted"),
    ("lease_journal", "granted"),
    ("claimant", "last_seen"),
    ("operation", "recorded"),
];
