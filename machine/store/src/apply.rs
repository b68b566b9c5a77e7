//! How a [`Change`] is written: each part with what it expects to find, in the one order of locks.

mod machine_writes;
mod refusals;

use machine_core::id::AttemptId;
use machine_core::intent::{Intent, IntentEnd};
use tokio::sync::oneshot;

use crate::apply::machine_writes::write_machines;
use crate::apply::refusals::{stale, taken};
use crate::change::{
    AttemptWrite, Change, ClusterWrite, IntentWrite, OperationWrite, Outcome, ReservationWrite,
    SecretWrite,
};
use crate::commit::batch::write_batch;
use crate::commit::item::{Item, Ticket, Verdict, Writing};
use crate::commit::job::Submit as _;
use crate::db::Db;
use crate::error::StoreError;
use crate::transaction::Transaction;
use crate::{
    attempts, boards, claimants, clusters, evidence, facts, intents, members, operations, power_on,
    registrations, requests, reservations, secrets,
};
use machine_core::sabotage::Sabotage;

/// Writes a change in a transaction of its own, for those who have no way to the commit task.
pub async fn apply(db: &Db, change: &Change) -> Result<Outcome, StoreError> {
    let (reply, answer) = oneshot::channel();
    let ticket = Ticket::new(change.clone(), Some(reply));
    let (own, mut jobs) = (db.clone(), [Change::into_job(Box::new(ticket))]);
    db.on_disk(async move {
        let done = write_batch(&own, &mut jobs).await;
        for job in jobs {
            job.answer(&done);
        }
        answer.await.unwrap_or(Err(StoreError::Closed))
    })
    .await
}

impl Item for Change {
    type Outcome = Outcome;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<Outcome>, StoreError> {
        writing.transaction.touched().add(self.touched());
        match write(writing.transaction, self).await? {
            Outcome::Applied => {
                *writing.protects_a_disk |= self.protects_a_disk();
                writing.events.extend(self.events.iter().cloned());
                Ok(Verdict::Keep(Outcome::Applied))
            }
            refused => Ok(Verdict::Undo(refused)),
        }
    }
}

async fn write(transaction: &mut Transaction, change: &Change) -> Result<Outcome, StoreError> {
    if let Some(request) = &change.request
        && let Some(earlier) = requests::record(transaction, request).await?
    {
        return earlier.repeated(&request.digest).map(Outcome::Repeated);
    }
    if let Some(refused) = write_machines(transaction, &change.machines).await? {
        return Ok(refused);
    }
    for it in &change.clusters {
        if let Some(refused) = write_cluster(transaction, it).await? {
            return Ok(refused);
        }
    }
    for it in &change.operations {
        if let Some(refused) = write_operation(transaction, it).await? {
            return Ok(refused);
        }
    }
    if let Some(refused) = write_work(transaction, change).await? {
        return Ok(refused);
    }
    if let Some(refused) = check_deleted(transaction, change).await? {
        return Ok(refused);
    }
    for it in &change.reservations {
        if let Some(refused) = write_reservation(transaction, it).await? {
            return Ok(refused);
        }
    }
    for it in &change.evidence {
        evidence::add(transaction, it).await?;
    }
    for it in &change.learned {
        facts::learn(transaction, it).await?;
    }
    for it in &change.registrations {
        registrations::write(transaction, it).await?;
    }
    for it in &change.power {
        power_on::write(transaction, it).await?;
    }
    for machine in change.identified() {
        claimants::settle(transaction, machine).await?;
    }
    for (machine, boot) in &change.accepted {
        claimants::forget_others(transaction, *machine, *boot).await?;
    }
    for it in &change.secrets {
        write_secret(transaction, it).await?;
    }
    for (uuid, at) in &change.ignored_uuids {
        boards::ignore_uuid(transaction, *uuid, *at).await?;
    }
    Ok(Outcome::Applied)
}

async fn write_cluster(
    transaction: &mut Transaction,
    write: &ClusterWrite,
) -> Result<Option<Outcome>, StoreError> {
    Ok(match write {
        ClusterWrite::Insert(cluster) => {
            let inserted = clusters::insert(transaction, cluster).await?;
            (!inserted).then(|| taken("cluster name", &cluster.spec.name))
        }
        ClusterWrite::Update(cluster) => {
            let updated = clusters::update(transaction, cluster).await?;
            (!updated).then(|| stale("cluster", &cluster.id))
        }
        ClusterWrite::Hold { id, version } => {
            let held = clusters::hold(transaction, *id, *version).await?;
            (!held).then(|| stale("cluster", id))
        }
        ClusterWrite::Delete { id, version, at } => {
            let deleted = clusters::delete(transaction, *id, *version, *at).await?;
            (!deleted).then(|| stale("cluster", id))
        }
        ClusterWrite::HoldUnused { id, version } => {
            let held = clusters::hold_unused(transaction, *id, *version).await?;
            (!held).then(|| stale("cluster", id))
        }
    })
}

