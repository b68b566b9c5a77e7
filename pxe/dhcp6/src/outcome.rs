//! What became of the associations of a client: what a reply says of them.

use std::net::Ipv6Addr;
use std::time::Duration;

/// What became of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It has this address: proposed for a SOLICIT, committed for anything else. The client renews at
    /// half of its time and rebinds at four fifths (RFC 8415 §21.4).
    Leased {
        /// Which address.
        address: Ipv6Addr,
        /// For how long from now.
        lifetime: Duration,
    },
    /// It has to give up this address now.
    Withdrawn(Ipv6Addr),
    /// There is no address for it.
    NoAddress,
    /// There is no record of it.
    NoBinding,
    /// Its address belongs to another link.
    NotOnLink,
}

/// The answer to one association.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answered {
    /// Its number.
    pub iaid: u32,
    /// What became of it.
    pub outcome: Outcome,
}
