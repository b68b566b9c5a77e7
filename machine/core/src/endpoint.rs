//! Where a BMC is and who may log in to it. The password is never part of it: it is sealed in the
//! store and goes only to the driver.

use std::fmt;
use std::net::SocketAddr;

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
