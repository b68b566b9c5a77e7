//! Settings of subnets, held against hosts that are made up.

use machine_core::network::Reach;

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

/// eth5 with an address in each of two networks, and eth1.
fn two_networks() -> Vec<HostAddress> {
    let other = HostAddress {
        address: IpAddr::from([10, 89, 0, 1]),
        ..address("eth5", 1)
    };
    vec![address("eth5", 5), other, address("eth1", 7)]
        .into_iter()
        .map(|it| match it.interface.as_str() {
            "eth1" => HostAddress {
                address: IpAddr::from([10, 90, 0, 1]),
                ..it
            },
            _ => it,
        })
        .collect()
}

#[test]
fn an_interface_serves_each_network_that_is_named() {
    let text = "subnets:\n  - { name: a, interface: eth5, network: 10.88.0.0/24 }\n  \
                - { name: b, interface: eth5, network: 10.89.0.0/24 }\n  \
                - { name: c, interface: eth1 }\n";
    let resolved = resolve_all(&subnets(text), &two_networks());
    assert!(resolved.mistakes.is_empty(), "{:?}", resolved.mistakes);
    let servers: Vec<String> = resolved
        .subnets
        .iter()
        .map(|it| it.server.to_string())
        .collect();
    assert_eq!(servers, ["10.88.0.5", "10.89.0.1", "10.90.0.1"]);
    assert!(resolved.subnets.iter().all(|it| it.reach == Reach::Direct));
    assert_eq!(resolved.notes, Vec::<String>::new());
}

#[test]
fn a_subnet_behind_relays_has_our_address_on_its_interface() {
    let text = "subnets:\n  - interface: eth1\n    network: 10.99.0.0/24\n    relays: [10.99.0.254]\n    \
                mode: authoritative\n    ranges: [10.99.0.10-10.99.0.20]\n";
    let resolved = resolve_all(&subnets(text), &two_networks());
    assert!(resolved.mistakes.is_empty(), "{:?}", resolved.mistakes);
    let subnet = &resolved.subnets[0];
    let relays = vec![IpAddr::from([10, 99, 0, 254])];
    assert_eq!(subnet.reach, Reach::Relayed { relays });
    assert_eq!(subnet.server, IpAddr::from([10, 90, 0, 1]));
    let wanted = "drover.yaml:2: machines of subnet eth1 are behind a relay, and their leases name no \
                  router by which they reach Drover at 10.90.0.1: set `router`";
    assert_eq!(resolved.notes, [wanted]);
}

#[test]
fn networks_that_can_not_be_are_told_with_what_to_do() {
    for (subnet, wanted) in [
        (
            "{ interface: eth5, network: 10.99.0.0/24 }",
            "the interface eth5 has no address in 10.99.0.0/24, only in 10.88.0.0/24, 10.89.0.0/24: \
             give it one; or, if machines reach Drover through relays, name those in `relays`",
        ),
        (
            "{ interface: eth1, network: 10.90.0.0/24, relays: [], mode: \"off\" }",
            "the interface eth1 has an address in 10.90.0.0/24, so machines there need no relay: leave \
             `relays` out",
        ),
        (
            "{ interface: eth1, network: 10.91.0.0/24, relays: [], mode: authoritative, ranges: \
             [10.91.0.1-10.92.0.9], router: 10.90.0.9 }",
            "the range 10.91.0.1-10.92.0.9 is not in 10.91.0.0/24, that of subnet eth1",
        ),
    ] {
        let text = format!("subnets:\n  - {subnet}\n");
        let resolved = resolve_all(&subnets(&text), &two_networks());
        let told = resolved.mistakes[0].to_string();
        assert_eq!(told, format!("drover.yaml:2: {wanted}"));
    }
    let text = "subnets:\n  - { name: a, interface: eth5 }\n  \
                - { name: b, interface: eth1, network: 10.88.0.0/16, relays: [], mode: \"off\" }\n";
    let resolved = resolve_all(&subnets(text), &two_networks());
    let told = resolved.mistakes[0].to_string();
    let wanted = "drover.yaml:3: the network 10.88.0.0/16 overlaps 10.88.0.0/24, that of subnet a";
    assert_eq!(told, wanted);
}
