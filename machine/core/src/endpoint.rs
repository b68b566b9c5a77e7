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

/// Where a machine's BMC is, and what its protocol needs to know of it beside the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BmcEndpoint {
    /// One that is asked by IPMI.
    Ipmi(IpmiEndpoint),
}

/// A BMC that is asked by IPMI.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IpmiEndpoint {
    /// Its address and port.
    pub address: SocketAddr,
    /// The user to log in as; empty for the anonymous one (IPMI 2.0 §13.28).
    pub username: String,
    /// The work-arounds that a person asked for; `None` leaves them to what is known of the model.
    pub workarounds: Option<IpmiWorkarounds>,
}

impl IpmiEndpoint {
    /// A BMC of which nothing special is said.
    pub fn new(address: SocketAddr, username: impl Into<String>) -> Self {
        Self {
            address,
            username: username.into(),
            workarounds: None,
        }
    }
}

impl BmcEndpoint {
    /// How to talk to it.
    pub const fn protocol(&self) -> BmcProtocol {
        match self {
            Self::Ipmi(_) => BmcProtocol::Ipmi,
        }
    }

    /// Its address and port.
    pub const fn address(&self) -> SocketAddr {
        match self {
            Self::Ipmi(ipmi) => ipmi.address,
        }
    }

    /// The user to log in as.
    pub fn username(&self) -> &str {
        match self {
            Self::Ipmi(ipmi) => &ipmi.username,
        }
    }

    /// Which BMC it is.
    pub fn identity(&self) -> BmcIdentity {
        BmcIdentity::of(self.address())
    }

    /// The protocol with what was asked for beside it, in one word, as it is stored and shown:
    /// `ipmi`, `ipmi:sun20,supermicro20`, `ipmi:none`.
    pub fn dialect(&self) -> String {
        match self {
            Self::Ipmi(ipmi) => match ipmi.workarounds {
                None => BmcProtocol::Ipmi.as_str().to_owned(),
                Some(workarounds) => format!("{}:{workarounds}", BmcProtocol::Ipmi),
            },
        }
    }

    /// The endpoint of a [`Self::dialect`], an address and a user; `None` for a dialect that is not
    /// known here.
    pub fn of_dialect(dialect: &str, address: SocketAddr, username: String) -> Option<Self> {
        let (protocol, asked) = match dialect.split_once(':') {
            Some((protocol, asked)) => (protocol, Some(asked)),
            None => (dialect, None),
        };
        if protocol != BmcProtocol::Ipmi.as_str() {
            return None;
        }
        let workarounds = match asked {
            Some(names) => Some(IpmiWorkarounds::of_names(names.split(','))?),
            None => None,
        };
        Some(Self::Ipmi(IpmiEndpoint {
            address,
            username,
            workarounds,
        }))
    }
}

/// What some firmware needs to be logged in to, though IPMI does not say so. The names are those of
/// `FreeIPMI` (its manual pages, "WORKAROUNDS"), because people find these in reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fault of its own, and firmware has several"
)]
pub struct IpmiWorkarounds {
    /// User names are filled up with zeros to 16 bytes, and [`Self::opensesspriv`].
    pub intel20: bool,
    /// Keys are made with the privilege of the Open Session Request, so the true one stands there.
    pub opensesspriv: bool,
    /// The code in RAKP-2 has a byte too many, and [`Self::opensesspriv`].
    pub sun20: bool,
    /// The code in RAKP-2 has a byte too many.
    pub supermicro20: bool,
}

impl IpmiWorkarounds {
    /// The names that can be asked for.
    pub const NAMES: [&str; 4] = ["intel20", "opensesspriv", "sun20", "supermicro20"];
    /// Stands for none of them.
    const NONE: &str = "none";

    /// Those of these names; `None` if one is not known.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut asked = Self::default();
        for name in names {
            match name {
                "intel20" => asked.intel20 = true,
                "opensesspriv" => asked.opensesspriv = true,
                "sun20" => asked.sun20 = true,
                "supermicro20" => asked.supermicro20 = true,
                Self::NONE => {}
                _ => return None,
            }
        }
        Some(asked)
    }

    /// Whether the code in RAKP-2 may have a byte too many.
    pub const fn long_codes(self) -> bool {
        self.sun20 || self.supermicro20
    }

    /// Whether the Open Session Request says which privilege is wanted.
    pub const fn says_privilege(self) -> bool {
        self.intel20 || self.opensesspriv || self.sun20
    }
}

/// The names, joined by commas; `none` for none.
impl IpmiWorkarounds {
    /// The names of those that are asked for, or that none is.
    pub fn asked(self) -> Vec<&'static str> {
        let flags = [
            self.intel20,
            self.opensesspriv,
            self.sun20,
            self.supermicro20,
        ];
        let asked = Self::NAMES.into_iter().zip(flags).filter(|(_, is)| *is);
        let names: Vec<&str> = asked.map(|(name, _)| name).collect();
        if names.is_empty() {
            return vec![Self::NONE];
        }
        names
    }
}

impl fmt::Display for IpmiWorkarounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.asked().join(","))
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
    fn what_is_asked_for_beside_the_protocol_is_stored_with_it() {
        let address: SocketAddr = "10.77.1.11:623".parse().unwrap();
        let read = |dialect| BmcEndpoint::of_dialect(dialect, address, "ADMIN".to_owned());
        for dialect in [
            "ipmi",
            "ipmi:none",
            "ipmi:sun20",
            "ipmi:intel20,opensesspriv,sun20,supermicro20",
        ] {
            assert_eq!(read(dialect).unwrap().dialect(), dialect);
        }
        for dialect in ["", "redfish", "ipmi:sun21", "ipmi:"] {
            assert_eq!(read(dialect), None, "{dialect}");
        }
    }

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
