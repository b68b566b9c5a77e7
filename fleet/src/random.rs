//! Randomness, as a port: ids and keys are drawn here, and a simulation draws its own.

use std::fmt;

use thiserror::Error;

/// The system gives no random bytes.
#[derive(Debug, Clone, Error)]
#[error("the system gives no random bytes: {why}")]
pub struct NoRandomness {
    /// What it says.
    pub why: String,
}

/// A source of bytes that nobody can guess.
pub trait Randomness: fmt::Debug + Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}
