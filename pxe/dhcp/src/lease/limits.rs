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
    /// How many addresses strangers may have at a time, leased or offered.
    pub addresses_of_strangers: usize,
    /// How long a declined address stays away.
    pub quarantine: Duration,
    /// How many addresses one client may put away.
    pub declines_per_client: usize,
    /// How many addresses may be put away in all.
    pub quarantined: usize,
}

impl Limits {
    /// What suits the subnet: half of its addresses for offers to strangers, three quarters for
    /// strangers in all (of up to three addresses, all), a quarter for quarantine, for a day (as
    /// Kea's `decline-probation-period`).
    pub fn of(subnet: &Subnet) -> Self {
        let size = usize::try_from(Pool::new(subnet).size()).unwrap_or(usize::MAX);
        Self {
            offer: Duration::from_mins(1),
            offers_to_strangers: size.div_ceil(2),
            addresses_of_strangers: size - size / 4,
            quarantine: Duration::from_hours(24),
            declines_per_client: 3,
            quarantined: size.div_ceil(4),
        }
    }
}
