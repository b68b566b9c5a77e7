//! What the lease table refuses, and why.

use std::net::IpAddr;

use machine_core::network::{ClientKey, Network};
use thiserror::Error;

/// No address can be offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Exhausted {
    /// All are leased, offered or put away.
    #[error("wanted a free address, got none: all are leased, offered or in quarantine")]
    Addresses,
    /// Too many strangers were offered one and have not taken it.
    #[error("wanted at most {limit} outstanding offers to unknown clients, got one more")]
    Offers {
        /// How many there may be.
        limit: usize,
    },
    /// Strangers have all that is not kept for registered machines.
    #[error("wanted at most {limit} addresses for unknown clients, got one more")]
    Strangers {
        /// How many they may have.
        limit: usize,
    },
}

/// An address can't be held for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NotHeld {
    /// It is not the client's to have.
    #[error("wanted an address that is free or the client's, got {address}")]
    Taken {
        /// Which address.
        address: IpAddr,
    },
    /// There is none for a stranger.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
}

/// A reservation that can't be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReservationError {
    /// The address is not in the subnet.
    #[error("wanted an address in {network}, got {address}")]
    Outside {
        /// Which address.
        address: IpAddr,
        /// The subnet's network.
        network: Network,
    },
    /// The address is the network's, the server's, a router's or a name server's.
    #[error("wanted an address for a client, got {address}, which the subnet itself uses")]
    Ours {
        /// Which address.
        address: IpAddr,
    },
    /// The address is another client's.
    #[error("wanted a reservation of {address} for one client, got it for {other} already")]
    Reserved {
        /// Which address.
        address: IpAddr,
        /// Whose it is.
        other: ClientKey,
    },
}

/// A word that an address is in use, by a DECLINE or a probe, that is not believed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeclineIgnored {
    /// The client does not have the address.
    #[error("{client} has not {address}, of which it was said to be in use")]
    NotHeld {
        /// Who.
        client: ClientKey,
        /// Which address.
        address: IpAddr,
    },
    /// The client has declined too many, or was found at too many.
    #[error(
        "wanted at most {limit} addresses that {client} declined or was found at, got one more"
    )]
    TooMany {
        /// Who.
        client: ClientKey,
        /// How many it may.
        limit: usize,
    },
    /// Too many are put away already.
    #[error("wanted at most {limit} addresses in quarantine, got one more")]
    Full {
        /// How many there may be.
        limit: usize,
    },
}
