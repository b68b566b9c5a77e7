//! Whether an interface has a link at the moment.
//!
//! The kernel sets `IFF_LOWER_UP` while there is a carrier (`netdevice(7)`): without a cable, and for
//! a bridge none of whose ports has one, it is clear. (`IFF_RUNNING` follows a second later.) A switch
//! port with spanning tree forwards nothing for some 30 s after that (IEEE 802.1D: twice the
//! forward delay of 15 s), which nothing on this host can see.

use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// How often an interface without a link is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Whether the interface has a link. One that can't be looked at is taken for one that has.
pub(crate) fn has_carrier(interface: &str) -> bool {
    let Ok(mut addresses) = getifaddrs() else {
        return true;
    };
    let found = addresses.find(|it| it.interface_name == interface);
    found.is_none_or(|it| it.flags.contains(InterfaceFlags::IFF_LOWER_UP))
}

/// Waits until the interface has a link.
pub(crate) async fn carrier(interface: &str) {
    while !has_carrier(interface) {
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_holds_nobody_up() {
        assert!(has_carrier("no-such-if"));
    }
}
