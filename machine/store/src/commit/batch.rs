//! One batch: its items in one transaction.
//!
//! Leases and boots come by the thousand and rarely collide, so each kind is first tried in
//! statements of many rows; if one of these breaks a rule, that kind is written item by item. Row
//! counts are powers of two, so that few different statements have to be prepared.

use crate::boots;
use crate::commit::item::Writing;
use crate::commit::job::Job;
use crate::db::Db;
use crate::error::StoreError;
use crate::events;
use crate::leases::{self, LeaseOutcome};
use crate::read_model::refresh;
use crate::statement::{Insert, Statement, Value};
use crate::transaction::{TRIES, Transaction};

/// Writes a batch and commits it. After an error nothing of it is known to be durable.
pub(crate) async fn write_batch(db: &Db, jobs: &mut [Job]) -> Result<(), StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match write_once(db, jobs).await {
            Err(error) if error.is_transient() && tries < TRIES => {}
            done => return done,
        }
    }
}

async fn write_once(db: &Db, jobs: &mut [Job]) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    match write_jobs(&mut transaction, jobs).await {
        Ok(()) => refresh::commit(db, transaction).await,
        Err(error) => {
            // The first error counts; a connection that can't roll back is closed.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

async fn write_jobs(transaction: &mut Transaction, jobs: &mut [Job]) -> Result<(), StoreError> {
    let together = [
        write_leases(transaction, jobs).await?,
        write_together(transaction, &boots::UPSERT, boot_rows(jobs)).await?,
    ];
    let mut events = Vec::new();
    let mut protects_a_disk = false;
    for job in jobs {
        let mut writing = Writing {
            transaction,
            events: &mut events,
            protects_a_disk: &mut protects_a_disk,
        };
        match (job, together) {
            (Job::Lease(ticket), [true, _]) => ticket.outcome = Some(Ok(LeaseOutcome::Committed)),
            (Job::Boot(ticket), [_, true]) => {
                writing.transaction.touched().boot(&ticket.item);
                ticket.outcome = Some(Ok(()));
            }
            (Job::Events(ticket), _) => {
                writing.events.extend(ticket.item.iter().cloned());
                ticket.outcome = Some(Ok(()));
            }
            (job, _) => job.write(&mut writing).await?,
        }
    }
    if protects_a_disk {
        transaction.count_generation().await?;
    }
    events::append(transaction, &events).await
}

/// Leases together. Where a machine gets the address of one that went, that lease is dropped first:
/// after a night most addresses of a rack are such.
async fn write_leases(transaction: &mut Transaction, jobs: &[Job]) -> Result<bool, StoreError> {
    if write_together(transaction, &leases::UPSERT, lease_rows(jobs)).await? {
        return Ok(true);
    }
    for job in jobs {
        if let Job::Lease(ticket) = job {
            leases::drop_expired(transaction, &ticket.item).await?;
        }
    }
    write_together(transaction, &leases::UPSERT, lease_rows(jobs)).await
}

fn lease_rows(jobs: &[Job]) -> Vec<Vec<Value>> {
    let lease = |job: &Job| match job {
        Job::Lease(ticket) => Some(leases::values(&ticket.item)),
        _ => None,
    };
    jobs.iter().filter_map(lease).collect()
}

fn boot_rows(jobs: &[Job]) -> Vec<Vec<Value>> {
    let boot = |job: &Job| match job {
        Job::Boot(ticket) => Some(boots::values(&ticket.item)),
        _ => None,
    };
    jobs.iter().filter_map(boot).collect()
}

/// Writes rows in as few statements as possible; `false` if they break a rule together, and then
/// nothing of them is written.
async fn write_together(
    transaction: &mut Transaction,
    insert: &Insert,
    rows: Vec<Vec<Value>>,
) -> Result<bool, StoreError> {
    if rows.is_empty() {
        return Ok(true);
    }
    transaction.savepoint().await?;
    let mut rest = rows.into_iter();
    while rest.len() > 0 {
        let count = largest_power_of_two(rest.len().min(ROWS));
        let statement = Statement::insert(insert, rest.by_ref().take(count));
        match transaction.execute(statement).await {
            Ok(_) => {}
            Err(error) if error.is_of_row() => {
                transaction.undo().await?;
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    transaction.keep().await?;
    Ok(true)
}

/// Rows in one statement at most.
const ROWS: usize = 64;

fn largest_power_of_two(up_to: usize) -> usize {
    up_to.checked_ilog2().map_or(0, |exponent| 1 << exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_counts_are_powers_of_two() {
        let counts: Vec<usize> = (0..=5).chain([63, 64]).map(largest_power_of_two).collect();
        assert_eq!(counts, [0, 1, 2, 2, 4, 4, 32, 64]);
    }
}
