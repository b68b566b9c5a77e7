//! What is kept for how long: events, boots, requests and leases of DHCPv6 that are old are dropped,
//! and so are the oldest events and boots of which there are too many.
//!
//! What somebody still needs stays, however old it is: the boot in which a machine runs, and the last
//! one of which more was seen than a DISCOVER; boots of the attempt that a machine runs on, and of
//! one that is open; boots of whoever is held because of a conflict; what happened under an open
//! permission; what people did to a machine that waits to be accepted; and that a cluster is ready.

use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::row::Fields;
use crate::statement::Statement;

/// From when on rows are kept, and how many at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// What is older is dropped.
    pub since: Timestamp,
    /// Of more than these the oldest are dropped.
    pub rows: i64,
}

/// Drops old events, at most `limit`; how many were dropped.
pub async fn drop_events(db: &Db, kept: Kept, limit: u32) -> Result<u64, StoreError> {
    // Numbers follow the clock: the first event that is young enough ends the search. What is in
    // the way of the search, because it is kept, is little.
    let sql = format!(
        "DELETE FROM event WHERE seq IN (SELECT old.seq FROM event old WHERE \
         old.seq < (SELECT COALESCE(MIN(young.seq), {NONE}) FROM event young WHERE young.at >= $1) \
         AND old.at < $1 AND {EVENT_IS_OLD} ORDER BY old.seq LIMIT $2)"
    );
    let old = Statement::new(sql).bind(kept.since).bind(limit);
    let surplus = format!(
        "DELETE FROM event WHERE seq IN (SELECT old.seq FROM event old WHERE \
         old.seq <= (SELECT value FROM counter WHERE name = 'event') - $1 \
         AND {EVENT_IS_OLD} ORDER BY old.seq LIMIT $2)"
    );
    let surplus = Statement::new(surplus).bind(kept.rows).bind(limit);
    Ok(drop_rows(db, old).await? + drop_rows(db, surplus).await?)
}

/// Drops old boots, at most `limit`; how many were dropped. Their events stay as long as events do.
pub async fn drop_boots(db: &Db, kept: Kept, limit: u32) -> Result<u64, StoreError> {
    let sql = format!(
        "DELETE FROM boot WHERE id IN (SELECT old.id FROM boot old WHERE \
         old.opened < $1 AND old.step_at < $1 AND {BOOT_IS_OLD} ORDER BY old.opened LIMIT $2)"
    );
    let old = Statement::new(sql).bind(kept.since).bind(limit);
    let mut dropped = drop_rows(db, old).await?;
    let surplus = count_boots(db).await?.saturating_sub(kept.rows);
    if surplus > 0 {
        let sql = format!(
            "DELETE FROM boot WHERE id IN (SELECT old.id FROM boot old WHERE {BOOT_IS_OLD} \
             ORDER BY old.opened LIMIT $1)"
        );
        let surplus = Statement::new(sql).bind(surplus.min(i64::from(limit)));
        dropped += drop_rows(db, surplus).await?;
    }
    Ok(dropped)
}

/// Drops requests that were carried out long ago, at most `limit`: nobody sends them again.
pub async fn drop_requests(db: &Db, since: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const DROP: &str = "DELETE FROM request WHERE idempotency_key IN \
         (SELECT idempotency_key FROM request WHERE at < $1 ORDER BY at LIMIT $2)";
    drop_rows(db, Statement::new(DROP).bind(since).bind(limit)).await
}

/// Drops leases of DHCPv6 that ended before, at most `limit`; how many were dropped. Those of DHCPv4
/// are as many as there are addresses; of these a machine may leave one behind with each boot.
pub async fn drop_leases(db: &Db, ended: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const DROP: &str = "DELETE FROM lease WHERE (subnet, client) IN \
         (SELECT subnet, client FROM lease WHERE client LIKE 'duid:%' AND expires < $1 \
         ORDER BY expires LIMIT $2)";
    drop_rows(db, Statement::new(DROP).bind(ended).bind(limit)).await
}

async fn count_boots(db: &Db) -> Result<i64, StoreError> {
    let row = db.optional(Statement::new("SELECT COUNT(*) AS boots FROM boot"));
    match row.await? {
        Some(row) => Fields::new(&row, "boot", "boots").integer("boots"),
        None => Ok(0),
    }
}

async fn drop_rows(db: &Db, statement: Statement) -> Result<u64, StoreError> {
    let own = db.clone();
    db.on_disk(async move {
        let mut transaction = own.begin().await?;
        let dropped = transaction.execute(statement).await?;
        // The boots that are held are among those that are kept.
        transaction.has_touched_nothing();
        transaction.commit().await?;
        Ok(dropped)
    })
    .await
}

/// A number above that of every event.
const NONE: i64 = i64::MAX;

/// Events `old` that nobody needs any more.
const EVENT_IS_OLD: &str = "NOT (old.kind = 'ready' AND old.cluster IS NOT NULL) \
     AND NOT EXISTS (SELECT 1 FROM intent WHERE intent.machine = old.machine \
     AND intent.closed_at IS NULL AND old.at >= intent.opened) \
     AND NOT ((old.kind = 'discovered' OR old.actor <> 'drover') \
     AND EXISTS (SELECT 1 FROM machine WHERE machine.id = old.machine \
     AND machine.state = 'discovered'))";

/// Boots `old` that nobody needs any more. The subqueries of a sighting find nothing.
const BOOT_IS_OLD: &str = "NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.closed_at IS NULL \
     AND (attempt.id = old.attempt OR (attempt.machine = old.machine \
     AND old.id IN (attempt.boot, attempt.accepted_boot, attempt.wipe_boot)))) \
     AND (old.attempt IS NULL OR old.attempt <> COALESCE((SELECT released.id FROM attempt released \
     WHERE released.machine = old.machine AND released.release_at IS NOT NULL \
     ORDER BY released.release_at DESC, released.id DESC LIMIT 1), '')) \
     AND NOT EXISTS (SELECT 1 FROM claimant WHERE claimant.machine = old.machine \
     AND claimant.boot = old.id AND claimant.why <> '') \
     AND (old.machine IS NULL OR old.id NOT IN (\
     COALESCE((SELECT newest.id FROM boot newest WHERE newest.machine = old.machine \
     ORDER BY newest.opened DESC, newest.id DESC LIMIT 1), ''), \
     COALESCE((SELECT disk.id FROM boot disk WHERE disk.machine = old.machine \
     AND disk.origin = 'disk' ORDER BY disk.opened DESC, disk.id DESC LIMIT 1), ''), \
     COALESCE((SELECT seen.id FROM boot seen WHERE seen.machine = old.machine \
     AND seen.step NOT IN ('discover', 'offer', 'lease', 'loader', 'ipxe') \
     ORDER BY seen.opened DESC, seen.id DESC LIMIT 1), '')))";
