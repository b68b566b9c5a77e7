//! What follows one step of a plan.

/// What follows a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Plan again at once.
    Again,
    /// Plan again in a moment.
    Soon,
    /// Nothing, before something happens.
    Done,
}
