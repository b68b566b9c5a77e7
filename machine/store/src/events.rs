//! Events: what happened, in the order of the commits. They are added and never changed.
//!
//! The numbers come from a counter whose row stays locked until the commit, so a reader who asks
//! for what is newer than a number misses nothing.

use machine_core::id::{BootId, ClusterId, MachineId};
use machine_core::intent::Actor;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// Something that happened. Nothing secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// In which boot.
    pub boot: Option<BootId>,
    /// To which machine; none while it is only a sighting.
    pub machine: Option<MachineId>,
    /// To which cluster.
    pub cluster: Option<ClusterId>,
    /// By whom.
    pub actor: Actor,
    /// What, as one word: a step of a boot, `accepted`, `alarm` …
    pub kind: String,
    /// What a person reads.
    pub detail: String,
}

impl Event {
    /// Whether a person should look at once.
    pub fn is_alarm(&self) -> bool {
        self.kind == "alarm"
    }
}

/// An event and its place in the order of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// Its number; counts from 1, without gaps.
    pub seq: i64,
    /// What happened.
    pub event: Event,
}

/// The events of a machine with numbers above `after`, oldest first, at most `limit`: also those
/// of its boots from when it was only a sighting.
pub async fn of_machine(
    db: &Db,
    machine: MachineId,
    after: i64,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    // Who follows a timeline asks a few times a second, and mostly nothing has happened.
    let Some(mark) = db.model().has_told_since(machine, after) else {
        return Ok(Vec::new());
    };
    let rest = format!("WHERE {OF_MACHINE} AND seq > $2 ORDER BY seq LIMIT $3");
    let statement = Statement::select("event", &COLUMNS, &rest).bind(&machine);
    let read = read_all(db, statement.bind(after).bind(limit)).await?;
    if read.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        let last = read.last().map_or(after, |last| last.seq);
        db.model().has_read_up_to(mark, last);
    }
    Ok(read)
}

/// The last events of a machine, oldest first, at most `limit`.
pub async fn tail_of_machine(
    db: &Db,
    machine: MachineId,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    let rest = format!("WHERE {OF_MACHINE} ORDER BY seq DESC LIMIT $2");
    let statement = Statement::select("event", &COLUMNS, &rest).bind(&machine);
    Ok(reversed(read_all(db, statement.bind(limit)).await?))
}

/// Whether a timeline holds this already.
pub async fn is_told(
    db: &Db,
    machine: MachineId,
    (kind, detail): (&str, &str),
) -> Result<bool, StoreError> {
    const SAME: &str = "WHERE machine = $1 AND kind = $2 AND detail = $3 LIMIT 1";
    let statement = Statement::select("event", &["seq"], SAME).bind(&machine);
    let row = db.optional(statement.bind(kind).bind(detail)).await?;
    Ok(row.is_some())
}

/// The first event of this kind in a boot.
pub async fn first_of_boot(
    db: &Db,
    boot: BootId,
    kind: &str,
) -> Result<Option<RecordedEvent>, StoreError> {
    const FIRST: &str = "WHERE boot = $1 AND kind = $2 ORDER BY seq LIMIT 1";
    let statement = Statement::select("event", &COLUMNS, FIRST).bind(&boot);
    let row = db.optional(statement.bind(kind)).await?;
    row.as_ref().map(read).transpose()
}

/// The events of a cluster with numbers above `after`, oldest first, at most `limit`.
pub async fn of_cluster(
    db: &Db,
    cluster: ClusterId,
    after: i64,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    const REST: &str = "WHERE cluster = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let statement = Statement::select("event", &COLUMNS, REST).bind(&cluster);
    read_all(db, statement.bind(after).bind(limit)).await
}

