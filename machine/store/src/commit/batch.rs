//! One batch: its items in one transaction.
//!
//! Leases and boots come by the thousand and rarely collide, so each kind is first tried in
//! statements of many rows; if one of these breaks a rule, that kind is written item by item.

use machine_core::network::Lease;

use crate::boots;
use crate::commit::item::Writing;
use crate::commit::job::Job;
use crate::db::Db;
use crate::error::StoreError;
use crate::events;
use crate::lease_fold;
use crate::lease_row;
use crate::lease_writes::{self, LeaseOutcome};
use crate::read_model::refresh;
use crate::statement::Value;
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
        transaction
            .insert_together(&boots::UPSERT, boot_rows(jobs))
            .await?,
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
    let leases: Vec<&Lease> = jobs.iter().filter_map(Job::lease).collect();
    let has_end = jobs.iter().any(|job| matches!(job, Job::LeaseEnd(_)));
    if leases.is_empty() && !has_end {
        return Ok(true);
    }
    if !has_end && lease_fold::append(transaction, &leases).await? {
        return Ok(true);
    }
    lease_fold::fold(transaction).await?;
    let rows = || leases.iter().map(|it| lease_row::values(it)).collect();
    if transaction
        .insert_together(&lease_row::TABLE, rows())
        .await?
    {
        return Ok(true);
    }
    for lease in &leases {
        lease_writes::drop_expired(transaction, lease).await?;
    }
    transaction.insert_together(&lease_row::TABLE, rows()).await
}

fn boot_rows(jobs: &[Job]) -> Vec<Vec<Value>> {
    let boot = |job: &Job| match job {
        Job::Boot(ticket) => Some(boots::values(&ticket.item)),
        _ => None,
    };
    jobs.iter().filter_map(boot).collect()
}
