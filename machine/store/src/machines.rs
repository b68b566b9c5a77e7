//! Machines: their records as rows, by id and by name.
//!
//! One that was forgotten ([`crate::forgotten`]) is found by none of these.
//!
//! They are written by [`crate::change`] and, when a sighting becomes one, by [`crate::commit`].

use machine_core::endpoint::{BmcEndpoint, BmcIdentity};
use machine_core::evidence::EvidenceSource;
use machine_core::id::MachineId;
use machine_core::machine::{Failure, Hardware, Machine};

use crate::db::Db;
use crate::error::StoreError;
use crate::facts::{self, Learned};
use crate::read_model::{Held, ReadModel};
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;
use crate::{bmcs, members};

/// The machine of this id.
pub async fn find(db: &Db, id: MachineId) -> Result<Option<Machine>, StoreError> {
    let held = db.model().read(|held| held.machine(id).map(record));
    if let Some(machine) = held {
        return Ok(machine);
    }
    let statement =
        Statement::select(RECORD, &COLUMNS, "WHERE id = $1 AND forgotten IS NULL").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The machine of this name.
pub async fn find_by_name(db: &Db, name: &str) -> Result<Option<Machine>, StoreError> {
    let statement =
        Statement::select(RECORD, &COLUMNS, "WHERE name = $1 AND forgotten IS NULL").bind(name);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The machine whose BMC this is.
pub async fn find_by_bmc(db: &Db, bmc: BmcIdentity) -> Result<Option<Machine>, StoreError> {
    let statement = Statement::select(RECORD, &COLUMNS, "WHERE bmc_identity = $1");
    let statement = statement.bind(bmc.to_string());
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// Every machine, by name.
pub async fn list(db: &Db) -> Result<Vec<Machine>, StoreError> {
    if let Some(machines) = held(db) {
        return Ok(machines);
    }
    db.all(select_all("ORDER BY name"))
        .await?
        .iter()
        .map(read)
        .collect()
}

/// Every machine that can be read, by name. What is decided on all of them must not stand on this.
pub async fn readable(db: &Db) -> Result<Vec<Machine>, StoreError> {
    if let Some(machines) = held(db) {
        return Ok(machines);
    }
    let rows = db.all(select_all("ORDER BY name")).await?;
    db.readable(&rows, read)
}

fn select_all(rest: &str) -> Statement {
    let rest = format!("WHERE forgotten IS NULL {rest}");
    Statement::select(RECORD, &COLUMNS, &rest)
}

/// Every machine from memory, by name.
fn held(db: &Db) -> Option<Vec<Machine>> {
    let all = |held: &ReadModel| held.machines().map(|(_, it)| record(it)).collect();
    let mut machines: Vec<Machine> = db.model().read(all)?;
    machines.sort_by(|one, other| one.name.cmp(&other.name));
    Some(machines)
}

fn record(held: &Held) -> Machine {
    held.dossier.work.standing.machine.clone()
}

/// Adds a machine; `false` if its name is taken. From here on it is known since its `since`. What is
/// known of its hardware was heard on the wire.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "machine",
        columns: &WRITTEN,
        rest: "ON CONFLICT DO NOTHING",
    };
    let mut row = values(machine);
    row.push(machine.since.into());
    let statement = Statement::insert(&INSERT, [row]);
    if !transaction.changes_one(statement).await? {
        return Ok(false);
    }
    bmcs::write(transaction, machine).await?;
    let learned = Learned {
        machine: machine.id,
        at: machine.since,
        source: EvidenceSource::Asked,
        hardware: machine.hardware.clone(),
    };
    facts::learn(transaction, &learned).await?;
    Ok(true)
}

/// Writes a machine over the version that was read; `false` if somebody else has in between. What is
/// known of its hardware stays as it is: that is learned beside ([`crate::facts`]).
pub(crate) async fn update(
    transaction: &mut Transaction,
    machine: &Machine,
) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE machine SET name = $2, state = $3, since = $4, deadline = $5, \
         failure_step = $6, failure_why = $7, failure_advice = $8, install_disk = $9, \
         cancelled_at = $10, version = version + 1 \
         WHERE id = $1 AND version = $11 AND epoch = $12";
    let statement = Statement::with(UPDATE, values(machine)).bind(EPOCH);
    if !transaction.changes_one(statement).await? {
        return Ok(false);
    }
    bmcs::write(transaction, machine).await?;
    if !machine.state.is_member() {
        members::leave(transaction, machine.id, machine.since).await?;
    }
    Ok(true)
}

/// The epoch in which this daemon has every machine: it is alone ([`crate::exclusive`]). Where several
/// share a database, one that takes a machine over counts its epoch up, and the writes of the one
/// before find nothing any more.
pub(crate) const EPOCH: i64 = 0;

/// Counts the version up if it still is `version`: from here to the end of the transaction nobody
/// else changes the machine, and who read it before has to read it again.
pub(crate) async fn hold(
    transaction: &mut Transaction,
    id: MachineId,
    version: i64,
) -> Result<bool, StoreError> {
    const HOLD: &str = "UPDATE machine SET version = version + 1 \
         WHERE id = $1 AND version = $2 AND epoch = $3";
    let statement = Statement::new(HOLD).bind(&id).bind(version).bind(EPOCH);
    transaction.changes_one(statement).await
}

/// Where a machine is read: its row, with its BMC and what is known of its hardware.
pub(crate) const RECORD: &str = "machine_record";

/// The columns of a machine as it is read.
pub(crate) const COLUMNS: [&str; 19] = [
    "id",
    "name",
    "known_since",
    "state",
    "since",
    "deadline",
    "failure_step",
    "failure_why",
    "failure_advice",
    "install_disk",
    "cancelled_at",
    "version",
    "bmc_protocol",
    "bmc_address",
    "bmc_username",
    "arch",
    "firmware",
    "manufacturer",
    "product",
];

/// The columns of its row, in the order of [`values`]; the last is written once.
const WRITTEN: [&str; 12] = [
    "id",
    "name",
    "state",
    "since",
    "deadline",
    "failure_step",
    "failure_why",
    "failure_advice",
    "install_disk",
    "cancelled_at",
    "version",
    "known_since",
];

fn values(machine: &Machine) -> Vec<Value> {
    let failure = machine.failure.as_ref();
    vec![
        (&machine.id).into(),
        machine.name.as_str().into(),
        machine.state.as_stored().into(),
        machine.since.into(),
        machine.deadline.into(),
        failure.map(|failure| failure.step.as_str()).into(),
        failure.map(|failure| failure.why.as_str()).into(),
        failure.map(|failure| failure.advice.as_str()).into(),
        machine.install_disk.as_ref().into(),
        machine.cancelled.into(),
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
    if fields.optional_text("bmc_protocol")?.is_none() {
        return Ok(None);
    }
    let address = fields.parsed("bmc_address")?;
    let username = fields.text("bmc_username")?;
    let known = |dialect: &str| BmcEndpoint::of_dialect(dialect, address, username.clone());
    fields.optional_named("bmc_protocol", known)
}
