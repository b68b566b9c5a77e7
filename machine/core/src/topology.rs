//! Which subnet a question was asked in: links of this host, several subnets on one of them, and
//! subnets that only relays reach.
//!
//! ```text
//!  a relay's packet ─► the subnet that it selects, else the one that the relay is in, else those that
//!                      name the relay
//!  an own address   ─► the subnet of that address: a renewal comes by ordinary routing
//!  anything else    ─► the subnets on the link that it came in by
//! ```
//! A relay is believed only from a network that is served, or if a subnet names it: whoever sends a
//! packet says what he likes about its relay, and the reply goes there.

use std::fmt;
use std::net::IpAddr;

use crate::network::{Reach, Subnet};

/// The subnets that are served, in the order of the settings.
#[derive(Debug, Clone, Default)]
pub struct Topology {
    subnets: Vec<Subnet>,
}

/// Where a question was asked, as far as its packet and its socket say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Origin {
    /// On the link of the interface that it came in by.
    Link {
        /// An address in the subnet that its sender wants (subnet selection, RFC 3011).
        selected: Option<IpAddr>,
    },
    /// From a client that has an address and wrote to ours alone.
    Client {
        /// Its address.
        address: IpAddr,
    },
    /// Through a relay agent.
    Relay {
        /// The relay's address (`giaddr`; `link-address` of DHCPv6).
        relay: IpAddr,
        /// An address in the subnet of the client, where the relay's own says nothing (link selection,
        /// RFC 3527; subnet selection, RFC 3011).
        selected: Option<IpAddr>,
    },
}

/// Why a question was asked in no subnet that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotServed {
    /// None is on the link that it came in by.
    Link,
    /// None has this address.
    Address(IpAddr),
    /// The relay is in no network that is served, and no subnet names it.
    Relay(IpAddr),
    /// The relay is known, but may not ask for the subnet of this address, or there is none.
    Selected {
        /// The relay.
        relay: IpAddr,
        /// What it selects.
        selected: IpAddr,
    },
}

impl Topology {
    /// Of these subnets.
    pub const fn new(subnets: Vec<Subnet>) -> Self {
        Self { subnets }
    }

    /// All of them.
    pub fn subnets(&self) -> &[Subnet] {
        &self.subnets
    }

    /// The subnet that an address lies in.
    pub fn subnet_of(&self, address: IpAddr) -> Option<&Subnet> {
        let mut subnets = self.subnets.iter();
        subnets.find(|subnet| subnet.network.contains(address))
    }

    /// The places, in [`Self::subnets`], of the subnets that a question may be about: one, but on a
    /// link with several. The likeliest comes first; there is at least one.
    pub fn locate(&self, interface: &str, origin: Origin) -> Result<Vec<usize>, NotServed> {
        let (found, missed) = match origin {
            Origin::Link { selected } => {
                let is_wanted = |it: &Subnet| selected.is_none_or(|at| it.network.contains(at));
                let on_link = |it: &Subnet| it.is_on(interface) && is_wanted(it);
                let missed = selected.map_or(NotServed::Link, NotServed::Address);
                (self.places(on_link), missed)
            }
            Origin::Client { address } => {
                let has_it = |it: &Subnet| it.network.contains(address);
                (self.places(has_it), NotServed::Address(address))
            }
            Origin::Relay { relay, selected } => return self.behind(relay, selected),
        };
        some(found, missed)
    }

    fn behind(&self, relay: IpAddr, selected: Option<IpAddr>) -> Result<Vec<usize>, NotServed> {
        let is_known = |it: &Subnet| it.network.contains(relay) || it.names(relay);
        if !self.subnets.iter().any(is_known) {
            return Err(NotServed::Relay(relay));
        }
        if let Some(selected) = selected {
            let is_selected = |it: &Subnet| it.network.contains(selected) && it.takes(relay);
            let missed = NotServed::Selected { relay, selected };
            return some(self.places(is_selected), missed);
        }
        let around = self.places(|it| it.network.contains(relay) && it.takes(relay));
        let named = self.places(|it| !it.network.contains(relay) && it.names(relay));
        some([around, named].concat(), NotServed::Relay(relay))
    }

    fn places(&self, is_wanted: impl Fn(&Subnet) -> bool) -> Vec<usize> {
        let each = self.subnets.iter().enumerate();
        let wanted = each.filter(|(_, subnet)| is_wanted(subnet));
        wanted.map(|(place, _)| place).collect()
    }
}

fn some(found: Vec<usize>, missed: NotServed) -> Result<Vec<usize>, NotServed> {
    if found.is_empty() {
        Err(missed)
    } else {
        Ok(found)
    }
}

impl Subnet {
    /// Whether its machines are on the link of this interface.
    pub fn is_on(&self, interface: &str) -> bool {
        self.reach == Reach::Direct && self.interface == interface
    }

    /// Whether a relay is named as one of this subnet.
    fn names(&self, relay: IpAddr) -> bool {
        match &self.reach {
            Reach::Direct => false,
            Reach::Relayed { relays } => relays.contains(&relay),
        }
    }

    /// Whether questions for this subnet may come through a relay that is known.
    fn takes(&self, relay: IpAddr) -> bool {
        match &self.reach {
            Reach::Direct => true,
            Reach::Relayed { relays } => relays.is_empty() || relays.contains(&relay),
        }
    }
}

