//! What a change is told that was not written.

use crate::change::Outcome;

/// Somebody was faster.
pub(super) fn stale(table: &'static str, id: &impl ToString) -> Outcome {
    Outcome::Stale {
        table,
        row: id.to_string(),
    }
}

/// It belongs to another.
pub(super) fn taken(what: &'static str, value: &str) -> Outcome {
    Outcome::Taken {
        what,
        value: value.to_owned(),
    }
}
