//! Who is a member of which cluster: written with what makes a machine one, or ends that.
//!
//! A machine becomes a member when it may be installed for a cluster. One that is a member of another
//! cluster, or as something else, stays that until the config of the new one is released to it: until
//! then nothing of it has changed. It leaves when its state says that it works for nobody, and when
//! it is forgotten. What was stays on record.

use machine_core::id::{AttemptId, ClusterId, MachineId};
use machine_core::intent::Intent;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::membership::Membership;
use crate::row::{Fields, Row};
use crate::statement::Statement;
use crate::transaction::Transaction;

/// The members of a cluster, by their ids.
pub async fn of_cluster(db: &Db, cluster: ClusterId) -> Result<Vec<Membership>, StoreError> {
    const OF_CLUSTER: &str = "WHERE cluster = $1 AND left_at IS NULL ORDER BY machine";
    let statement = Statement::select("member", &COLUMNS, OF_CLUSTER).bind(&cluster);
    let rows = db.all(statement).await?;
    db.readable(&rows, read)
}

/// What a machine is, and what it was before, the latest first.
pub async fn of_machine(db: &Db, machine: MachineId) -> Result<Vec<Membership>, StoreError> {
    const OF_MACHINE: &str = "WHERE machine = $1 ORDER BY left_at IS NOT NULL, since DESC, cluster";
    let statement = Statement::select("member", &COLUMNS, OF_MACHINE).bind(&machine);
    db.all(statement).await?.iter().map(read).collect()
}

/// A machine may be installed for a cluster from now on.
pub(crate) async fn permit(
    transaction: &mut Transaction,
    intent: &Intent,
) -> Result<(), StoreError> {
    // What it was before counts no more if nothing of that was released to it.
    const LEAVE: &str = "UPDATE member SET left_at = $4 WHERE machine = $1 AND left_at IS NULL \
         AND (cluster <> $2 OR role <> $3) AND NOT EXISTS (SELECT 1 FROM attempt \
         WHERE attempt.machine = $1 AND attempt.cluster = member.cluster \
         AND attempt.release_at >= member.since)";
    let wanted = &intent.assignment;
    let statement = Statement::new(LEAVE)
        .bind(&intent.machine)
        .bind(&wanted.cluster)
        .bind(wanted.role.as_str())
        .bind(intent.opened);
    transaction.execute(statement).await?;
    let statement = Statement::new(ENTER)
        .bind(&intent.machine)
        .bind(&wanted.cluster)
        .bind(wanted.role.as_str())
        .bind(intent.opened);
    transaction.execute(statement).await.map(|_| ())
}

/// The config of an attempt is released: its machine is what that config makes of it.
pub(crate) async fn release(
    transaction: &mut Transaction,
    attempt: AttemptId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const LEAVE: &str = "UPDATE member SET left_at = $2 WHERE left_at IS NULL \
         AND EXISTS (SELECT 1 FROM attempt WHERE attempt.id = $1 \
         AND attempt.machine = member.machine \
         AND (attempt.cluster <> member.cluster OR attempt.role <> member.role)) \
         AND machine = (SELECT attempt.machine FROM attempt WHERE attempt.id = $1)";
    const JOIN: &str = "INSERT INTO member (machine, cluster, role, since) \
         SELECT attempt.machine, attempt.cluster, attempt.role, CAST($2 AS BIGINT) FROM attempt \
         WHERE attempt.id = $1 AND NOT EXISTS (SELECT 1 FROM member \
         WHERE member.machine = attempt.machine AND member.left_at IS NULL) \
         ON CONFLICT (machine, cluster, since) DO UPDATE SET role = excluded.role, left_at = NULL";
    for sql in [LEAVE, JOIN] {
        let statement = Statement::new(sql).bind(&attempt).bind(at);
        transaction.execute(statement).await?;
    }
    Ok(())
}

/// A machine works for nobody from now on.
pub(crate) async fn leave(
    transaction: &mut Transaction,
    machine: MachineId,
    at: Timestamp,
) -> Result<(), StoreError> {
    const LEAVE: &str = "UPDATE member SET left_at = $2 WHERE machine = $1 AND left_at IS NULL";
    let statement = Statement::new(LEAVE).bind(&machine).bind(at);
    transaction.execute(statement).await.map(|_| ())
}

/// Unless the machine is a member already. One that left and comes back within the same millisecond
/// has not left.
const ENTER: &str = "INSERT INTO member (machine, cluster, role, since) \
     SELECT $1, $2, $3, CAST($4 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM member \
     WHERE member.machine = $1 AND member.left_at IS NULL) \
     ON CONFLICT (machine, cluster, since) DO UPDATE SET role = excluded.role, left_at = NULL";

pub(crate) const COLUMNS: [&str; 5] = ["machine", "cluster", "role", "since", "left_at"];

fn read(row: &Row) -> Result<Membership, StoreError> {
    read_fields(Fields::new(row, "member", "machine"))
}

/// The membership of a row in which there may be none.
pub(crate) fn read_if_there(fields: Fields<'_>) -> Result<Option<Membership>, StoreError> {
    match fields.optional_text("machine")? {
        Some(_) => read_fields(fields).map(Some),
        None => Ok(None),
    }
}

fn read_fields(fields: Fields<'_>) -> Result<Membership, StoreError> {
    Ok(Membership {
        machine: fields.parsed("machine")?,
        cluster: fields.parsed("cluster")?,
        role: fields.parsed("role")?,
        since: fields.time("since")?,
        left: fields.optional_time("left_at")?,
    })
}
