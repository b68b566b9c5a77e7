//! Machines: their records as rows, by id and by name.
//!
//! One that was forgotten ([`crate::forgotten`]) is found by none of these.
//!
//! They are written by [`crate::change`] and, when a sighting becomes one, by [`crate::commit`].

use machine_core::endpoint::{BmcEndpoint, BmcIdentity, BmcProtocol};
use machine_core::id::MachineId;
use machine_core::machine::{Failure, Hardware, Machine};

use crate::db::Db;
use crate::error::StoreError;
use crate::read_model::Held;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The machine of this id.
pub async fn find(db: &Db, id: MachineId) -> Result<Option<Machine>, StoreError> {
    let held = db.model().read(|held| held.machine(id).map(record));
    if let Some(machine) = held {
        return Ok(machine);
    }
    let statement =
        Statement::select("machine", &COLUMNS, "WHERE id = $1 AND forgotten IS NULL").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The machine of this name.
pub async fn find_by_name(db: &Db, name: &str) -> Result<Option<Machine>, StoreError> {
    let statement =
        Statement::select("machine", &COLUMNS, "WHERE name = $1 AND forgotten IS NULL").bind(name);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The machine whose BMC this is.
pub async fn find_by_bmc(db: &Db, bmc: BmcIdentity) -> Result<Option<Machine>, StoreError> {
    let statement = Statement::select("machine", &COLUMNS, "WHERE bmc_identity = $1");
    let statement = statement.bind(bmc.to_string());
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// Every machine, by name.
pub async fn list(db: &Db) -> Result<Vec<Machine>, StoreError> {
    let held = db
        .model()
        .read(|held| held.machines().map(|(_, it)| record(it)).collect());
    if let Some(mut machines) = held {
        let machines: &mut Vec<Machine> = &mut machines;
        machines.sort_by(|one, other| one.name.cmp(&other.name));
        return Ok(std::mem::take(machines));
    }
    let statement = Statement::select("machine", &COLUMNS, "WHERE forgotten IS NULL ORDER BY name");
    db.all(statement).await?.iter().map(read).collect()
}

fn record(held: &Held) -> Machine {
    held.dossier.work.standing.machine.clone()
}

/// Adds a machine; `false` if its name is taken. From here on it is known since its `since`.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "machine",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let mut row = values(machine);
    row.push(machine.since.into());
    let statement = Statement::insert(&INSERT, [row]);
    transaction.changes_one(statement).await
}

/// Writes a machine over the version that was read; `false` if somebody else has in between.
pub(crate) async fn update(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE machine SET name = $2, state = $3, since = $4, deadline = $5, \
         failure_step = $6, failure_why = $7, failure_advice = $8, arch = $9, firmware = $10, \
         manufacturer = $11, product = $12, install_disk = $13, bmc_protocol = $14, \
         bmc_address = $15, bmc_username = $16, cancelled_at = $17, bmc_identity = $18, \
         version = version + 1 \
         WHERE id = $1 AND version = $19";
    let statement = Statement::with(UPDATE, values(machine));
    transaction.changes_one(statement).await
}

/// Takes the BMC from a machine that is written right after this.
pub(crate) async fn give_up_bmc(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<(), StoreError> {
    const GIVE_UP: &str = "UPDATE machine SET bmc_protocol = NULL, bmc_address = NULL, \
         bmc_username = NULL, bmc_identity = NULL WHERE id = $1 AND version = $2";
    let statement = Statement::new(GIVE_UP)
        .bind(&machine.id)
        .bind(machine.version);
    transaction.execute(statement).await.map(|_| ())
}

/// Whether a BMC is on the record of another machine.
pub(crate) async fn is_bmc_of_another(
    transaction: &mut Transaction,
    machine: MachineId,
    bmc: &BmcEndpoint,
) -> Result<bool, StoreError> {
    const OF_ANOTHER: &str = "WHERE bmc_identity = $1 AND id <> $2";
    let statement = Statement::select("machine", &["id"], OF_ANOTHER)
        .bind(bmc.identity().to_string())
        .bind(&machine);
    Ok(transaction.optional(statement).await?.is_some())
}

/// Counts the version up if it still is `version`: from here to the end of the transaction nobody
/// else changes the machine, and who read it before has to read it again.
pub(crate) async fn hold(
    transaction: &mut Transaction,
    id: MachineId,
    version: i64,
) -> Result<bool, StoreError> {
    const HOLD: &str = "UPDATE machine SET version = version + 1 WHERE id = $1 AND version = $2";
    let statement = Statement::new(HOLD).bind(&id).bind(version);
    transaction.changes_one(statement).await
}

/// The columns of a machine, in the order of [`values`]; the last is written once.
pub(crate) const COLUMNS: [&str; 20] = [
    "id",
    "name",
    "state",
    "since",
    "deadline",
    "failure_step",
    "failure_why",
    "failure_advice",
    "arch",
    "firmware",
    "manufacturer",
    "product",
    "install_disk",
    "bmc_protocol",
    "bmc_address",
    "bmc_username",
    "cancelled_at",
    "bmc_identity",
    "version",
    "known_since",
];

fn values(machine: &Machine) -> Vec<Value> {
    let failure = machine.failure.as_ref();
    let hardware = &machine.hardware;
    let bmc = machine.bmc.as_ref();
    vec![
        (&machine.id).into(),
        machine.name.as_str().into(),
        machine.state.as_stored().into(),
        machine.since.into(),
        machine.deadline.into(),
        failure.map(|failure| failure.step.as_str()).into(),
        failure.map(|failure| failure.why.as_str()).into(),
        failure.map(|failure| failure.advice.as_str()).into(),
        hardware.arch.as_ref().into(),
        hardware.firmware.as_ref().into(),
        hardware.manufacturer.as_deref().into(),
        hardware.product.as_deref().into(),
        machine.install_disk.as_ref().into(),
        bmc.map(|bmc| bmc.protocol.as_str()).into(),
        bmc.map(|bmc| &bmc.address).into(),
        bmc.map(|bmc| bmc.username.as_str()).into(),
        machine.cancelled.into(),
        bmc.map(|bmc| bmc.identity().to_string()).into(),
        machine.version.into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Machine, StoreError> {
    read_fields(Fields::new(row, "machine", "id"))
}

pub(crate) fn read_fields(fields: Fields<'_>) -> Result<Machine, StoreError> {
    Ok(Machine {
        id: fields.parsed("id")?,
        name: fields.text("name")?,
        state: fields.parsed("state")?,
        since: fields.time("since")?,
        deadline: fields.optional_time("deadline")?,
        failure: read_failure(fields)?,
        hardware: Hardware {
            arch: fields.optional_parsed("arch")?,
            firmware: fields.optional_parsed("firmware")?,
            manufacturer: fields.optional_text("manufacturer")?,
            product: fields.optional_text("product")?,
        },
        install_disk: fields.optional_parsed("install_disk")?,
        bmc: read_bmc(fields)?,
        cancelled: fields.optional_time("cancelled_at")?,
        version: fields.integer("version")?,
    })
}

fn read_failure(fields: Fields<'_>) -> Result<Option<Failure>, StoreError> {
    let Some(step) = fields.optional_text("failure_step")? else {
        return Ok(None);
    };
    Ok(Some(Failure {
        step,
        why: fields.text("failure_why")?,
        advice: fields.text("failure_advice")?,
    }))
}

fn read_bmc(fields: Fields<'_>) -> Result<Option<BmcEndpoint>, StoreError> {
    let known = |text: &str| {
        let ipmi = BmcProtocol::Ipmi;
        (text == ipmi.as_str()).then_some(ipmi)
    };
    let Some(protocol) = fields.optional_named("bmc_protocol", known)? else {
        return Ok(None);
    };
    Ok(Some(BmcEndpoint {
        protocol,
        address: fields.parsed("bmc_address")?,
        username: fields.text("bmc_username")?,
    }))
}
