//! Machines that were forgotten: what is taken from them, and how their past is still found.
//!
//! The row stays, under a name that nobody can ask for. What identified the machine, what was kept
//! for it and the password of its BMC are gone; its events, boots, permissions and attempts stay.

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::machines::EPOCH;
use crate::members;
use crate::row::Fields;
use crate::statement::Statement;
use crate::transaction::Transaction;

/// The machine that was forgotten last under this name.
pub async fn find_by_name(db: &Db, name: &str) -> Result<Option<MachineId>, StoreError> {
    const LATEST: &str = "WHERE forgotten_as = $1 ORDER BY forgotten DESC, id LIMIT 1";
    let statement = Statement::select("machine", &["id"], LATEST).bind(name);
    let row = db.optional(statement).await?;
    row.map(|row| Fields::new(&row, "machine", "id").parsed("id"))
        .transpose()
}

/// Forgets a machine of this version; `false` if somebody has changed it in between.
pub(crate) async fn forget(
    transaction: &mut Transaction,
    id: MachineId,
    version: i64,
    at: Timestamp,
) -> Result<bool, StoreError> {
    // No document can name it again: a name is a DNS label.
    const FORGET: &str = "UPDATE machine SET forgotten = $3, forgotten_as = name, \
         name = name || ' (forgotten, ' || id || ')', deadline = NULL, install_disk = NULL, \
         bmc_guid = NULL, \
         version = version + 1 WHERE id = $1 AND version = $2 AND epoch = $4 AND forgotten IS NULL";
    let statement = Statement::new(FORGET)
        .bind(&id)
        .bind(version)
        .bind(at)
        .bind(EPOCH);
    if !transaction.changes_one(statement).await? {
        return Ok(false);
    }
    members::leave(transaction, id, at).await?;
    for sql in [
        "DELETE FROM bmc WHERE machine = $1",
        "DELETE FROM evidence WHERE machine = $1",
        "DELETE FROM registration WHERE machine = $1",
        "DELETE FROM claimant WHERE machine = $1",
        "DELETE FROM machine_status WHERE machine = $1",
        "DELETE FROM power_on WHERE machine = $1",
        "DELETE FROM reservation WHERE machine = $1",
        "DELETE FROM secret WHERE place_table = 'machine' AND place_row = $1",
    ] {
        transaction.execute(Statement::new(sql).bind(&id)).await?;
    }
    Ok(true)
}
