//! The documents that left under attempts, each with the digest of its bytes. They are written in the
//! transaction that lets them out, and go when their attempt goes.

use machine_core::artefact::{FetchedArtefact, NamedDigest, Sha256Digest};
use machine_core::id::{AttemptId, MachineId};
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::releases;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement};
use crate::transaction::Transaction;

const COLUMNS: [&str; 6] = [
    "attempt", "name", "digest", "first_at", "last_at", "fetches",
];

/// The documents that left under an attempt, by name.
pub async fn of_attempt(db: &Db, id: AttemptId) -> Result<Vec<FetchedArtefact>, StoreError> {
    const OF_ATTEMPT: &str = "WHERE attempt = $1 ORDER BY name";
    let statement = Statement::select("artefact", &COLUMNS, OF_ATTEMPT).bind(&id);
    db.all(statement).await?.iter().map(read).collect()
}

/// The documents that left under the latest `limit` attempts of a machine, by attempt and name.
pub async fn recent(
    db: &Db,
    machine: MachineId,
    limit: u32,
) -> Result<Vec<FetchedArtefact>, StoreError> {
    const RECENT: &str = "WHERE artefact.attempt IN (SELECT recent.id FROM (\
         SELECT id FROM attempt WHERE machine = $1 ORDER BY opened DESC, number DESC LIMIT $2\
         ) recent) ORDER BY artefact.attempt, name";
    let statement = Statement::select("artefact", &COLUMNS, RECENT).bind(&machine);
    let rows = db.all(statement.bind(limit)).await?;
    rows.iter().map(read).collect()
}

/// Counts that a document leaves; `false` if it left with other bytes before: it must not leave.
pub(crate) async fn count(
    transaction: &mut Transaction,
    attempt: AttemptId,
    artefact: &NamedDigest,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const COUNT: Insert = Insert {
        table: "artefact",
        columns: &COLUMNS,
        rest: "ON CONFLICT (attempt, name) DO UPDATE SET fetches = artefact.fetches + 1, \
             last_at = CASE WHEN excluded.last_at > artefact.last_at \
             THEN excluded.last_at ELSE artefact.last_at END \
             WHERE artefact.digest = excluded.digest",
    };
    let row = vec![
        (&attempt).into(),
        artefact.name.into(),
        artefact.sha256.0.to_vec().into(),
        at.into(),
        at.into(),
        1_u32.into(),
    ];
    transaction
        .changes_one(Statement::insert(&COUNT, [row]))
        .await
}

fn read(row: &Row) -> Result<FetchedArtefact, StoreError> {
    let fields = Fields::new(row, "artefact", "attempt");
    let digest = releases::digest(fields, "digest", fields.bytes("digest")?)?;
    Ok(FetchedArtefact {
        attempt: fields.parsed("attempt")?,
        name: fields.text("name")?,
        sha256: Sha256Digest(digest),
        first: fields.time("first_at")?,
        last: fields.time("last_at")?,
        fetches: fields.count("fetches")?,
    })
}
