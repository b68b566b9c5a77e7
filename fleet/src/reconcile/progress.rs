//! What follows one step of a plan.

use machine_core::time::Timestamp;

/// What follows a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Plan again at once.
    Again,
    /// Plan again at this moment.
    At(Timestamp),
    /// Nothing, before something happens.
    Done,
}
