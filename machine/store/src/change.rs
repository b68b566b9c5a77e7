//! What the reconciler and the use cases write: one change, one transaction, by compare-and-set.
//!
//! A change was thought out on what had been read. Every part of it names what it expects to find,
//! and if anybody was faster, nothing of it is written. Locks are taken in one order (request,
//! machine, cluster, intent, attempt, the rest, generation, events), which is also that of [`crate::commit`].

use std::net::IpAddr;

use machine_core::attempt::{Attempt, AttemptEnd, Verdict, Wipe};
use machine_core::cluster::Cluster;
use machine_core::hardware::SystemUuid;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;

use crate::db::Db;
use crate::error::StoreError;
use crate::events::{self, Event};
use crate::evidence::{self, Evidence};
use crate::place::Place;
use crate::power_on::{self, PowerSwitch};
use crate::registrations::{self, RegistrationWrite};
use crate::requests::{self, Request};
use crate::reservations::{self, Reservation};
use crate::seal::Sealed;
use crate::transaction::{TRIES, Transaction};
use crate::{attempts, boards, claimants, clusters, forgotten, intents, machines, secrets};

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
    /// What documents say of identities.
    pub registrations: Vec<RegistrationWrite>,
    /// Whose power is switched, and when it was switched on.
    pub power: Vec<PowerSwitch>,
    /// The machines of which everybody who spoke for them is forgotten, but this boot.
    pub accepted: Vec<(MachineId, BootId)>,
    /// Reservations.
    pub reservations: Vec<ReservationWrite>,
    /// Sealed values.
    pub secrets: Vec<SecretWrite>,
    /// UUIDs that identify nothing from now on, and when a person said so.
    pub ignored_uuids: Vec<(SystemUuid, Timestamp)>,
    /// What happened.
    pub events: Vec<Event>,
}

impl Change {
    /// Whether a database without this change could let a disk be erased that this one protects:
    /// everything but requests, reservations and events, so that nobody has to be certain.
    const fn protects_a_disk(&self) -> bool {
        !(self.machines.is_empty()
            && self.clusters.is_empty()
            && self.intents.is_empty()
            && self.attempts.is_empty()
            && self.evidence.is_empty()
            && self.registrations.is_empty()
            && self.ignored_uuids.is_empty()
            && self.secrets.is_empty())
    }
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
    /// Ends its record: from here on nobody finds it, and what identified it is nobody's.
    Forget {
        /// Which.
        id: MachineId,
        /// The version that was read.
        version: i64,
        /// When.
        at: Timestamp,
    },
    /// Forgets its UUID and its serial number: those of its next boot are taken.
    ForgetBoard {
        /// Which.
        id: MachineId,
        /// The version that was read.
        version: i64,
    },
    /// Keeps the GUID that its BMC may say, in hexadecimal digits.
    AcceptBmc {
        /// Which.
        id: MachineId,
        /// The version that was read.
        version: i64,
        /// The GUID.
        guid: String,
    },
}

/// A write of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterWrite {
    /// A new one.
    Insert(Cluster),
    /// Over the version in it, which counts up.
    Update(Cluster),
    /// Nothing but that it still has this version, which stays: whatever else is written was
    /// permitted by its rules, and many machines may be at once.
    Hold {
        /// Which.
        id: ClusterId,
        /// The version that was read.
        version: i64,
    },
    /// It is no cluster any more; its name and endpoint are free. No intent of it may be open when
    /// the change is written.
    Delete {
        /// Which.
        id: ClusterId,
        /// The version that was read.
        version: i64,
        /// When.
        at: Timestamp,
    },
    /// Nothing but that it still has this version, which counts up, and that no machine has or can
    /// get a config with its secrets.
    HoldUnused {
        /// Which.
        id: ClusterId,
        /// The version that was read.
        version: i64,
    },
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
    /// A person accepts a boot for it, before its config is released.
    Accept {
        /// For which attempt.
        id: AttemptId,
        /// Which boot.
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
    /// Takes away what is there, if anything is.
    Remove {
        /// Where.
        place: Place,
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
        /// What: `machine name`, `cluster name`, `reservation`, `BMC address`.
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
    if let Some(refused) = write_machines(transaction, &change.machines).await? {
        return Ok(refused);
    }
    for it in &change.clusters {
        if let Some(refused) = write_cluster(transaction, it).await? {
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
    for it in &change.registrations {
        registrations::write(transaction, it).await?;
    }
    for it in &change.power {
        power_on::write(transaction, it).await?;
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
    if change.protects_a_disk() {
        transaction.count_generation().await?;
    }
    events::append(transaction, &change.events).await?;
    Ok(Outcome::Applied)
}

/// Gives up every BMC address first, where several machines change: two may exchange theirs.
async fn write_machines(
    transaction: &mut Transaction,
    writes: &[MachineWrite],
) -> Result<Option<Outcome>, StoreError> {
    if writes.len() > 1 {
        for it in writes {
            if let MachineWrite::Update(machine) = it {
                machines::give_up_bmc(transaction, machine).await?;
            }
        }
    }
    for it in writes {
        if let Some(refused) = write_machine(transaction, it).await? {
            return Ok(Some(refused));
        }
    }
    Ok(None)
}

async fn write_machine(
    transaction: &mut Transaction,
    write: &MachineWrite,
) -> Result<Option<Outcome>, StoreError> {
    if let MachineWrite::Insert(machine) | MachineWrite::Update(machine) = write
        && let Some(bmc) = &machine.bmc
        && machines::is_bmc_of_another(transaction, machine.id, bmc).await?
    {
        return Ok(Some(taken("BMC address", &bmc.address.to_string())));
    }
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
        MachineWrite::Forget { id, version, at } => {
            let forgotten = forgotten::forget(transaction, *id, *version, *at).await?;
            (!forgotten).then(|| stale("machine", id))
        }
        MachineWrite::ForgetBoard { id, version } => {
            let held = boards::forget_board(transaction, *id, *version).await?;
            (!held).then(|| stale("machine", id))
        }
        MachineWrite::AcceptBmc { id, version, guid } => {
            let held = boards::accept_bmc(transaction, *id, *version, guid).await?;
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
