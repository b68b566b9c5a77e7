//! Subnets, ranges and leases. Addresses are [`IpAddr`], for DHCPv4 and DHCPv6.

pub mod client_key;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::duid::Duid;
use crate::hardware::MacAddress;
use crate::lease_options::LeaseOptions;
use crate::time::Timestamp;

/// A subnet's name in the settings, such as `provisioning`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubnetName(String);

impl SubnetName {
    /// A name as the settings give it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SubnetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is not a network or a range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted {wanted}, got {got:?}")]
pub struct ParseNetworkError {
    /// What would have been accepted.
    pub wanted: &'static str,
    /// What came, at most its first 64 characters.
    pub got: String,
}

/// An IP network: an address and the length of its prefix, such as `10.77.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// The network that `address` lies in, its host bits cleared; `None` if the prefix is longer
    /// than the address.
    pub fn containing(address: IpAddr, prefix: u8) -> Option<Self> {
        let width = if address.is_ipv4() { 32 } else { 128 };
        (prefix <= width).then(|| Self {
            address: masked(address, prefix),
            prefix,
        })
    }

    /// Its first address.
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The length of its prefix in bits.
    pub const fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Its last address, at which all hosts of an IPv4 network listen; none has the networks of
    /// one or two addresses (RFC 3021 §2.2).
    pub fn broadcast(&self) -> Option<IpAddr> {
        match self.address {
            IpAddr::V4(first) if self.prefix < 31 => {
                let hosts = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                Some(IpAddr::from((u32::from(first) | hosts).to_be_bytes()))
            }
            IpAddr::V4(_) | IpAddr::V6(_) => None,
        }
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }

    /// Whether some address lies in both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let refused = || ParseNetworkError {
            wanted: "a network such as 10.77.0.0/24",
            got: text.chars().take(64).collect(),
        };
        let (address, prefix) = text.split_once('/').ok_or_else(refused)?;
        let address = address.parse().map_err(|_| refused())?;
        let prefix = prefix.parse().map_err(|_| refused())?;
        Self::containing(address, prefix)
            .filter(|it| it.address == address)
            .ok_or_else(refused)
    }
}

/// The addresses from `first` to `last`, both included, of one family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange {
    first: IpAddr,
    last: IpAddr,
}

impl AddressRange {
    /// A range; `None` if it is empty or mixes families.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (first.is_ipv4() == last.is_ipv4() && first <= last).then_some(Self { first, last })
    }

    /// Its first address.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// Its last address.
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for AddressRange {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, ParseNetworkError> {
        let refused = || ParseNetworkError {
            wanted: "a range such as 10.77.0.50-10.77.0.200",
            got: text.chars().take(64).collect(),
        };
        let (first, last) = text.split_once('-').ok_or_else(refused)?;
        let first = first.trim().parse().map_err(|_| refused())?;
        let last = last.trim().parse().map_err(|_| refused())?;
        Self::new(first, last).ok_or_else(refused)
    }
}

/// How Drover takes part in a subnet's DHCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DhcpMode {
    /// The only DHCP server: it leases addresses from these ranges.
    Authoritative {
        /// What may be leased.
        ranges: Vec<AddressRange>,
    },
    /// Beside another DHCP server: boot information only, never an address.
    Proxy,
    /// Silent.
    Off,
}

/// What an unknown machine gets when it asks to be booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownPolicy {
    /// A lease without a boot file (authoritative) or silence (proxy).
    Ignore,
    /// The immutable image without a config, to be looked at.
    Inspect,
}

/// How the machines of a subnet reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// They are on a link of ours.
    Direct,
    /// Through routers with relay agents (RFC 1542 §4).
    Relayed {
        /// The relays that may ask for this subnet, by the address that they give (`giaddr`). If none
        /// is named: all in networks that are served.
        relays: Vec<IpAddr>,
    },
}

/// One subnet that Drover serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Its name.
    pub name: SubnetName,
    /// The interface of this host by which its machines reach us.
    pub interface: String,
    /// Whether they are on the link of that interface.
    pub reach: Reach,
    /// Its addresses.
    pub network: Network,
    /// Our own address for it, of its interface: the server identifier, and the host in every URL.
    pub server: IpAddr,
    /// How its DHCP is done.
    pub mode: DhcpMode,
    /// What unknown machines get.
    pub unknown: UnknownPolicy,
    /// The default gateway that leases carry, if any.
    pub router: Option<IpAddr>,
    /// The name servers that leases carry.
    pub dns: Vec<IpAddr>,
    /// How long a lease lasts.
    pub lease_time: Duration,
    /// What leases say beside.
    pub options: LeaseOptions,
}

/// Who holds a lease. ROM, iPXE and OS of one machine send different client identifiers, so a v4
/// lease belongs to the hardware address. A v6 lease belongs to an identity association
/// (RFC 8415 §4.2): there is nothing else that all clients send.
///
/// Prints as `52:54:00:77:00:01` or `duid:00:04:4c:4c:00:01/iaid:0000002a`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientKey {
    /// The hardware address (`chaddr`) of a DHCPv4 client.
    Hardware(MacAddress),
    /// An identity association (`IA_NA`) of a DHCPv6 client.
    Duid {
        /// Whose it is.
        duid: Duid,
        /// Which of its own it is.
        iaid: u32,
    },
}

impl ClientKey {
    /// The card that it is, if it is one. A DUID never says: the card in it may be another one of
    /// the same machine (RFC 8415 §11.2).
    pub const fn card(&self) -> Option<MacAddress> {
        match self {
            Self::Hardware(mac) => Some(*mac),
            Self::Duid { .. } => None,
        }
    }
}

impl fmt::Display for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hardware(mac) => mac.fmt(f),
            Self::Duid { duid, iaid } => write!(f, "duid:{duid}/iaid:{iaid:08x}"),
        }
    }
}

/// An address that was given to a client; unique on (subnet, client) and on (subnet, address).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// In which subnet.
    pub subnet: SubnetName,
    /// To whom.
    pub client: ClientKey,
    /// Which address.
    pub address: IpAddr,
    /// The client identifier (option 61) that was last sent, for the record.
    pub client_identifier: Option<Vec<u8>>,
    /// When it was granted or last renewed.
    pub granted: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(prefix.min(32)))
                .unwrap_or(0);
            IpAddr::from((u32::from(v4) & mask).to_be_bytes())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(prefix.min(128)))
                .unwrap_or(0);
            IpAddr::from((u128::from(v6) & mask).to_be_bytes())
        }
    }
}

#[cfg(test)]
mod tests;
