//! Who looks whether an address is used by somebody who has no lease of it.

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::pin::Pin;

use machine_core::hardware::MacAddress;

/// A probe on its way: the card that uses the address, if one was found.
pub(crate) type Probing<'a> = Pin<Box<dyn Future<Output = Option<MacAddress>> + Send + 'a>>;

/// Looks on the link of a subnet.
pub(crate) trait Prober: Debug + Send + Sync {
    /// Which card uses this address, other than that of the client whom it is to be offered to.
    /// Nobody is the answer also where nobody could be asked.
    fn user_of(&self, address: Ipv4Addr, client: MacAddress) -> Probing<'_>;
}