async fn write_operation(
    transaction: &mut Transaction,
    write: &OperationWrite,
) -> Result<Option<Outcome>, StoreError> {
    let (id, written) = match write {
        OperationWrite::Begin(it) => (it.id, operations::begin(transaction, it).await?),
        OperationWrite::Record(it) => (it.id, operations::record(transaction, it).await?),
        OperationWrite::Withdraw { id, at } => {
            (*id, operations::withdraw(transaction, *id, *at).await?)
        }
    };
    Ok((!written).then(|| stale("operation", &id)))
}

/// Nothing is opened for a cluster that was deleted, and none is deleted that has something open.
/// Looked at when both are written: whoever is second waits for the row of the cluster, and sees
/// what the first one wrote.
async fn check_deleted(
    transaction: &mut Transaction,
    change: &Change,
) -> Result<Option<Outcome>, StoreError> {
    for it in &change.clusters {
        if let ClusterWrite::Delete { id, .. } = it
            && clusters::has_open_intent(transaction, *id).await?
        {
            return Ok(Some(stale("cluster", id)));
        }
    }
    for it in &change.intents {
        if let IntentWrite::Open(intent) = it
            && clusters::is_deleted(transaction, intent.assignment.cluster).await?
        {
            return Ok(Some(stale("intent", &intent.id)));
        }
    }
    Ok(None)
}

/// Closes before it opens: a machine has one open intent and one open attempt at most.
async fn write_work(
    transaction: &mut Transaction,
    change: &Change,
) -> Result<Option<Outcome>, StoreError> {
    for it in &change.intents {
        let (id, written) = match it {
            IntentWrite::Open(intent) => (intent.id, open_intent(transaction, intent).await?),
            IntentWrite::Close { id, end, .. }
                if *end == IntentEnd::Cancelled && Sabotage::CancelLeavesOpen.is_on() =>
            {
                (*id, true)
            }
            IntentWrite::Close { id, at, end } => {
                (*id, intents::close(transaction, *id, *at, *end).await?)
            }
        };
        if !written {
            return Ok(Some(stale("intent", &id)));
        }
    }
    for it in &change.attempts {
        let (id, written) = write_attempt(transaction, it).await?;
        if !written {
            return Ok(Some(stale("attempt", &id)));
        }
    }
    Ok(None)
}

async fn open_intent(transaction: &mut Transaction, intent: &Intent) -> Result<bool, StoreError> {
    if !intents::open(transaction, intent).await? {
        return Ok(false);
    }
    members::permit(transaction, intent).await?;
    Ok(true)
}

async fn write_attempt(
    transaction: &mut Transaction,
    write: &AttemptWrite,
) -> Result<(AttemptId, bool), StoreError> {
    Ok(match write {
        AttemptWrite::Open(attempt) => (attempt.id, attempts::open(transaction, attempt).await?),
        AttemptWrite::Close { id, at, end } => {
            (*id, attempts::close(transaction, *id, *at, *end).await?)
        }
        AttemptWrite::SwitchPower { id, number, at } => (
            *id,
            attempts::switch_power(transaction, *id, *number, *at).await?,
        ),
        AttemptWrite::Serve { id, boot } => (*id, attempts::serve(transaction, *id, *boot).await?),
        AttemptWrite::Accept { id, boot } => {
            (*id, attempts::accept(transaction, *id, *boot).await?)
        }
        AttemptWrite::Wipe { id, wipe } => (*id, attempts::wipe(transaction, *id, *wipe).await?),
        AttemptWrite::Judge { id, verdict } => {
            (*id, attempts::judge(transaction, *id, verdict).await?)
        }
    })
}

async fn write_reservation(
    transaction: &mut Transaction,
    write: &ReservationWrite,
) -> Result<Option<Outcome>, StoreError> {
    match write {
        ReservationWrite::Reserve(reservation) => {
            let reserved = reservations::reserve(transaction, reservation).await?;
            let address = reservation.address.to_string();
            Ok((!reserved).then(|| taken("reservation", &address)))
        }
        ReservationWrite::Free { machine, address } => {
            reservations::free(transaction, *machine, *address).await?;
            Ok(None)
        }
    }
}

async fn write_secret(
    transaction: &mut Transaction,
    write: &SecretWrite,
) -> Result<(), StoreError> {
    match write {
        SecretWrite::PutIfAbsent { place, sealed, at } => {
            secrets::add(transaction, place, sealed, *at)
                .await
                .map(|_| ())
        }
        SecretWrite::Replace { place, sealed, at } => {
            secrets::replace(transaction, place, sealed, *at).await
        }
        SecretWrite::Remove { place } => secrets::remove(transaction, place).await,
    }
}
