//! What an address is to a client that asks for it: lease tables say so, DHCP servers answer by it.

use std::net::IpAddr;

/// How a client stands to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is the client's: leased (also if ended, as long as nobody else got it), offered or
    /// reserved.
    Held,
    /// It is nobody's, and the client has no other.
    Free,
    /// It is not the client's; this one is.
    Elsewhere(IpAddr),
    /// It is another client's, or in quarantine.
    Taken,
    /// It is none that is leased here.
    NotLeased,
}
