//! What anybody on the wire can add to the records, kept within bounds: boots of one card, and
//! machines that were found and that nobody ever accepted.

use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::read_model::refresh;
use crate::row::Fields;
use crate::statement::Statement;
use crate::touched::Parts;
use crate::transaction::Transaction;

/// Drops the older network boots of a card: all but the newest `keep`, and those that an attempt
/// refers to. How many were dropped. Their events stay.
pub async fn drop_old_boots(db: &Db, mac: MacAddress, keep: u32) -> Result<u64, StoreError> {
    const DROP: &str = "DELETE FROM boot WHERE mac = $1 AND origin = 'network' \
         AND attempt IS NULL \
         AND NOT EXISTS (SELECT 1 FROM attempt WHERE attempt.boot = boot.id) \
         AND id NOT IN (SELECT newer.id FROM boot newer WHERE newer.mac = $1 \
         ORDER BY newer.opened DESC, newer.id DESC LIMIT $2)";
    const OWNERS: &str = "SELECT DISTINCT machine FROM boot WHERE mac = $1 AND machine IS NOT NULL";
    let owners = Statement::new(OWNERS).bind(&mac);
    let statement = Statement::new(DROP).bind(&mac).bind(keep);
    let own = db.clone();
    db.on_disk(async move {
        let mut transaction = own.begin().await?;
        for row in transaction.all(owners).await? {
            let machine = Fields::new(&row, "boot", "machine").parsed("machine")?;
            transaction.touched().machine(machine, Parts::WORK);
        }
        let dropped = transaction.execute(statement).await?;
        refresh::commit(&own, transaction).await?;
        Ok(dropped)
    })
    .await
}

/// How many machines were found in the network and wait to be accepted.
pub async fn count_found(db: &Db) -> Result<u64, StoreError> {
    let sql = format!("SELECT COUNT(*) AS found FROM machine m WHERE {FOUND}");
    let row = db.optional(Statement::new(sql)).await?;
    let count = row.as_ref().map_or(Ok(0), |row| {
        Fields::new(row, "machine", "found").integer("found")
    })?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Forgets machines that were found, that no person has touched, and that were not heard of since:
/// those that were silent longest first, at most `limit`. How many were forgotten. Their events
/// stay.
pub async fn forget_found(db: &Db, silent_since: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = format!(
        "SELECT m.id, MAX(evidence.last_seen) AS heard FROM machine m \
         LEFT JOIN evidence ON evidence.machine = m.id WHERE {FOUND} \
         GROUP BY m.id HAVING COALESCE(MAX(evidence.last_seen), 0) < $1 \
         ORDER BY heard, m.id LIMIT $2"
    );
    let statement = Statement::new(sql).bind(silent_since).bind(limit);
    let mut forgotten = 0;
    for row in db.all(statement).await? {
        let machine: MachineId = Fields::new(&row, "machine", "id").parsed("id")?;
        let own = db.clone();
        let forget = async move { forget(&own, machine, silent_since).await };
        forgotten += u64::from(db.on_disk(forget).await?);
    }
    Ok(forgotten)
}

/// A transaction for each: nobody waits long for it, and one that somebody has accepted meanwhile
/// is left alone.
async fn forget(db: &Db, machine: MachineId, silent_since: Timestamp) -> Result<bool, StoreError> {
    let mut transaction = db.begin().await?;
    let is_forgotten = forget_within(&mut transaction, machine, silent_since).await?;
    if is_forgotten {
        transaction.touched().machine(machine, Parts::ALL);
        refresh::commit(db, transaction).await?;
    } else {
        transaction.rollback().await?;
    }
    Ok(is_forgotten)
}

async fn forget_within(
    transaction: &mut Transaction,
    machine: MachineId,
    silent_since: Timestamp,
) -> Result<bool, StoreError> {
    // Locks it, so that it is not accepted from here on.
    let lock = format!(
        "UPDATE machine SET version = version + 1 WHERE id = $1 AND id IN \
         (SELECT m.id FROM machine m WHERE m.id = $1 AND {FOUND} AND NOT EXISTS \
         (SELECT 1 FROM evidence WHERE evidence.machine = m.id AND evidence.last_seen >= $2))"
    );
    let locked = Statement::new(lock).bind(&machine).bind(silent_since);
    if !transaction.changes_one(locked).await? {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM evidence WHERE machine = $1",
        "DELETE FROM claimant WHERE machine = $1",
        "DELETE FROM machine_status WHERE machine = $1",
        "DELETE FROM fact WHERE machine = $1",
        "DELETE FROM boot WHERE machine = $1",
        "DELETE FROM machine WHERE id = $1",
    ] {
        let statement = Statement::new(sql).bind(&machine);
        transaction.execute(statement).await?;
    }
    Ok(true)
}

/// Machines `m` that were found, of which nothing is wanted, and that no person has touched.
const FOUND: &str = "m.state = 'discovered' AND m.install_disk IS NULL \
     AND NOT EXISTS (SELECT 1 FROM bmc WHERE bmc.machine = m.id) \
     AND NOT EXISTS (SELECT 1 FROM intent WHERE intent.machine = m.id) \
     AND NOT EXISTS (SELECT 1 FROM reservation WHERE reservation.machine = m.id) \
     AND NOT EXISTS (SELECT 1 FROM registration WHERE registration.machine = m.id) \
     AND NOT EXISTS (SELECT 1 FROM power_on WHERE power_on.machine = m.id) \
     AND NOT EXISTS (SELECT 1 FROM event WHERE event.machine = m.id \
     AND event.actor <> 'drover') \
     AND EXISTS (SELECT 1 FROM event WHERE event.machine = m.id \
     AND event.kind = 'discovered')";
