//! The interfaces of the host: what the settings say of them, held against what the system says.

use std::net::IpAddr;

use machine_core::network::{DhcpMode, Network, Subnet};
use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::InterfaceFlags;

use crate::host::HostError;
use crate::settings::SubnetSettings;

/// An IPv4 address of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
struct HostAddress {
    interface: String,
    address: IpAddr,
    prefix: u8,
    is_up: bool,
    is_loopback: bool,
}

/// The subnets of the settings as the system has them, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Each with our address and its network.
    pub subnets: Vec<Subnet>,
    /// What a start can do with, and a person should know: a sentence each.
    pub notes: Vec<String>,
    /// Why no start is possible.
    pub mistakes: Vec<HostError>,
}

/// Looks up the interface of each subnet of the settings.
pub fn resolve_subnets(settings: &[SubnetSettings]) -> Resolved {
    match getifaddrs() {
        Ok(listed) => {
            let addresses: Vec<HostAddress> = listed.filter_map(|it| address_of(&it)).collect();
            resolve_all(settings, &addresses)
        }
        Err(error) => Resolved {
            mistakes: vec![HostError::Unlisted(error)],
            ..Resolved::default()
        },
    }
}

fn address_of(listed: &InterfaceAddress) -> Option<HostAddress> {
    let address = listed.address.as_ref()?.as_sockaddr_in()?.ip();
    let mask = listed.netmask.as_ref()?.as_sockaddr_in()?.ip();
    Some(HostAddress {
        interface: listed.interface_name.clone(),
        address: IpAddr::V4(address),
        prefix: u8::try_from(u32::from(mask).count_ones()).ok()?,
        is_up: listed.flags.contains(InterfaceFlags::IFF_UP),
        is_loopback: listed.flags.contains(InterfaceFlags::IFF_LOOPBACK),
    })
}

fn resolve_all(settings: &[SubnetSettings], addresses: &[HostAddress]) -> Resolved {
    let mut resolved = Resolved::default();
    for told in settings {
        match resolve(told, addresses) {
            Ok(subnet) => {
                resolved.notes.extend(notes_on_interface(told, addresses));
                resolved.notes.extend(notes_on_ranges(told, &subnet));
                resolved.subnets.push(subnet);
            }
            Err(mistakes) => resolved.mistakes.extend(mistakes),
        }
    }
    resolved
}

fn resolve(settings: &SubnetSettings, addresses: &[HostAddress]) -> Result<Subnet, Vec<HostError>> {
    let place = settings.place.to_string();
    let found = addresses
        .iter()
        .find(|it| it.interface == settings.interface);
    let network =
        found.and_then(|it| Some((it.address, Network::containing(it.address, it.prefix)?)));
    let Some((server, network)) = network else {
        let mut there: Vec<&str> = addresses.iter().map(|it| it.interface.as_str()).collect();
        there.dedup();
        return Err(vec![HostError::NoInterface {
            place,
            interface: settings.interface.clone(),
            there: there.join(", "),
        }]);
    };
    let stray = strays(settings, network).map(|what| HostError::NotInNetwork {
        place: place.clone(),
        what,
        interface: settings.interface.clone(),
        network,
    });
    let stray: Vec<HostError> = stray.collect();
    if !stray.is_empty() {
        return Err(stray);
    }
    Ok(Subnet {
        name: settings.name.clone(),
        network,
        server,
        mode: settings.mode.clone(),
        unknown: settings.unknown,
        router: settings.router,
        dns: settings.dns.clone(),
        lease_time: settings.lease_time,
        options: settings.options.clone(),
    })
}

/// What of the settings is not in this network.
fn strays(settings: &SubnetSettings, network: Network) -> impl Iterator<Item = String> {
    let ranges = match &settings.mode {
        DhcpMode::Authoritative { ranges } => ranges.as_slice(),
        DhcpMode::Proxy | DhcpMode::Off => &[],
    };
    let is_within = move |it: IpAddr| network.contains(it);
    let ranges = ranges
        .iter()
        .filter(move |it| !(is_within(it.first()) && is_within(it.last())))
        .map(|it| format!("the range {it}"));
    let router = settings.router.filter(move |it| !is_within(*it));
    ranges.chain(router.map(|it| format!("the router {it}")))
}

fn notes_on_interface(settings: &SubnetSettings, addresses: &[HostAddress]) -> Vec<String> {
    let (place, interface) = (&settings.place, &settings.interface);
    let own: Vec<&HostAddress> = addresses
        .iter()
        .filter(|it| it.interface == *interface)
        .collect();
    let mut notes = Vec::new();
    if own.iter().any(|it| !it.is_up) {
        notes.push(format!(
            "{place}: the interface {interface} is down, so no machine can reach Drover over it: ip \
             link set {interface} up"
        ));
    }
    if own.iter().any(|it| it.is_loopback) {
        notes.push(format!(
            "{place}: {interface} is the loopback, on which there is no machine but this host: \
             wanted the interface that machines are connected to"
        ));
    }
    if let [used, _, ..] = own.as_slice() {
        let all: Vec<String> = own
            .iter()
            .map(|it| format!("{}/{}", it.address, it.prefix))
            .collect();
        notes.push(format!(
            "{place}: the interface {interface} has the addresses {}: Drover serves the network of \
             {} only, and is reached at that address",
            all.join(", "),
            used.address
        ));
    }
    notes
}

