//! What the reconciler and the use cases write: one change, one transaction, by compare-and-set.
//!
//! A change was thought out on what had been read. Every part of it names what it expects to find,
//! and if anybody was faster, nothing of it is written. Locks are taken in one order (request,
//! machine, cluster, operation, intent, attempt, the rest, generation, events), which is also that of [`crate::commit`].

mod reach;

use std::net::IpAddr;

use machine_core::attempt::{Attempt, AttemptEnd, Verdict, Wipe};
use machine_core::cluster::Cluster;
use machine_core::hardware::SystemUuid;
use machine_core::id::{AttemptId, BootId, ClusterId, IntentId, MachineId, OperationId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::machine::Machine;
use machine_core::operation::Operation;
use machine_core::time::Timestamp;

use crate::events::Event;
use crate::evidence::Evidence;
use crate::facts::Learned;
use crate::place::Place;
use crate::power_on::PowerSwitch;
use crate::registrations::RegistrationWrite;
use crate::requests::Request;
use crate::reservations::Reservation;
use crate::seal::Sealed;

/// What is to be written, all or nothing.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The request that asks for it: carried out once.
    pub request: Option<Request>,
    /// Machines.
    pub machines: Vec<MachineWrite>,
    /// Clusters.
    pub clusters: Vec<ClusterWrite>,
    /// Operations.
    pub operations: Vec<OperationWrite>,
    /// Intents.
    pub intents: Vec<IntentWrite>,
    /// Attempts.
    pub attempts: Vec<AttemptWrite>,
    /// Evidence of identity.
    pub evidence: Vec<Evidence>,
    /// What is learned of machines' hardware.
    pub learned: Vec<Learned>,
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

/// A write of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineWrite {
    /// A new one.
    Insert(Machine),
    /// Over the version in it, which counts up. What is known of its hardware is not written.
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

impl MachineWrite {
    /// Which machine it is about.
    pub const fn machine(&self) -> MachineId {
        match self {
            Self::Insert(machine) | Self::Update(machine) => machine.id,
            Self::Hold { id, .. } | Self::Forget { id, .. } => *id,
            Self::ForgetBoard { id, .. } | Self::AcceptBmc { id, .. } => *id,
        }
    }
}

/// A write of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterWrite {
    /// A new one.
    Insert(Cluster),
    /// Over the version in it, which counts up. Its operations are written beside it.
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

/// A write of an operation. It goes with a write of what it is about that counts a version up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationWrite {
    /// A new one, before its first step is done.
    Begin(Operation),
    /// Its next step, before that is done; or how its step ended.
    Record(Operation),
    /// A person knows that it was not done.
    Withdraw {
        /// Which.
        id: OperationId,
        /// When.
        at: Timestamp,
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
