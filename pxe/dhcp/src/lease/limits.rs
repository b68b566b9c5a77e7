//! Bounds that keep clients from draining a subnet.
//!
//! Random MACs cost an attacker nothing, and so do DECLINEs: neither may take more than a share.

use std::time::Duration;

use machine_core::network::Subnet;

use crate::lease::pool::Pool;

/// Bounds that keep clients from draining a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an offer holds its address without a REQUEST.
    pub offer: Duration,
    /// How many offers to strangers may be outstanding.
    pub offers_to_strangers: usize,
    /// How long a declined address stays away.
    pub quarantine: Duration,
    /// How many addresses one client may put away.
    pub declines_per_client: usize,
    /// How many addresses may be put away in all.
    pub quarantined: usize,
}

impl Limits {
    /// What suits the subnet: half of its addresses for offers to strangers, a quarter for
    /// quarantine, for a day (as Kea's `decline-probation-period`).
    pub fn of(subnet: &Subnet) -> Self {
        let size = usize::try_from(Pool::new(subnet).size()).unwrap_or(usize::MAX);
        Self {
            offer: Duration::from_mins(1),
            offers_to_strangers: size.div_ceil(2),
            quarantine: Duration::from_hours(24),
            declines_per_client: 3,
            quarantined: size.div_ceil(4),
        }
    }
}
