//! Leases of one subnet, for DHCPv4 and DHCPv6: which address a client gets, without a socket.
//!
//! [`table`] proposes and holds addresses, [`limits`] says what strangers may have of them,
//! [`acquaintance`] who a client is to us, and [`error`] why there is no address.

#![forbid(unsafe_code)]

pub mod acquaintance;
pub mod error;
pub mod limits;
pub mod table;

mod binding;
mod ledger;
mod pool;
mod quarantine;
mod strangers;
