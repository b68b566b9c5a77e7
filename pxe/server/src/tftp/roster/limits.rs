//! How many may read, and how many may wait.

/// How many transfers there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RosterLimits {
    pub(crate) total: usize,
    pub(crate) per_address: usize,
    /// Requests that wait for a place: each is a task of some kilobytes.
    pub(crate) waiting: usize,
}

impl Default for RosterLimits {
    fn default() -> Self {
        Self {
            total: 2048,
            per_address: 32,
            waiting: 4096,
        }
    }
}
