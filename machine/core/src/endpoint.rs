//! Where a BMC is and who may log in to it. The password is never part of it: it is sealed in the
//! store and goes only to the driver.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// The protocol that a BMC speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BmcProtocol {
    /// IPMI 2.0 over RMCP+ (UDP 623).
    Ipmi,
}

impl BmcProtocol {
    /// `ipmi`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ipmi => "ipmi",
        }
    }
}

impl fmt::Display for BmcProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a machine's BMC is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BmcEndpoint {
    /// How to talk to it.
    pub protocol: BmcProtocol,
    /// Its address and port.
    pub address: SocketAddr,
    /// The user to log in as.
    pub username: String,
}

impl BmcEndpoint {
    /// Which BMC it is.
    pub fn identity(&self) -> BmcIdentity {
        BmcIdentity::of(self.address)
    }
}

/// What tells one BMC from another.
///
/// A board has one BMC and that has its address for itself, whatever protocol it is asked by: at the
/// ports that the protocols have by their standards, one address is one BMC. At other ports there
/// are emulators, which put several on one address: there each port is a BMC of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BmcIdentity {
    address: IpAddr,
    /// `None` for all ports of the standards.
    port: Option<u16>,
}

impl BmcIdentity {
    /// The BMC that answers there.
    pub fn of(address: SocketAddr) -> Self {
        let port = address.port();
        Self {
            address: address.ip().to_canonical(),
            port: (!STANDARD_PORTS.contains(&port)).then_some(port),
        }
    }
}

/// As it is stored, IPv6 in brackets: `10.77.1.11`, `[fd00::b]`, `10.77.1.11:6230`.
impl fmt::Display for BmcIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address {
            IpAddr::V4(address) => write!(f, "{address}")?,
            IpAddr::V6(address) => write!(f, "[{address}]")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// RMCP and its secure port (IPMI 2.0 §13.1.2); HTTP and HTTPS, by which Redfish is asked (DSP0266
/// §7.1).
const STANDARD_PORTS: [u16; 4] = [623, 664, 80, 443];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bmc_has_one_identity_whatever_port_of_the_standards_names_it() {
        for (address, wanted) in [
            ("10.77.1.11:623", "10.77.1.11"),
            ("10.77.1.11:664", "10.77.1.11"),
            ("10.77.1.11:443", "10.77.1.11"),
            ("10.77.1.11:80", "10.77.1.11"),
            ("[::ffff:10.77.1.11]:623", "10.77.1.11"),
            ("[fd00::b]:443", "[fd00::b]"),
            ("127.0.0.1:6230", "127.0.0.1:6230"),
            ("127.0.0.1:6231", "127.0.0.1:6231"),
            ("[::1]:8000", "[::1]:8000"),
        ] {
            let identity = BmcIdentity::of(address.parse().unwrap());
            assert_eq!(identity.to_string(), wanted, "{address}");
        }
    }
}
