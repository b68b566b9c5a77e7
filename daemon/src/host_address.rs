//! The addresses of this host, as the system lists them.

use std::net::IpAddr;

use nix::ifaddrs::InterfaceAddress;
use nix::net::if_::InterfaceFlags;

/// An IPv4 address of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostAddress {
    pub(crate) interface: String,
    pub(crate) address: IpAddr,
    pub(crate) prefix: u8,
    pub(crate) is_up: bool,
    pub(crate) is_loopback: bool,
}

impl HostAddress {
    /// An address that the system lists; none, if it is not of IPv4.
    pub(crate) fn of(listed: &InterfaceAddress) -> Option<Self> {
        let address = listed.address.as_ref()?.as_sockaddr_in()?.ip();
        let mask = listed.netmask.as_ref()?.as_sockaddr_in()?.ip();
        Some(Self {
            interface: listed.interface_name.clone(),
            address: IpAddr::V4(address),
            prefix: u8::try_from(u32::from(mask).count_ones()).ok()?,
            is_up: listed.flags.contains(InterfaceFlags::IFF_UP),
            is_loopback: listed.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        })
    }
}
