//! What was last seen and said of machines, beside their records: what each waits for, and its power.
//!
//! Each write gets the next number of one row that is locked until the commit, so whoever asks for
//! what is newer than a number misses nothing ([`since`]). A commit tells the newest number to
//! everybody in this process who watches ([`Db::statuses`]). With several replicas on one PostgreSQL
//! a NOTIFY in the same transaction would tell the others.

use machine_core::id::MachineId;
use machine_core::power::PowerState;
use machine_core::time::Timestamp;

use crate::commit::item::{Item, Verdict, Writing};
use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};

/// What was last seen and said of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineStatus {
    /// Of which machine.
    pub machine: MachineId,
    /// What it waits for; empty if for nothing.
    pub waiting: String,
    /// What its BMC last said; none if it was silent, or was not asked yet.
    pub power: Option<PowerState>,
    /// When that was written.
    pub at: Timestamp,
}

/// A status and its place in the order of all writes of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedStatus {
    /// The number of its last write; counts from 1.
    pub version: i64,
    /// What was written.
    pub status: MachineStatus,
}

/// Every status that was written after this number, in the order of the writes, at most `limit`.
pub async fn since(db: &Db, version: i64, limit: u32) -> Result<Vec<RecordedStatus>, StoreError> {
    const SINCE: &str = "WHERE version > $1 ORDER BY version LIMIT $2";
    let statement = Statement::select("machine_status", &COLUMNS, SINCE).bind(version);
    let rows = db.all(statement.bind(limit)).await?;
    db.readable(&rows, read)
}

impl Item for MachineStatus {
    /// The number of the write; none if there is no such machine any more.
    type Outcome = Option<i64>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<Option<i64>>, StoreError> {
        const COUNT: &str =
            "UPDATE counter SET value = value + 1 WHERE name = 'status' RETURNING name, value";
        const STANDS: &str = "WHERE id = $1 AND forgotten IS NULL";
        const UPSERT: Insert = Insert {
            table: "machine_status",
            columns: &COLUMNS,
            rest: "ON CONFLICT (machine) DO UPDATE SET version = excluded.version, \
                 waiting = excluded.waiting, power = excluded.power, at = excluded.at",
        };
        let transaction = &mut *writing.transaction;
        let stands = Statement::select("machine", &["id"], STANDS).bind(&self.machine);
        if transaction.optional(stands).await?.is_none() {
            return Ok(Verdict::Undo(None));
        }
        let counted = transaction.optional(Statement::new(COUNT)).await?;
        let version = match &counted {
            Some(row) => Fields::new(row, "counter", "name").integer("value")?,
            None => return Ok(Verdict::Undo(None)),
        };
        let row: Vec<Value> = vec![
            (&self.machine).into(),
            version.into(),
            self.waiting.as_str().into(),
            self.power.map(PowerState::as_str).into(),
            self.at.into(),
        ];
        let statement = Statement::insert(&UPSERT, [row]);
        transaction.execute(statement).await?;
        transaction.publish_status(version);
        Ok(Verdict::Keep(Some(version)))
    }
}

const COLUMNS: [&str; 5] = ["machine", "version", "waiting", "power", "at"];

fn read(row: &Row) -> Result<RecordedStatus, StoreError> {
    let fields = Fields::new(row, "machine_status", "machine");
    let known = |text: &str| {
        let mut all = [PowerState::On, PowerState::Off].into_iter();
        all.find(|it| it.as_str() == text)
    };
    Ok(RecordedStatus {
        version: fields.integer("version")?,
        status: MachineStatus {
            machine: fields.parsed("machine")?,
            waiting: fields.text("waiting")?,
            power: fields.optional_named("power", known)?,
            at: fields.time("at")?,
        },
    })
}
