//! What goes wrong outside.

use thiserror::Error;

/// Something outside did not do what it was asked: one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EffectError {
    /// It did not come about: later it may.
    #[error("{0}")]
    Failed(String),
    /// It is not done, however often it is asked for, until a person changes what is on record.
    #[error("{0}")]
    Refused(String),
}
