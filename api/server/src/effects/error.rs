//! What goes wrong outside.

use thiserror::Error;

/// Something outside did not do what it was asked: one sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct EffectError(pub String);
