//! What people say of boards: that one was replaced, that its UUID identifies nothing, and which
//! GUID its BMC says.

use machine_core::hardware::SystemUuid;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::machines::EPOCH;
use crate::row::Fields;
use crate::statement::{Insert, Statement};
use crate::transaction::Transaction;

/// The GUID that a person accepted as that of the machine around its BMC, in hexadecimal digits.
pub async fn accepted_bmc_guid(db: &Db, machine: MachineId) -> Result<Option<String>, StoreError> {
    let statement = Statement::select("machine", &["id", "bmc_guid"], "WHERE id = $1");
    let row = db.optional(statement.bind(&machine)).await?;
    row.map_or(Ok(None), |row| {
        Fields::new(&row, "machine", "id").optional_text("bmc_guid")
    })
}

/// Forgets the UUID and the serial number of a machine of this version, and which GUID its BMC may
/// say; `false` if somebody has changed it in between.
pub(crate) async fn forget_board(
    transaction: &mut Transaction,
    id: MachineId,
    version: i64,
) -> Result<bool, StoreError> {
    const HOLD: &str = "UPDATE machine SET bmc_guid = NULL, version = version + 1 \
         WHERE id = $1 AND version = $2 AND epoch = $3";
    const FORGET: [&str; 2] = [
        "DELETE FROM evidence WHERE machine = $1 AND kind IN ('uuid', 'serial')",
        "DELETE FROM registration WHERE machine = $1 AND kind IN ('uuid', 'serial')",
    ];
    let hold = Statement::new(HOLD).bind(&id).bind(version).bind(EPOCH);
    if !transaction.changes_one(hold).await? {
        return Ok(false);
    }
    for sql in FORGET {
        transaction.execute(Statement::new(sql).bind(&id)).await?;
    }
    Ok(true)
}

/// Keeps the GUID that a BMC may say of a machine of this version; `false` if somebody has changed
/// it in between.
pub(crate) async fn accept_bmc(
    transaction: &mut Transaction,
    id: MachineId,
    version: i64,
    guid: &str,
) -> Result<bool, StoreError> {
    const ACCEPT: &str = "UPDATE machine SET bmc_guid = $3, version = version + 1 \
         WHERE id = $1 AND version = $2 AND epoch = $4";
    let statement = Statement::new(ACCEPT)
        .bind(&id)
        .bind(version)
        .bind(guid)
        .bind(EPOCH);
    transaction.changes_one(statement).await
}

/// Keeps that a UUID identifies nothing.
pub(crate) async fn ignore_uuid(
    transaction: &mut Transaction,
    uuid: SystemUuid,
    at: Timestamp,
) -> Result<(), StoreError> {
    const INSERT: Insert = Insert {
        table: "ignored_uuid",
        columns: &["value", "at"],
        rest: "ON CONFLICT DO NOTHING",
    };
    let row = vec![uuid.to_string().into(), at.into()];
    let statement = Statement::insert(&INSERT, [row]);
    transaction.execute(statement).await.map(|_| ())
}