impl fmt::Display for NotServed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("no subnet is served on this link"),
            Self::Address(address) => write!(f, "{address} is in no network that is served"),
            Self::Relay(relay) => write!(
                f,
                "the relay {relay} is in no network that is served, and no subnet names it in `relays`"
            ),
            Self::Selected { relay, selected } => write!(
                f,
                "the relay {relay} asks for the subnet of {selected}, which is not served, or names \
                 other relays"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::lease_options::LeaseOptions;
    use crate::network::{DhcpMode, SubnetName, UnknownPolicy};

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn subnet(name: &str, interface: &str, network: &str, reach: Reach) -> Subnet {
        Subnet {
            name: SubnetName::new(name),
            interface: interface.to_owned(),
            reach,
            network: network.parse().unwrap(),
            server: ip("10.1.0.1"),
            mode: DhcpMode::Proxy,
            unknown: UnknownPolicy::Ignore,
            router: None,
            dns: Vec::new(),
            lease_time: Duration::from_hours(1),
            options: LeaseOptions::default(),
        }
    }

    /// Two subnets on eth1, one on eth2; two racks behind routers, of which one names its relay.
    fn topology() -> Topology {
        let relayed = |relays: &[&str]| Reach::Relayed {
            relays: relays.iter().map(|it| ip(it)).collect(),
        };
        Topology::new(vec![
            subnet("a", "eth1", "10.1.0.0/24", Reach::Direct),
            subnet("b", "eth1", "10.2.0.0/24", Reach::Direct),
            subnet("c", "eth2", "10.3.0.0/24", Reach::Direct),
            subnet("rack", "eth2", "10.4.0.0/24", relayed(&[])),
            subnet("far", "eth2", "10.5.0.0/24", relayed(&["192.0.2.1"])),
            subnet("far-too", "eth2", "10.6.0.0/24", relayed(&["192.0.2.1"])),
        ])
    }

    fn located(interface: &str, origin: Origin) -> Result<Vec<String>, NotServed> {
        let topology = topology();
        let name = |place: usize| topology.subnets()[place].name.to_string();
        let places = topology.locate(interface, origin)?;
        Ok(places.into_iter().map(name).collect())
    }

    fn relay(relay: &str, selected: Option<&str>) -> Origin {
        Origin::Relay {
            relay: ip(relay),
            selected: selected.map(ip),
        }
    }

    #[test]
    fn a_link_has_its_subnets_in_the_order_of_the_settings() {
        let link = Origin::Link { selected: None };
        assert_eq!(located("eth1", link).unwrap(), ["a", "b"]);
        assert_eq!(
            located("eth2", link).unwrap(),
            ["c"],
            "relayed ones are no link's"
        );
        assert_eq!(located("eth3", link), Err(NotServed::Link));
    }

    #[test]
    fn who_selects_a_subnet_gets_that_one_of_its_link() {
        let select = |at: &str| Origin::Link {
            selected: Some(ip(at)),
        };
        assert_eq!(located("eth1", select("10.2.0.0")).unwrap(), ["b"]);
        let elsewhere = located("eth1", select("10.3.0.0"));
        assert_eq!(elsewhere, Err(NotServed::Address(ip("10.3.0.0"))));
    }

    #[test]
    fn a_renewal_is_of_the_subnet_of_its_address_whatever_it_came_by() {
        let renewal = |address: &str| Origin::Client {
            address: ip(address),
        };
        assert_eq!(located("eth1", renewal("10.5.0.9")).unwrap(), ["far"]);
        let foreign = located("eth1", renewal("10.9.0.9"));
        assert_eq!(foreign, Err(NotServed::Address(ip("10.9.0.9"))));
    }

    #[test]
    fn a_relay_asks_for_the_subnet_that_it_is_in_or_is_named_by() {
        for (origin, wanted) in [
            (relay("10.4.0.1", None), vec!["rack"]),
            (relay("10.1.0.7", None), vec!["a"]),
            (relay("192.0.2.1", None), vec!["far", "far-too"]),
            (relay("10.4.0.1", Some("10.2.0.0")), vec!["b"]),
            (relay("10.3.0.1", Some("10.4.0.0")), vec!["rack"]),
            (relay("192.0.2.1", Some("10.6.0.0")), vec!["far-too"]),
        ] {
            assert_eq!(located("eth1", origin).unwrap(), wanted, "{origin:?}");
        }
    }

    #[test]
    fn a_relay_from_elsewhere_is_refused_and_one_that_is_not_named_gets_no_subnet_that_names_others()
     {
        let stranger = located("eth1", relay("203.0.113.1", Some("10.1.0.0")));
        assert_eq!(stranger, Err(NotServed::Relay(ip("203.0.113.1"))));
        for (by, selected) in [
            ("10.4.0.1", "10.5.0.0"),
            ("10.4.0.1", "10.9.0.0"),
            ("192.0.2.1", "10.9.0.0"),
        ] {
            let refused = NotServed::Selected {
                relay: ip(by),
                selected: ip(selected),
            };
            let asked = located("eth1", relay(by, Some(selected)));
            assert_eq!(asked, Err(refused), "{by} {selected}");
        }
        // Its own address is in a subnet that names another one.
        let inside = located("eth1", relay("10.5.0.1", None));
        assert_eq!(inside, Err(NotServed::Relay(ip("10.5.0.1"))));
    }

    proptest! {
        #[test]
        fn nobody_gets_a_subnet_by_a_relay_that_is_neither_served_nor_named(
            relay: u32,
            selected: Option<u32>,
        ) {
            let relay = IpAddr::from(relay.to_be_bytes());
            let selected = selected.map(|it| IpAddr::from(it.to_be_bytes()));
            let topology = topology();
            if let Ok(places) = topology.locate("eth1", Origin::Relay { relay, selected }) {
                prop_assert!(!places.is_empty());
                prop_assert!(topology.subnet_of(relay).is_some() || relay == ip("192.0.2.1"));
            }
        }
    }
}
