//! Intents: permissions to install, opened and closed by [`crate::change`], claimed by
//! [`crate::commit`].

use machine_core::id::{ClusterId, IntentId, MachineId};
use machine_core::intent::{Assignment, Intent, IntentEnd, IntentKind};
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The intent of this id.
pub async fn find(db: &Db, id: IntentId) -> Result<Option<Intent>, StoreError> {
    let statement = Statement::select("intent", &COLUMNS, "WHERE id = $1").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The latest intents of a machine, newest first, at most `limit`.
pub async fn recent(db: &Db, machine: MachineId, limit: u32) -> Result<Vec<Intent>, StoreError> {
    const RECENT: &str = "WHERE machine = $1 ORDER BY opened DESC, id DESC LIMIT $2";
    let statement = Statement::select("intent", &COLUMNS, RECENT).bind(&machine);
    let rows = db.all(statement.bind(limit)).await?;
    rows.iter().map(read).collect()
}

/// The latest intent of a machine, open or closed.
pub async fn latest_of_machine(db: &Db, machine: MachineId) -> Result<Option<Intent>, StoreError> {
    let held = db.model().read(|held| {
        let held = held.machine(machine)?;
        Some(held.dossier.work.standing.intent.clone())
    });
    // Of a machine that is not held any more the past is on record.
    if let Some(intent) = held.flatten() {
        return Ok(intent);
    }
    Ok(recent(db, machine, 1).await?.pop())
}

/// The intents of a cluster that are not closed, the earliest first.
pub async fn standing_of_cluster(db: &Db, cluster: ClusterId) -> Result<Vec<Intent>, StoreError> {
    const STANDING: &str = "WHERE cluster = $1 AND closed_at IS NULL ORDER BY opened, id";
    let statement = Statement::select("intent", &COLUMNS, STANDING).bind(&cluster);
    db.all(statement).await?.iter().map(read).collect()
}

/// Opens an intent; `false` if one already stands for its machine.
pub(crate) async fn open(
    transaction: &mut Transaction,
    intent: &Intent,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "intent",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(intent)]);
    transaction.changes_one(statement).await
}

/// Closes an intent; `false` if it is not open.
pub(crate) async fn close(
    transaction: &mut Transaction,
    id: IntentId,
    at: Timestamp,
    end: IntentEnd,
) -> Result<bool, StoreError> {
    const CLOSE: &str =
        "UPDATE intent SET closed_at = $2, closed_as = $3 WHERE id = $1 AND closed_at IS NULL";
    let statement = Statement::new(CLOSE).bind(&id).bind(at).bind(end.as_str());
    transaction.changes_one(statement).await
}

/// Counts one claim of an intent; `false` if it is closed, expired or used up.
pub(crate) async fn claim(
    transaction: &mut Transaction,
    id: IntentId,
    machine: MachineId,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const CLAIM: &str = "UPDATE intent SET claims = claims + 1 WHERE id = $1 AND machine = $2 \
         AND closed_at IS NULL AND expires > $3 AND claims < $4";
    let statement = Statement::new(CLAIM)
        .bind(&id)
        .bind(&machine)
        .bind(at)
        .bind(Intent::MAX_CLAIMS);
    transaction.changes_one(statement).await
}

/// The columns of an intent, in the order of [`values`].
pub(crate) const COLUMNS: [&str; 13] = [
    "id",
    "machine",
    "cluster",
    "role",
    "disk",
    "actor",
    "reason",
    "opened",
    "expires",
    "kind",
    "claims",
    "closed_at",
    "closed_as",
];

fn values(intent: &Intent) -> Vec<Value> {
    vec![
        (&intent.id).into(),
        (&intent.machine).into(),
        (&intent.assignment.cluster).into(),
        intent.assignment.role.as_str().into(),
        (&intent.assignment.disk).into(),
        (&intent.actor).into(),
        intent.reason.as_str().into(),
        intent.opened.into(),
        intent.expires.into(),
        intent.kind.as_str().into(),
        intent.claims.into(),
        intent.closed.map(|(at, _)| at).into(),
        intent.closed.map(|(_, end)| end.as_str()).into(),
    ]
}

pub(crate) fn read(row: &Row) -> Result<Intent, StoreError> {
    read_fields(Fields::new(row, "intent", "id"))
}

pub(crate) fn read_fields(fields: Fields<'_>) -> Result<Intent, StoreError> {
    let known = |text: &str| IntentEnd::ALL.into_iter().find(|end| end.as_str() == text);
    let closed = match fields.optional_time("closed_at")? {
        Some(at) => Some((at, fields.named("closed_as", known)?)),
        None => None,
    };
    let kind = |text: &str| IntentKind::ALL.into_iter().find(|it| it.as_str() == text);
    Ok(Intent {
        id: fields.parsed("id")?,
        machine: fields.parsed("machine")?,
        assignment: read_assignment(fields)?,
        actor: fields.parsed("actor")?,
        reason: fields.text("reason")?,
        opened: fields.time("opened")?,
        expires: fields.time("expires")?,
        kind: fields.named("kind", kind)?,
        claims: fields.count("claims")?,
        closed,
    })
}

/// What a machine is to become, as intents and attempts keep it.
pub(crate) fn read_assignment(fields: Fields<'_>) -> Result<Assignment, StoreError> {
    Ok(Assignment {
        cluster: fields.parsed("cluster")?,
        role: fields.parsed("role")?,
        disk: fields.parsed("disk")?,
    })
}
