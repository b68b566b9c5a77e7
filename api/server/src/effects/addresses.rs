//! The addresses that are handed out, and to whom.

use std::net::IpAddr;

use machine_core::network::ClientKey;

use crate::effects::error::EffectError;

/// Who hands an address out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressGiver {
    /// Our DHCP server.
    Us,
    /// Our DHCP server, which would lease it to anybody if it were not reserved.
    UsFromRange,
    /// Another DHCP server, beside which we are a proxy or silent, or a person.
    Another,
    /// It lies in no network of ours.
    Nobody,
}

/// The running DHCP server.
pub trait Addresses: Send + Sync + 'static {
    /// Who hands an address out; the sentence if it can be no machine's.
    fn giver_of(&self, address: IpAddr) -> Result<AddressGiver, EffectError>;
    /// Keeps an address that we hand out for a client from now on.
    fn reserve(&self, client: ClientKey, address: IpAddr) -> Result<(), EffectError>;
    /// Keeps an address for a client no longer.
    fn unreserve(&self, client: ClientKey, address: IpAddr);
}
