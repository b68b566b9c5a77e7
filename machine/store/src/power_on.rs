//! When a machine was last switched on by Drover, or by a person through it: a boot that follows
//! that is the machine's, and one that does not may be anybody's.

use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
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
    let held = db.model().read(|held| {
        let held = held.machine(machine)?;
        Some(held.dossier.spoken.powered_on)
    });
    if let Some(at) = held.flatten() {
        return Ok(at);
    }
    let row = db.optional(of_machine_statement(machine)).await?;
    let read = row.as_ref().map(read).transpose()?;
    Ok(read.map(|(_, at)| at))
}

const COLUMNS: [&str; 2] = ["machine", "at"];

pub(crate) fn of_machine_statement(machine: MachineId) -> Statement {
    Statement::select("power_on", &COLUMNS, "WHERE machine = $1").bind(&machine)
}

pub(crate) fn list_statement() -> Statement {
    Statement::select("power_on", &COLUMNS, "")
}

pub(crate) fn read(row: &Row) -> Result<(MachineId, Timestamp), StoreError> {
    let fields = Fields::new(row, "power_on", "machine");
    Ok((fields.parsed("machine")?, fields.time("at")?))
}

pub(crate) async fn write(
    transaction: &mut Transaction,
    switch: &PowerSwitch,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "power_on",
        columns: &COLUMNS,
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
