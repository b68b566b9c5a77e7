//! Who a client is to us, and what an address is to a client.

use std::net::IpAddr;

/// Whether a client is one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Acquaintance {
    /// A registered machine.
    Registered,
    /// Anybody else.
    Stranger,
}

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
