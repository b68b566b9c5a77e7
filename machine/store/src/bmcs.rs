//! BMCs: where each is, and whose. One address is one BMC, and one BMC switches one machine; the
//! machine is read with its own ([`crate::machines`]). Its password is sealed elsewhere
//! ([`crate::secrets`]).

use machine_core::endpoint::BmcEndpoint;
use machine_core::id::MachineId;
use machine_core::machine::Machine;

use crate::error::StoreError;
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// Writes the BMC of a machine that was written right before.
pub(crate) async fn write(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<(), StoreError> {
    const UPSERT: Insert = Insert {
        table: "bmc",
        columns: &["identity", "machine", "protocol", "address", "username"],
        rest: "ON CONFLICT (machine) DO UPDATE SET identity = excluded.identity, \
             protocol = excluded.protocol, address = excluded.address, \
             username = excluded.username WHERE bmc.address <> excluded.address \
             OR bmc.protocol <> excluded.protocol OR bmc.username <> excluded.username",
    };
    let statement = match &machine.bmc {
        Some(bmc) => {
            let row: Vec<Value> = vec![
                bmc.identity().to_string().into(),
                (&machine.id).into(),
                bmc.dialect().into(),
                (&bmc.address()).into(),
                bmc.username().into(),
            ];
            Statement::insert(&UPSERT, [row])
        }
        None => Statement::new("DELETE FROM bmc WHERE machine = $1").bind(&machine.id),
    };
    transaction.execute(statement).await.map(|_| ())
}

/// Takes the BMC from a machine that is written right after this.
pub(crate) async fn give_up(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<(), StoreError> {
    const GIVE_UP: &str = "DELETE FROM bmc WHERE machine = $1 \
         AND EXISTS (SELECT 1 FROM machine WHERE machine.id = $1 AND machine.version = $2)";
    let statement = Statement::new(GIVE_UP)
        .bind(&machine.id)
        .bind(machine.version);
    transaction.execute(statement).await.map(|_| ())
}

/// Whether a BMC is on the record of another machine.
pub(crate) async fn is_of_another(
    transaction: &mut Transaction,
    machine: MachineId,
    bmc: &BmcEndpoint,
) -> Result<bool, StoreError> {
    const OF_ANOTHER: &str = "WHERE identity = $1 AND machine <> $2";
    let statement = Statement::select("bmc", &["identity"], OF_ANOTHER)
        .bind(bmc.identity().to_string())
        .bind(&machine);
    Ok(transaction.optional(statement).await?.is_some())
}
