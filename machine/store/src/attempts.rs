//! Attempts: opened, closed and counted by [`crate::change`], released by [`crate::commit`].
//!
//! Each writer changes only the columns that are its own, and only while the attempt is open.

use machine_core::attempt::{Attempt, AttemptEnd, Verdict, Wipe};
use machine_core::disk::DiskIdentity;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::intents::read_assignment;
use crate::releases;
use crate::row::{Fields, Row};
use crate::statement::{Insert, Statement, Value};
use crate::transaction::Transaction;

/// The attempt of this id.
pub async fn find(db: &Db, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
    let statement = Statement::select("attempt", &COLUMNS, "WHERE id = $1").bind(&id);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The attempts of an intent, newest first.
pub async fn of_intent(db: &Db, intent: IntentId) -> Result<Vec<Attempt>, StoreError> {
    const NEWEST_FIRST: &str = "WHERE intent = $1 ORDER BY number DESC";
    let statement = Statement::select("attempt", &COLUMNS, NEWEST_FIRST).bind(&intent);
    db.all(statement).await?.iter().map(read).collect()
}

/// The latest attempts of a machine, under whatever intent, newest first, at most `limit`.
pub async fn recent(db: &Db, machine: MachineId, limit: u32) -> Result<Vec<Attempt>, StoreError> {
    const RECENT: &str = "WHERE machine = $1 ORDER BY opened DESC, number DESC LIMIT $2";
    let statement = Statement::select("attempt", &COLUMNS, RECENT).bind(&machine);
    let rows = db.all(statement.bind(limit)).await?;
    rows.iter().map(read).collect()
}

/// The highest number that an attempt of a machine has; 0 if it had none.
pub async fn last_number(db: &Db, machine: MachineId) -> Result<u32, StoreError> {
    const LAST: &str = "WHERE machine = $1 ORDER BY number DESC LIMIT 1";
    let statement = Statement::select("attempt", &["id", "number"], LAST).bind(&machine);
    let Some(row) = db.optional(statement).await? else {
        return Ok(0);
    };
    Fields::new(&row, "attempt", "id").count("number")
}

/// The newest attempt of a machine whose config was released for another disk than this.
pub async fn released_to_another_disk(
    db: &Db,
    machine: MachineId,
    disk: &DiskIdentity,
) -> Result<Option<Attempt>, StoreError> {
    const ELSEWHERE: &str = "WHERE machine = $1 AND release_at IS NOT NULL AND disk <> $2 \
         ORDER BY release_at DESC, id DESC LIMIT 1";
    let statement = Statement::select("attempt", &COLUMNS, ELSEWHERE).bind(&machine);
    let row = db.optional(statement.bind(disk)).await?;
    row.as_ref().map(read).transpose()
}

/// An attempt by which a machine has, or may get, a config with the secrets of a cluster: one that
/// was released first, else one that is open.
pub async fn with_secrets_of(db: &Db, cluster: ClusterId) -> Result<Option<Attempt>, StoreError> {
    const WITH_SECRETS: &str = "WHERE cluster = $1 AND (release_at IS NOT NULL OR closed_at IS NULL) \
         ORDER BY release_at IS NULL, opened LIMIT 1";
    let statement = Statement::select("attempt", &COLUMNS, WITH_SECRETS).bind(&cluster);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The newest attempt of a machine whose config was released, under whatever intent.
pub async fn newest_released(db: &Db, machine: MachineId) -> Result<Option<Attempt>, StoreError> {
    const NEWEST: &str =
        "WHERE machine = $1 AND release_at IS NOT NULL ORDER BY release_at DESC, id DESC LIMIT 1";
    let statement = Statement::select("attempt", &COLUMNS, NEWEST).bind(&machine);
    db.optional(statement).await?.as_ref().map(read).transpose()
}

/// The attempts of a machine whose config was released, under whatever intent, newest first.
pub async fn released(db: &Db, machine: MachineId) -> Result<Vec<Attempt>, StoreError> {
    const RELEASED: &str = "WHERE machine = $1 AND release_at IS NOT NULL ORDER BY number DESC";
    let statement = Statement::select("attempt", &COLUMNS, RELEASED).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

/// Opens an attempt; `false` if its machine has an open one, or its number was used.
pub(crate) async fn open(
    transaction: &mut Transaction,
    attempt: &Attempt,
) -> Result<bool, StoreError> {
    const INSERT: Insert = Insert {
        table: "attempt",
        columns: &COLUMNS,
        rest: "ON CONFLICT DO NOTHING",
    };
    let statement = Statement::insert(&INSERT, [values(attempt)]);
    transaction.changes_one(statement).await
}

/// Closes an attempt; `false` if it is not open.
pub(crate) async fn close(
    transaction: &mut Transaction,
    id: AttemptId,
    at: Timestamp,
    end: AttemptEnd,
) -> Result<bool, StoreError> {
    const CLOSE: &str =
        "UPDATE attempt SET closed_at = $2, closed_as = $3 WHERE id = $1 AND closed_at IS NULL";
    let statement = Statement::new(CLOSE).bind(&id).bind(at).bind(end.as_str());
    transaction.changes_one(statement).await
}

/// Counts the `number`-th switching of power; `false` if it was counted before, the attempt's
/// config was released, or it is not open.
pub(crate) async fn switch_power(
    transaction: &mut Transaction,
    id: AttemptId,
    number: u32,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const SWITCH: &str = "UPDATE attempt SET power_actions = $2, power_at = $3 \
         WHERE id = $1 AND closed_at IS NULL AND release_at IS NULL AND power_actions = $2 - 1";
    let statement = Statement::new(SWITCH).bind(&id).bind(number).bind(at);
    transaction.changes_one(statement).await
}

/// Names the boot that serves an attempt; `false` if its config was released, or it is not open.
pub(crate) async fn serve(
    transaction: &mut Transaction,
    id: AttemptId,
    boot: BootId,
) -> Result<bool, StoreError> {
    const SERVE: &str = "UPDATE attempt SET boot = $2 \
         WHERE id = $1 AND closed_at IS NULL AND release_at IS NULL";
    let statement = Statement::new(SERVE).bind(&id).bind(&boot);
    transaction.changes_one(statement).await
}

/// Records that a person accepts a boot; `false` if the config was released, or it is not open.
pub(crate) async fn accept(
    transaction: &mut Transaction,
    id: AttemptId,
    boot: BootId,
) -> Result<bool, StoreError> {
    const ACCEPT: &str = "UPDATE attempt SET accepted_boot = $2 \
         WHERE id = $1 AND closed_at IS NULL AND release_at IS NULL";
    let statement = Statement::new(ACCEPT).bind(&id).bind(&boot);
    transaction.changes_one(statement).await
}

/// Records that the older install on an attempt's disk is to be wiped, or which boot wipes it;
/// `false` if that was recorded before, its config was released, or it is not open.
pub(crate) async fn wipe(
    transaction: &mut Transaction,
    id: AttemptId,
    wipe: Wipe,
) -> Result<bool, StoreError> {
    const PLAN: &str = "UPDATE attempt SET wipe_at = $2 \
         WHERE id = $1 AND closed_at IS NULL AND release_at IS NULL AND wipe_at IS NULL";
    const CHOOSE: &str = "UPDATE attempt SET wipe_boot = $2 WHERE id = $1 AND closed_at IS NULL \
         AND release_at IS NULL AND wipe_at IS NOT NULL AND wipe_boot IS NULL";
    let statement = match &wipe.boot {
        None => Statement::new(PLAN).bind(&id).bind(wipe.at),
        Some(boot) => Statement::new(CHOOSE).bind(&id).bind(boot),
    };
    transaction.changes_one(statement).await
}

/// Keeps what the node said that ends its attempt; `false` if it said something before, or the
/// attempt is not open.
pub(crate) async fn judge(
    transaction: &mut Transaction,
    id: AttemptId,
    verdict: &Verdict,
) -> Result<bool, StoreError> {
    const JUDGE: &str = "UPDATE attempt SET verdict_at = $2, verdict_as = $3, verdict_why = $4 \
         WHERE id = $1 AND closed_at IS NULL AND verdict_at IS NULL";
    let statement = Statement::new(JUDGE)
        .bind(&id)
        .bind(verdict.at)
        .bind(verdict.end.as_str())
        .bind(verdict.why.as_str());
    transaction.changes_one(statement).await
}

/// The columns of an attempt, in the order of [`values`].
pub(crate) const COLUMNS: [&str; 27] = [
    "id",
    "machine",
    "intent",
    "number",
    "cluster",
    "role",
    "disk",
    "opened",
    "deadline",
    "boot",
    "accepted_boot",
    "power_actions",
    "power_at",
    "release_at",
    "release_digest",
    "release_delivery",
    "release_peer",
    "release_fetches",
    "release_fingerprint",
    "closed_at",
    "closed_as",
    "basis",
    "wipe_at",
    "wipe_boot",
    "verdict_at",
    "verdict_as",
    "verdict_why",
];

fn values(attempt: &Attempt) -> Vec<Value> {
    let release = attempt.release.as_ref();
    let (wipe, verdict) = (attempt.wipe.as_ref(), attempt.verdict.as_ref());
    let mut values: Vec<Value> = vec![
        (&attempt.id).into(),
        (&attempt.machine).into(),
        (&attempt.intent).into(),
        attempt.number.into(),
        (&attempt.assignment.cluster).into(),
        attempt.assignment.role.as_str().into(),
        (&attempt.assignment.disk).into(),
        attempt.opened.into(),
        attempt.deadline.into(),
        attempt.boot.as_ref().into(),
        attempt.accepted_boot.as_ref().into(),
        attempt.power_actions.into(),
        attempt.power_at.into(),
        release.map(|release| release.at).into(),
        release.map(|release| release.digest.to_vec()).into(),
    ];
    values.extend(releases::delivery_values(
        release.map(|release| &release.delivery),
    ));
    values.extend::<[Value; 8]>([
        attempt.closed.map(|(at, _)| at).into(),
        attempt.closed.map(|(_, end)| end.as_str()).into(),
        attempt.basis.map(|basis| basis.to_vec()).into(),
        wipe.map(|wipe| wipe.at).into(),
        wipe.and_then(|wipe| wipe.boot.as_ref()).into(),
        verdict.map(|verdict| verdict.at).into(),
        verdict.map(|verdict| verdict.end.as_str()).into(),
        verdict.map(|verdict| verdict.why.as_str()).into(),
    ]);
    values
}

pub(crate) fn read(row: &Row) -> Result<Attempt, StoreError> {
    read_fields(Fields::new(row, "attempt", "id"))
}

pub(crate) fn read_fields(fields: Fields<'_>) -> Result<Attempt, StoreError> {
    let closed = match fields.optional_time("closed_at")? {
        Some(at) => Some((at, fields.named("closed_as", end_of)?)),
        None => None,
    };
    Ok(Attempt {
        id: fields.parsed("id")?,
        machine: fields.parsed("machine")?,
        intent: fields.parsed("intent")?,
        number: fields.count("number")?,
        assignment: read_assignment(fields)?,
        opened: fields.time("opened")?,
        deadline: fields.time("deadline")?,
        boot: fields.optional_parsed("boot")?,
        accepted_boot: fields.optional_parsed("accepted_boot")?,
        power_actions: fields.count("power_actions")?,
        power_at: fields.optional_time("power_at")?,
        release: releases::read(fields)?,
        closed,
        basis: read_basis(fields)?,
        wipe: read_wipe(fields)?,
        verdict: read_verdict(fields)?,
    })
}

fn end_of(text: &str) -> Option<AttemptEnd> {
    AttemptEnd::ALL.into_iter().find(|end| end.as_str() == text)
}

fn read_basis(fields: Fields<'_>) -> Result<Option<[u8; 32]>, StoreError> {
    let basis = fields.optional_bytes("basis")?;
    basis
        .map(|it| releases::digest(fields, "basis", it))
        .transpose()
}

fn read_wipe(fields: Fields<'_>) -> Result<Option<Wipe>, StoreError> {
    let Some(at) = fields.optional_time("wipe_at")? else {
        return Ok(None);
    };
    let boot = fields.optional_parsed("wipe_boot")?;
    Ok(Some(Wipe { at, boot }))
}

fn read_verdict(fields: Fields<'_>) -> Result<Option<Verdict>, StoreError> {
    let Some(at) = fields.optional_time("verdict_at")? else {
        return Ok(None);
    };
    Ok(Some(Verdict {
        at,
        end: fields.named("verdict_as", end_of)?,
        why: fields.text("verdict_why")?,
    }))
}
