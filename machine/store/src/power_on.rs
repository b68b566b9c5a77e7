//! When a machine was last switched on by Drover, or by a person through it: a boot that follows
//! that is the machine's, and one that does not may be anybody's.

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::Fields;
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// That a machine's power is switched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerSwitch {
    /// Whose.
    pub machine: MachineId,
    /// When it is switched on; none if it is switched off.
    pub on: Option<Timestamp>,
}

/// When the machine was last switched on, if nobody switched it off since.
pub async fn find(db: &Db, machine: MachineId) -> Result<Option<Timestamp>, StoreError> {
    let statement = Statement::select("power_on", &["at"], "WHERE machine = $1").bind(&machine);
    let row = db.optional(statement).await?;
    row.map(|row| Fields::new(&row, "power_on", "at").time("at"))
        .transpose()
}

pub(crate) async fn write(
    transaction: &mut Transaction,
    switch: &PowerSwitch,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "power_on",
        columns: &["machine", "at"],
        rest: "ON CONFLICT (machine) DO UPDATE SET at = excluded.at",
    };
    let statement = match switch.on {
        Some(at) => {
            let row: Vec<Value> = vec![(&switch.machine).into(), at.into()];
            Statement::insert(&UPSERT, [row])
        }
        None => Statement::new("DELETE FROM power_on WHERE machine = $1").bind(&switch.machine),
    };
    transaction.execute(statement).await.map(|_| ())
}
