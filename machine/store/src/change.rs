//! What the reconciler and the use cases write: one change, one transaction, by compare-and-set.
//!
//! A change was thought out on what had been read. Every part of it names what it expects to find,
//! and if anybody was faster, nothing of it is written. Locks are taken in one order (request,
//! machine, cluster, intent, attempt, the rest, events), which is also that of [`crate::commit`].

use std::net::IpAddr;

use machine_core::attempt::{Attempt, AttemptEnd, Verdict, Wipe};
use machine_core::cluster::Cluster;
use machine_core::id::{AttemptId, BootId, IntentId, MachineId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::events::{self, Event};
use crate::evidence::{self, Evidence};
use crate::place::Place;
use crate::requests::{self, Request};
use crate::reservations::{self, Reservation};
use crate::seal::Sealed;
use crate::transaction::{TRIES, Transaction};
use crate::{attempts, clusters, intents, machines, secrets};

/// What is to be written, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The request that asks for it: carried out once.
    pub request: Option<Request>,
    /// Machines.
    pub machines: Vec<MachineWrite>,
    /// Clusters.
    pub clusters: Vec<ClusterWrite>,
    /// Intents.
    pub intents: Vec<IntentWrite>,
    /// Attempts.
    pub attempts: Vec<AttemptWrite>,
    /// Evidence of identity.
    pub evidence: Vec<Evidence>,
    /// Reservations.
    pub reservations: Vec<ReservationWrite>,
    /// Sealed values.
    pub secrets: Vec<SecretWrite>,
    /// What happened.
    pub events: Vec<Event>,
}

/// A write of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineWrite {
    /// A new one.
    Insert(Machine),
    /// Over the version in it, which counts up.
    Update(Machine),
    /// Nothing but that it still has this version, which counts up: whatever else is written was
    /// thought out on it.
    Hold {
        /// Which.
        id: MachineId,
        /// The version that was read.
        version: i64,
    },
}

/// A write of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterWrite {
    /// A new one.
    Insert(Cluster),
    /// Over the version in it, which counts up.
    Update(Cluster),
}

/// A write of an intent. A machine has at most one open intent: close the old one first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntentWrite {
    /// A new one.
    Open(Intent),
    /// Closes an open one.
    Close {
        /// Which.
        id: IntentId,
        /// When.
        at: Timestamp,
        /// Why.
        end: IntentEnd,
    },
}

/// A write of an attempt. A machine has at most one open attempt: close the old one first.
#[expect(
    clippy::large_enum_variant,
    reason = "a change holds one or two of them, for a moment"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptWrite {
    /// A new one.
    Open(Attempt),
    /// Closes an open one.
    Close {
        /// Which.
        id: AttemptId,
        /// When.
        at: Timestamp,
        /// Why.
        end: AttemptEnd,
    },
    /// Counts a switching of power, before the act.
    SwitchPower {
        /// Of which attempt.
        id: AttemptId,
        /// The how-many-eth this is, from 1.
        number: u32,
        /// When.
        at: Timestamp,
    },
    /// Names the boot that serves it, before its config is released.
    Serve {
        /// Which attempt.
        id: AttemptId,
        /// By which boot.
        boot: BootId,
    },
    /// Records that the older install on its disk is to be wiped, or which boot wipes it.
    Wipe {
        /// Which attempt.
        id: AttemptId,
        /// The wipe: planned if it names no boot, else under way.
        wipe: Wipe,
    },
    /// Keeps what its node said that ends it.
    Judge {
        /// Which attempt.
        id: AttemptId,
        /// What it said.
        verdict: Verdict,
    },
}

/// A write of a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReservationWrite {
    /// Reserves an address, or moves it to another card of the same machine.
    Reserve(Reservation),
    /// Gives it back.
    Free {
        /// Whose.
        machine: MachineId,
        /// Which address.
        address: IpAddr,
    },
}

/// A write of a sealed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretWrite {
    /// Unless there is one: what is there stays.
    PutIfAbsent {
        /// Where.
        place: Place,
        /// What.
        sealed: Sealed,
        /// When.
        at: Timestamp,
    },
    /// Over what is there.
    Replace {
        /// Where.
        place: Place,
        /// What.
        sealed: Sealed,
        /// When.
        at: Timestamp,
    },
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it is durable.
    Applied,
    /// The same request was carried out before: nothing was written; this was answered.
    Repeated(String),
    /// Somebody was faster: nothing was written. Read again and think again.
    Stale {
        /// What was not as expected: `machine`, `intent` …
        table: &'static str,
        /// Which.
        row: String,
    },
    /// A name or an address belongs to another: nothing was written.
    Taken {
        /// What: `machine name`, `cluster name`, `reservation`.
        what: &'static str,
        /// Which.
        value: String,
    },
}

/// Writes a change.
pub async fn apply(db: &Db, change: &Change) -> Result<Outcome, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match apply_once(db, change).await {
            Err(error) if error.is_transient() && tries < TRIES => {}
            done => return done,
        }
    }
}

async fn apply_once(db: &Db, change: &Change) -> Result<Outcome, StoreError> {
    let mut transaction = db.begin().await?;
    match write(&mut transaction, change).await {
        Ok(Outcome::Applied) => transaction.commit().await.map(|()| Outcome::Applied),
        Ok(refused) => transaction.rollback().await.map(|()| refused),
        Err(error) => {
            // The first error counts; a connection that can't roll back is closed.
            let _ = transaction.rollback().await;
            Err(error)
        }
    }
}

async fn write(transaction: &mut Transaction, change: &Change) -> Result<Outcome, StoreError> {
    if let Some(request) = &change.request
        && let Some(earlier) = requests::record(transaction, request).await?
    {
        return earlier.repeated(&request.digest).map(Outcome::Repeated);
    }
    for it in &change.machines {
        if let Some(refused) = write_machine(transaction, it).await? {
            return Ok(refused);
        }
    }
    for it in &change.clusters {
        if let Some(refused) = write_cluster(transaction, it).await? {
            return Ok(refused);
        }
    }
    if let Some(refused) = write_work(transaction, change).await? {
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
    for it in &change.secrets {
        write_secret(transaction, it).await?;
    }
    events::append(transaction, &change.events).await?;
    Ok(Outcome::Applied)
}

async fn write_machine(
    transaction: &mut Transaction,
    write: &MachineWrite,
) -> Result<Option<Outcome>, StoreError> {
    Ok(match write {
        MachineWrite::Insert(machine) => {
            let inserted = machines::insert(transaction, machine).await?;
            (!inserted).then(|| taken("machine name", &machine.name))
        }
        MachineWrite::Update(machine) => {
            let updated = machines::update(transaction, machine).await?;
            (!updated).then(|| stale("machine", &machine.id))
        }
        MachineWrite::Hold { id, version } => {
            let held = machines::hold(transaction, *id, *version).await?;
            (!held).then(|| stale("machine", id))
        }
    })
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
    })
}

/// Closes before it opens: a machine has one open intent and one open attempt at most.
async fn write_work(
    transaction: &mut Transaction,
    change: &Change,
) -> Result<Option<Outcome>, StoreError> {
    for it in &change.intents {
        let (id, written) = match it {
            IntentWrite::Open(intent) => (intent.id, intents::open(transaction, intent).await?),
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
    }
}

fn stale(table: &'static str, id: &impl ToString) -> Outcome {
    Outcome::Stale {
        table,
        row: id.to_string(),
    }
}

fn taken(what: &'static str, value: &str) -> Outcome {
    Outcome::Taken {
        what,
        value: value.to_owned(),
    }
}
