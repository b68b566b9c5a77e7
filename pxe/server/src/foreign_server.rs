//! A DHCP server of a link that is not ours: who it is, and what it does for machines.
//!
//! Two authoritative servers give one address to two machines, and a second PXE server names another
//! boot file. [`search`] finds who is there before we become a server, and [`watch`] who comes later.

pub(crate) mod inquiry;
pub(crate) mod question;
pub mod search;
pub mod watch;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// How long to listen. dnsmasq pings an address for 3 s before it offers it (`PING_WAIT`), and ISC
/// dhcpd for 1 s.
pub const PATIENCE: Duration = Duration::from_secs(4);

/// What another server does for machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// It leases addresses, and offered this one.
    Leases {
        /// The address that it offered.
        offered: IpAddr,
    },
    /// It leases addresses, and says what to boot.
    LeasesAndBoots {
        /// The address that it offered.
        offered: IpAddr,
    },
    /// It says what to boot, beside a server that leases addresses (proxyDHCP).
    Boots,
}

/// A DHCP server that is not ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignServer {
    /// What it calls itself (option 54), else the sender's address.
    pub server: IpAddr,
    /// What it does.
    pub service: Service,
}

impl fmt::Display for ForeignServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.server;
        match self.service {
            Service::Leases { offered } => write!(
                f,
                "{server} is another DHCP server on this link: it offered {offered}"
            ),
            Service::LeasesAndBoots { offered } => write!(
                f,
                "{server} is another DHCP server on this link: it offered {offered} and says what \
                 to boot"
            ),
            Service::Boots => write!(
                f,
                "{server} is another PXE server (proxyDHCP) on this link: it says what to boot"
            ),
        }
    }
}
