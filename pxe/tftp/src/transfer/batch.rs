//! What a transfer sent last, and why.

use std::time::Instant;

/// The latest batch.
#[derive(Debug)]
pub(super) struct Batch {
    /// When it was sent.
    pub(super) at: Instant,
    /// Why.
    pub(super) origin: Origin,
}

/// Why a batch was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It was its turn.
    First,
    /// The client said what it has and that it lacks the rest.
    Requested,
    /// The client was silent: it may have some of it.
    Blind,
}
