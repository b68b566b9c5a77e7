//! Randomness: the one place that draws it from the system.

use fleet::random::{NoRandomness, Randomness};

/// The system's random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|error| NoRandomness {
            why: error.to_string(),
        })
    }
}
