//! Router advertisements (RFC 4861 §4.2): what tells a client that there is a DHCPv6 server.
//!
//! Drover is no router, and says so: a lifetime of zero. What it says is why firmware needs it:
//!
//! - **iPXE** asks for no address before an advertisement says M, and for no boot file before one says
//!   M or O (`ipv6conf_rx_router_advertisement` in `ndp.c`).
//! - **EDK2** asks at once. Before its first packet to the boot server it looks for a route to it for
//!   up to ten seconds (`PxeBcCheckRouteTable`), and then goes on without. OVMF 2022.11 takes a
//!   router for one, and the prefix of the link for none: a boot is ten seconds shorter where there is
//!   a router. So firmware that boots is told alone that we are one, for a minute
//!   ([`RouterAdvertisement::encode_for_firmware`]). What boots next hears that we are none.
//!
//! Where another server gives the addresses, a router speaks already: two that say different things
//! would be worse than none.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::lease_options::DomainName;
use machine_core::network::{DhcpMode, Network, Reach, Subnet};

use crate::advertising::LONGEST_INTERVAL;
use crate::writer::name;

/// What is said holds for three of the longest intervals between two advertisements: it outlives two
/// that are lost (RFC 8106 §5.1), and not us by long.
const LIFETIME: Duration = LONGEST_INTERVAL.saturating_mul(3);

/// So long firmware takes us for its router: from its question to the start of what it has loaded.
const ROUTER_OF_FIRMWARE: Duration = Duration::from_mins(1);

/// The type of the message in `ICMPv6`.
const ADVERTISEMENT: u8 = 134;

/// Addresses are given by DHCPv6 (M).
const MANAGED: u8 = 0x80;
/// The rest is told by DHCPv6 (O).
const OTHER: u8 = 0x40;
/// Of two routers, the other one (RFC 4191 §2.1).
const LOW_PREFERENCE: u8 = 0x18;
/// Hosts reach addresses of the prefix without a router (L). They make none of their own: A is not
/// set.
const ON_LINK: u8 = 0x80;

/// So many name servers are told, and domains of so many bytes, as fit into the smallest packet that
/// every link takes.
const MOST_SERVERS: usize = 8;
const MOST_NAMES: usize = 512;

/// What is said to the hosts of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterAdvertisement {
    /// The card that it comes from.
    pub card: MacAddress,
    /// Which addresses are on the link.
    pub prefix: Option<(Ipv6Addr, u8)>,
    /// The largest packet of the link in bytes, where the settings say it.
    pub mtu: Option<u16>,
    /// The name servers (RFC 8106 §5.1).
    pub dns: Vec<Ipv6Addr>,
    /// Where hosts look for names without dots (RFC 8106 §5.2).
    pub search: Vec<DomainName>,
}

impl RouterAdvertisement {
    /// What is said of a subnet from this card of ours; none where nothing is to be said.
    pub fn of(subnet: &Subnet, card: MacAddress) -> Option<Self> {
        let leases = matches!(subnet.mode, DhcpMode::Authoritative { .. });
        let is_ours = leases && subnet.reach == Reach::Direct && subnet.server.is_ipv6();
        let dns = subnet.dns.iter().filter_map(v6).take(MOST_SERVERS);
        is_ours.then(|| Self {
            card,
            prefix: prefix(subnet.network),
            mtu: subnet.options.mtu,
            dns: dns.collect(),
            search: search(&subnet.options.search),
        })
    }

    /// The `ICMPv6` message, for all and for who solicits it. Its checksum is the kernel's to fill in
    /// (RFC 3542 §3.1).
    pub fn encode(&self) -> Vec<u8> {
        self.encode_as(Duration::ZERO)
    }

    /// The same with a route, for [`BootClient::looks_for_a_route`] alone, to its link-local address.
    ///
    /// [`BootClient::looks_for_a_route`]: crate::client::BootClient::looks_for_a_route
    pub fn encode_for_firmware(&self) -> Vec<u8> {
        self.encode_as(ROUTER_OF_FIRMWARE)
    }

    /// A router for so long.
    fn encode_as(&self, router: Duration) -> Vec<u8> {
        let flags = MANAGED | OTHER | LOW_PREFERENCE;
        let router = u16::try_from(router.as_secs()).unwrap_or(u16::MAX);
        let [high, low] = router.to_be_bytes();
        // Type, code, checksum; no hop limit, the flags, the lifetime as a router; no times.
        let mut bytes = vec![ADVERTISEMENT, 0, 0, 0, 0, flags, high, low];
        bytes.extend([0; 8]);
        push(&mut bytes, 1, &self.card.octets());
        if let Some(mtu) = self.mtu {
            let value = [&[0, 0][..], &u32::from(mtu).to_be_bytes()].concat();
            push(&mut bytes, 5, &value);
        }
        if let Some((address, length)) = self.prefix {
            push(&mut bytes, 3, &prefix_information(address, length));
        }
        if !self.dns.is_empty() {
            let addresses = self.dns.iter().flat_map(Ipv6Addr::octets);
            push(&mut bytes, 25, &lasting(addresses));
        }
        if !self.search.is_empty() {
            push(&mut bytes, 31, &lasting(self.search.iter().flat_map(name)));
        }
        bytes
    }
}

/// An option: its type, its length in units of 8 bytes, its value, zeros up to the next unit.
fn push(bytes: &mut Vec<u8>, kind: u8, value: &[u8]) {
    let units = (value.len() + 2).div_ceil(8);
    let Ok(length) = u8::try_from(units) else {
        return;
    };
    let end = bytes.len() + units * 8;
    bytes.extend([kind, length]);
    bytes.extend(value);
    bytes.resize(end, 0);
}

/// [`LIFETIME`] in seconds.
fn lifetime() -> [u8; 4] {
    let seconds = u32::try_from(LIFETIME.as_secs()).unwrap_or(u32::MAX);
    seconds.to_be_bytes()
}

/// RFC 4861 §4.6.2.
fn prefix_information(address: Ipv6Addr, length: u8) -> Vec<u8> {
    let lifetime = lifetime();
    let mut value = vec![length, ON_LINK];
    value.extend(lifetime);
    value.extend(lifetime);
    value.extend([0; 4]);
    value.extend(address.octets());
    value
}

/// Two reserved bytes, a lifetime, and what it is of (RFC 8106 §5).
fn lasting(of: impl Iterator<Item = u8>) -> Vec<u8> {
    let lifetime = lifetime();
    [0, 0].into_iter().chain(lifetime).chain(of).collect()
}

fn prefix(network: Network) -> Option<(Ipv6Addr, u8)> {
    let address = network.address();
    Some((v6(&address)?, network.prefix()))
}

/// The first domains, as far as there is room.
fn search(domains: &[DomainName]) -> Vec<DomainName> {
    let mut room = MOST_NAMES;
    let fits = |it: &&DomainName| {
        let rest = room.checked_sub(name(it).len());
        room = rest.unwrap_or(0);
        rest.is_some()
    };
    domains.iter().take_while(fits).cloned().collect()
}

fn v6(address: &IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V6(address) => Some(*address),
        IpAddr::V4(_) => None,
    }
}