/// The last events of a cluster, oldest first, at most `limit`.
pub async fn tail_of_cluster(
    db: &Db,
    cluster: ClusterId,
    limit: u32,
) -> Result<Vec<RecordedEvent>, StoreError> {
    const REST: &str = "WHERE cluster = $1 ORDER BY seq DESC LIMIT $2";
    let statement = Statement::select("event", &COLUMNS, REST).bind(&cluster);
    Ok(reversed(read_all(db, statement.bind(limit)).await?))
}

/// Every event with a number above `after`, oldest first, at most `limit`.
pub async fn since(db: &Db, after: i64, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
    const REST: &str = "WHERE seq > $1 ORDER BY seq LIMIT $2";
    let statement = Statement::select("event", &COLUMNS, REST).bind(after);
    read_all(db, statement.bind(limit)).await
}

/// The last events, oldest first, at most `limit`.
pub async fn tail(db: &Db, limit: u32) -> Result<Vec<RecordedEvent>, StoreError> {
    const REST: &str = "ORDER BY seq DESC LIMIT $1";
    let statement = Statement::select("event", &COLUMNS, REST).bind(limit);
    Ok(reversed(read_all(db, statement).await?))
}

/// Adds events at the end. The last thing that a transaction does: from here on every other one
/// that adds events waits for its commit.
pub(crate) async fn append(
    transaction: &mut Transaction,
    events: &[Event],
) -> Result<(), StoreError> {
    const COUNT: &str =
        "UPDATE counter SET value = value + $1 WHERE name = 'event' RETURNING value";
    const INSERT: Insert = Insert {
        table: "event",
        columns: &COLUMNS,
        rest: "",
    };
    if events.is_empty() {
        return Ok(());
    }
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let counted = transaction
        .optional(Statement::new(COUNT).bind(count))
        .await?;
    let last = match &counted {
        Some(row) => Fields::new(row, "counter", "value").integer("value")?,
        None => count,
    };
    for (number, event) in (last - count + 1..).zip(events) {
        let touched = transaction.touched();
        match event.machine {
            Some(machine) => _ = touched.told.insert(machine, number),
            None => touched.told_of_boots |= event.boot.is_some(),
        }
    }
    let rows: Vec<Vec<Value>> = (last - count + 1..).zip(events).map(values).collect();
    for statement in Statement::inserts(&INSERT, rows) {
        transaction.execute(statement).await?;
    }
    Ok(())
}

/// COALESCE keeps SQLite from looking for these among all events without a machine.
const OF_MACHINE: &str = "(machine = $1 OR (COALESCE(machine, $1) = $1 \
     AND boot IN (SELECT id FROM boot WHERE boot.machine = $1)))";

const COLUMNS: [&str; 8] = [
    "seq", "at", "boot", "machine", "cluster", "actor", "kind", "detail",
];

fn values((seq, event): (i64, &Event)) -> Vec<Value> {
    vec![
        seq.into(),
        event.at.into(),
        event.boot.as_ref().into(),
        event.machine.as_ref().into(),
        event.cluster.as_ref().into(),
        (&event.actor).into(),
        event.kind.as_str().into(),
        event.detail.as_str().into(),
    ]
}

fn reversed(mut events: Vec<RecordedEvent>) -> Vec<RecordedEvent> {
    events.reverse();
    events
}

async fn read_all(db: &Db, statement: Statement) -> Result<Vec<RecordedEvent>, StoreError> {
    let rows = db.all(statement).await?;
    db.readable(&rows, read)
}

fn read(row: &Row) -> Result<RecordedEvent, StoreError> {
    let fields = Fields::new(row, "event", "seq");
    Ok(RecordedEvent {
        seq: fields.integer("seq")?,
        event: Event {
            at: fields.time("at")?,
            boot: fields.optional_parsed("boot")?,
            machine: fields.optional_parsed("machine")?,
            cluster: fields.optional_parsed("cluster")?,
            actor: fields.parsed("actor")?,
            kind: fields.text("kind")?,
            detail: fields.text("detail")?,
        },
    })
}
