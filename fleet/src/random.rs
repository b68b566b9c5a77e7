//! Randomness: the one place that draws it.

use thiserror::Error;

/// The system gives no random bytes.
#[derive(Debug, Clone, Error)]
#[error("the system gives no random bytes: {why}")]
pub struct NoRandomness {
    /// What it says.
    pub why: String,
}

/// Bytes that nobody can guess.
pub fn draw<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| NoRandomness {
        why: error.to_string(),
    })?;
    Ok(bytes)
}