/// Addresses that no machine may have are left out of every lease; who put them into a range counts
/// on more addresses than there are.
fn notes_on_ranges(settings: &SubnetSettings, subnet: &Subnet) -> Vec<String> {
    let DhcpMode::Authoritative { ranges } = &subnet.mode else {
        return Vec::new();
    };
    let reserved = [
        (Some(subnet.server), "the address of Drover itself"),
        (subnet.router, "the router"),
        (Some(subnet.network.address()), "the network's own address"),
        (subnet.network.broadcast(), "the broadcast address"),
    ];
    let held = ranges.iter().flat_map(|range| {
        let within = reserved.iter().filter_map(move |(address, what)| {
            let address = address.filter(|it| range.contains(*it))?;
            Some((range, address, *what))
        });
        within.collect::<Vec<_>>()
    });
    held.map(|(range, address, what)| {
        format!(
            "{}: the range {range} holds {address}, {what}: it is not leased",
            settings.place
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::check::check;
    use crate::settings::reading::parse;

    fn subnets(text: &str) -> Vec<SubnetSettings> {
        check("drover.yaml", &parse("drover.yaml", text))
            .unwrap()
            .subnets
    }

    fn address(interface: &str, last: u8) -> HostAddress {
        HostAddress {
            interface: interface.to_owned(),
            address: IpAddr::from([10, 88, 0, last]),
            prefix: 24,
            is_up: true,
            is_loopback: false,
        }
    }

    fn eth1() -> HostAddress {
        address("eth1", 1)
    }

    #[test]
    fn the_system_gives_the_network() {
        let resolved = resolve_all(&subnets("subnets: [{ interface: eth1 }]"), &[eth1()]);
        let subnet = &resolved.subnets[0];
        assert_eq!(subnet.network.to_string(), "10.88.0.0/24");
        assert_eq!(subnet.server, IpAddr::from([10, 88, 0, 1]));
        assert_eq!(resolved.notes, Vec::<String>::new());
    }

    #[test]
    fn all_that_does_not_fit_is_told_with_its_line() {
        let text = "subnets:\n  - { interface: eth9 }\n  - { interface: eth1, mode: authoritative, \
                    ranges: [10.78.0.1-10.78.0.2], router: 10.78.0.9 }\n";
        let resolved = resolve_all(&subnets(text), &[eth1(), address("eth1", 2)]);
        let got: Vec<String> = resolved.mistakes.iter().map(ToString::to_string).collect();
        let wanted = [
            "drover.yaml:2: there is no interface \"eth9\" with an IPv4 address; there are eth1",
            "drover.yaml:3: the range 10.78.0.1-10.78.0.2 is not in 10.88.0.0/24, the network of eth1",
            "drover.yaml:3: the router 10.78.0.9 is not in 10.88.0.0/24, the network of eth1",
        ];
        assert_eq!(got, wanted);
    }

    #[test]
    fn a_subnet_with_a_mistake_is_held_against_its_network_all_the_same() {
        let text = "subnets:\n  - interface: eth1\n    mode: authoritative\n    ranges: \
                    [10.78.0.1-10.78.0.2, oops]\n    router: 10.78.0.9\n    mtu: many\n";
        let mistakes = check("drover.yaml", &parse("drover.yaml", text)).unwrap_err();
        assert_eq!(mistakes.told.len(), 2, "{mistakes}");
        let resolved = resolve_all(&mistakes.rest.subnets, &[eth1()]);
        let got: Vec<String> = resolved.mistakes.iter().map(ToString::to_string).collect();
        assert_eq!(got.len(), 2, "{got:?}");
        for (told, stray) in got
            .iter()
            .zip(["the range 10.78.0.1", "the router 10.78.0.9"])
        {
            assert!(told.contains(stray), "{told}");
        }
    }

    /// The files of `tests/settings` that only a host can judge.
    #[test]
    fn what_a_start_can_do_with_is_noted() {
        let down = HostAddress {
            is_up: false,
            ..address("eth3", 3)
        };
        let loopback = HostAddress {
            is_loopback: true,
            ..address("lo", 9)
        };
        let two = [address("eth5", 5), address("eth5", 6)];
        let addresses = [&[down, loopback, eth1()], two.as_slice()].concat();
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/settings");
        for (file, wanted) in [
            ("iface-down", &["the interface eth3 is down"][..]),
            ("iface-lo", &["lo is the loopback"]),
            (
                "iface-two",
                &[
                    "the interface eth5 has the addresses 10.88.0.5/24, 10.88.0.6/24: Drover serves \
                   the network of 10.88.0.5 only",
                ],
            ),
            (
                "ranges-own",
                &["the range 10.88.0.1-10.88.0.100 holds 10.88.0.1, the address of Drover itself"],
            ),
            (
                "ranges-router",
                &["the range 10.88.0.50-10.88.0.100 holds 10.88.0.60, the router"],
            ),
            (
                "ranges-bcast",
                &[
                    "the range 10.88.0.0-10.88.0.255 holds 10.88.0.1, the address of Drover itself",
                    "the range 10.88.0.0-10.88.0.255 holds 10.88.0.0, the network's own address",
                    "the range 10.88.0.0-10.88.0.255 holds 10.88.0.255, the broadcast address",
                ],
            ),
        ] {
            let text = std::fs::read_to_string(format!("{folder}/{file}.yaml")).unwrap();
            let notes = resolve_all(&subnets(&text), &addresses).notes;
            assert_eq!(notes.len(), wanted.len(), "{file}: {notes:#?}");
            for (note, wanted) in notes.iter().zip(wanted) {
                let wanted = format!("drover.yaml:3: {wanted}");
                assert!(note.starts_with(&wanted), "wanted {wanted}, got {note}");
            }
        }
    }
}
