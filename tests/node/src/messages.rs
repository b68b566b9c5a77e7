//! The messages of events on the wire, and what all messages share, written by hand from the numbers
//! that Talos's API has (machine.proto, common.proto; siderolink's events.proto).
//!
//! Only what the stand-in sends or reads. Packages and numbers are what interoperates, not these
//! structs; they share nothing with the daemon's definitions, so that a wrong number on either side
//! shows.

use prost::{Enumeration, Message};
use prost_types::{Any, Timestamp};

/// `events.EventRequest`: one event on its way to the sink.
#[derive(Clone, PartialEq, Message)]
pub struct EventRequest {
    /// The event.
    #[prost(message, optional, tag = "1")]
    pub data: Option<Any>,
    /// Its xid.
    #[prost(string, tag = "2")]
    pub id: String,
    /// Who caused it, "" for the node itself.
    #[prost(string, tag = "3")]
    pub actor_id: String,
}

/// `events.EventResponse`.
#[derive(Clone, PartialEq, Message)]
pub struct EventResponse {}

/// `common.Error`.
#[derive(Clone, PartialEq, Message)]
pub struct Error {
    /// Its kind.
    #[prost(enumeration = "ErrorCode", tag = "1")]
    pub code: i32,
    /// In words.
    #[prost(string, tag = "2")]
    pub message: String,
    /// Never filled here.
    #[prost(message, repeated, tag = "3")]
    pub details: Vec<Any>,
}

/// `common.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ErrorCode {
    /// The sequence ended by it.
    Fatal = 0,
    /// Another sequence runs.
    Locked = 1,
    /// The sequence was taken over.
    Canceled = 2,
}

/// `common.Metadata`: empty, as a node that is asked directly leaves it.
#[derive(Clone, PartialEq, Message)]
pub struct Metadata {
    /// The node that answered, if it was not asked directly.
    #[prost(string, tag = "1")]
    pub hostname: String,
    /// What went wrong on that node.
    #[prost(string, tag = "2")]
    pub error: String,
}

/// `machine.SequenceEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct SequenceEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub sequence: String,
    /// Begun, ended, or neither.
    #[prost(enumeration = "SequenceAction", tag = "2")]
    pub action: i32,
    /// Why it ended early.
    #[prost(message, optional, tag = "3")]
    pub error: Option<Error>,
}

/// `machine.SequenceEvent.Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum SequenceAction {
    /// Neither: an error.
    Noop = 0,
    /// Begun.
    Start = 1,
    /// Ended.
    Stop = 2,
}

/// `machine.PhaseEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct PhaseEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub phase: String,
    /// Begun or ended.
    #[prost(enumeration = "StepAction", tag = "2")]
    pub action: i32,
}

/// `machine.TaskEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct TaskEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub task: String,
    /// Begun or ended.
    #[prost(enumeration = "StepAction", tag = "2")]
    pub action: i32,
}

/// `machine.PhaseEvent.Action` and `machine.TaskEvent.Action`: START is 0 here, not 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum StepAction {
    /// Begun.
    Start = 0,
    /// Ended.
    Stop = 1,
}

/// `machine.ServiceStateEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceStateEvent {
    /// Which.
    #[prost(string, tag = "1")]
    pub service: String,
    /// Its new state.
    #[prost(enumeration = "ServiceAction", tag = "2")]
    pub action: i32,
    /// In words.
    #[prost(string, tag = "3")]
    pub message: String,
    /// Its health.
    #[prost(message, optional, tag = "4")]
    pub health: Option<ServiceHealth>,
}

/// `machine.ServiceStateEvent.Action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum ServiceAction {
    /// Initialized.
    Initialized = 0,
    /// Preparing.
    Preparing = 1,
    /// Waiting.
    Waiting = 2,
    /// Running.
    Running = 3,
    /// Stopping.
    Stopping = 4,
    /// Finished.
    Finished = 5,
    /// Failed.
    Failed = 6,
    /// Skipped.
    Skipped = 7,
    /// Starting.
    Starting = 8,
}

/// `machine.RestartEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct RestartEvent {
    /// The `reboot(2)` command.
    #[prost(int64, tag = "1")]
    pub cmd: i64,
}

/// `machine.ConfigLoadErrorEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct ConfigLoadErrorEvent {
    /// In words.
    #[prost(string, tag = "1")]
    pub error: String,
}

/// `machine.AddressEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct AddressEvent {
    /// The host name.
    #[prost(string, tag = "1")]
    pub hostname: String,
    /// The addresses.
    #[prost(string, repeated, tag = "2")]
    pub addresses: Vec<String>,
}

/// `machine.MachineStatusEvent`.
#[derive(Clone, PartialEq, Message)]
pub struct MachineStatusEvent {
    /// How far it is.
    #[prost(enumeration = "MachineStage", tag = "1")]
    pub stage: i32,
    /// Whether it is ready.
    #[prost(message, optional, tag = "2")]
    pub status: Option<MachineStatus>,
}

/// `machine.MachineStatusEvent.MachineStatus`.
#[derive(Clone, PartialEq, Message)]
pub struct MachineStatus {
    /// Ready.
    #[prost(bool, tag = "1")]
    pub ready: bool,
    /// What is missing.
    #[prost(message, repeated, tag = "2")]
    pub unmet_conditions: Vec<UnmetCondition>,
}

/// `machine.MachineStatusEvent.MachineStatus.UnmetCondition`.
#[derive(Clone, PartialEq, Message)]
pub struct UnmetCondition {
    /// Which.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Why.
    #[prost(string, tag = "2")]
    pub reason: String,
}

/// `machine.MachineStatusEvent.MachineStage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Enumeration)]
#[repr(i32)]
pub enum MachineStage {
    /// Not known.
    Unknown = 0,
    /// Booting.
    Booting = 1,
    /// Installing.
    Installing = 2,
    /// Without a config.
    Maintenance = 3,
    /// Running.
    Running = 4,
    /// Rebooting.
    Rebooting = 5,
    /// Shutting down.
    ShuttingDown = 6,
    /// Being reset.
    Resetting = 7,
    /// Being upgraded.
    Upgrading = 8,
}

/// `machine.ServiceHealth`.
#[derive(Clone, PartialEq, Message)]
pub struct ServiceHealth {
    /// Not checked.
    #[prost(bool, tag = "1")]
    pub unknown: bool,
    /// Checked, and well.
    #[prost(bool, tag = "2")]
    pub healthy: bool,
    /// In words.
    #[prost(string, tag = "3")]
    pub last_message: String,
    /// When it changed.
    #[prost(message, optional, tag = "4")]
    pub last_change: Option<Timestamp>,
}
