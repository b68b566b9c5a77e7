//! Operations: what is done once, outside, and can't be undone by writing another row.
//!
//! Each step of one is on record before it is done. If Drover ends in between, or no answer comes,
//! the record says that it may have been done, and it is not done again until somebody knows: the
//! cluster itself, or a person. A person who says that it was not done withdraws the record; it is
//! kept, and counts no more.

use crate::id::{ClusterId, MachineId, OperationId};
use crate::time::Timestamp;

/// A kind of operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// The start of a cluster's etcd: once in the life of the cluster.
    Bootstrap,
}

impl OperationKind {
    /// `bootstrap`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bootstrap => "bootstrap",
        }
    }

    /// Every kind there is.
    pub const ALL: [Self; 1] = [Self::Bootstrap];
}

/// A step of an operation: what is done at once, and recorded before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationStep {
    /// The API of a node is called.
    Call,
}

impl OperationStep {
    /// `call`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
        }
    }

    /// Every step there is.
    pub const ALL: [Self; 1] = [Self::Call];
}

/// How a recorded step ended, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OperationOutcome {
    /// Recorded, and not known to have ended: it may have been done.
    Unknown,
    /// Refused for the time being; it was not done.
    NotReady,
    /// Refused, and it would be again; it was not done. A person has to look.
    Refused,
    /// Done.
    Done,
}

impl OperationOutcome {
    /// `unknown`, `not ready`, `refused`, `done`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::NotReady => "not ready",
            Self::Refused => "refused",
            Self::Done => "done",
        }
    }

    /// Every outcome there is.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::NotReady, Self::Refused, Self::Done];
}

/// An operation, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Which operation.
    pub id: OperationId,
    /// What is done.
    pub kind: OperationKind,
    /// The step that was recorded last.
    pub step: OperationStep,
    /// The cluster that it is about, if it is about one.
    pub cluster: Option<ClusterId>,
    /// The machine on which the step is done.
    pub machine: MachineId,
    /// When the step was recorded.
    pub recorded: Timestamp,
    /// How the step ended.
    pub outcome: OperationOutcome,
}

impl Operation {
    /// The one Bootstrap of a cluster, right before the node is called.
    pub const fn bootstrap(
        id: OperationId,
        cluster: ClusterId,
        machine: MachineId,
        recorded: Timestamp,
    ) -> Self {
        Self {
            id,
            kind: OperationKind::Bootstrap,
            step: OperationStep::Call,
            cluster: Some(cluster),
            machine,
            recorded,
            outcome: OperationOutcome::Unknown,
        }
    }
}

/// What a person knows of a step whose outcome nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// It was carried out: it is never done again.
    Done,
    /// It was not carried out: it is done again.
    NotDone,
}

/// What becomes of the record of an operation that a person has resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// It is done.
    Done(Operation),
    /// It counts no more.
    Withdrawn(OperationId),
}
