//! Bounds that keep clients from draining a subnet.
//!
//! Random MACs cost an attacker nothing, and so do DECLINEs: neither may take more than a share.

use std::time::Duration;

use machine_core::network::Subnet;

use crate::pool::Pool;

/// Strangers have at most so many addresses, offered or leased, however many there are: as many as a
/// /16 of IPv4 has, and a few hundred bytes of memory each. A /64 of IPv6 is no bound at all.
const STRANGERS: usize = 1 << 16;

/// Bounds that keep clients from draining a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long an offer holds its address without a REQUEST.
    pub offer: Duration,
    /// How many offers to strangers may be outstanding.
    pub offers_to_strangers: usize,
    /// One in so many addresses is kept for registered machines, and of two at least one; 0 keeps
    /// none. What strangers lease or are offered and what is put away have the others between them,
    /// up to 65,536.
    pub kept_one_in: usize,
    /// How long a declined address stays away.
    pub quarantine: Duration,
    /// How many addresses one client may put away.
    pub declines_per_client: usize,
    /// How many addresses may be put away in all.
    pub quarantined: usize,
    /// How many leases are remembered: of more, those go that ended first.
    pub remembered: usize,
}

impl Limits {
    /// How many addresses strangers and quarantine may have between them, of so many that may be
    /// leased.
    pub(crate) fn left_for_strangers(&self, usable: usize) -> usize {
        let Some(share) = usable.checked_div(self.kept_one_in) else {
            return STRANGERS;
        };
        let least = usize::from(usable >= 2);
        STRANGERS.min(usable - share.max(least))
    }

    /// What suits the subnet, none of it more than 65,536: half of its addresses for offers to strangers; a quarter kept for
    /// registered machines; a quarter for quarantine, for ten minutes (as dnsmasq's
    /// `DECLINE_BACKOFF`: who still has the address then is found by the next client).
    pub fn of(subnet: &Subnet) -> Self {
        let size = usize::try_from(Pool::new(subnet).size()).unwrap_or(usize::MAX);
        Self {
            offer: Duration::from_mins(1),
            offers_to_strangers: STRANGERS.min(size.div_ceil(2)),
            kept_one_in: 4,
            quarantine: Duration::from_mins(10),
            declines_per_client: 3,
            quarantined: STRANGERS.min(size.div_ceil(4)),
            remembered: 2 * STRANGERS,
        }
    }
}
