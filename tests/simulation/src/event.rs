//! Everything that can happen in a run.

use std::net::IpAddr;

use machine_core::cluster::BootstrapOutcome;
use machine_core::id::{AttemptId, BootId, MachineId};
use machine_core::power::{PowerObservation, PowerState};
use machine_core::release::Grant;

use crate::node::NodeStep;
use crate::proof::Proof;
use crate::records::Row;

/// What happens at a moment of the virtual clock.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Sweep,
    Reconcile(MachineId),
    Conclude(Box<Row>, PowerObservation),
    Power(MachineId, PowerState),
    Verified(MachineId, BootId),
    Asked(MachineId, AttemptId),
    CallBootstrap(usize, MachineId),
    BootstrapAnswered(usize, MachineId, BootstrapOutcome),
    Commit(Releasing),
    Node(usize, u64, NodeStep),
    Deed(usize, Deed),
    Fault(usize, Fault),
    Calm,
}

/// What a person does with a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Accept,
    Cancel,
    Retry,
    Reimage,
    /// Presses the button of a machine that is off.
    Start,
    /// Pulls the plug, and puts it in again.
    Cycle,
    /// Says that the boot which a machine is in is the machine's.
    ReleaseHold,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    PowerCut,
    BmcSilent,
    BmcLies(PowerState),
    BmcIgnores,
    BmcHealthy,
    /// Drover ends in the middle of whatever it does, and comes back.
    Crash,
    /// Somebody else has the token of a config.
    Impostor,
    /// Somebody with the machine's card speaks for it.
    Clone,
}

/// A release that was thought out and is not committed yet.
#[derive(Debug, Clone)]
pub(crate) struct Releasing {
    pub(crate) node: usize,
    pub(crate) machine: MachineId,
    pub(crate) version: i64,
    pub(crate) attempt: AttemptId,
    pub(crate) grant: Grant,
    pub(crate) peer: IpAddr,
    pub(crate) proof: Proof,
}
