//! Each limit by itself: at what it is enough, and what is said below that.

use std::time::Duration;

use machine_core::lease_options::LeaseOptions;
use machine_core::network::{SubnetName, UnknownPolicy};

use super::*;

/// A host that has enough of all.
fn enough() -> HostLimits {
    HostLimits {
        descriptors: Some(16_384),
        receive_buffer: Some(16 << 20),
        neighbours: Some(1024),
        strict: BTreeSet::new(),
        routes: Vec::new(),
    }
}

fn subnet(interface: &str, network: &str, ranges: &[&str]) -> Subnet {
    let network = network.parse().unwrap();
    let ranges = ranges.iter().map(|it| it.parse().unwrap()).collect();
    Subnet {
        name: SubnetName::new("lab"),
        interface: interface.to_owned(),
        reach: Reach::Direct,
        network,
        server: [10, 77, 0, 1].into(),
        mode: DhcpMode::Authoritative { ranges },
        unknown: UnknownPolicy::Ignore,
        router: None,
        dns: Vec::new(),
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}

fn relayed(subnet: Subnet) -> Subnet {
    Subnet {
        reach: Reach::Relayed { relays: Vec::new() },
        ..subnet
    }
}

#[track_caller]
fn assert_said(limits: &HostLimits, subnets: &[Subnet], wanted: Option<&[&str]>) {
    let said = limits.complaints(subnets);
    let Some(facts) = wanted else {
        assert!(said.is_empty(), "{said:?}");
        return;
    };
    let [sentence] = said.as_slice() else {
        panic!("wanted one sentence: {said:?}");
    };
    for fact in facts {
        assert!(sentence.contains(fact), "{fact:?} is missing in {sentence}");
    }
}

#[test]
fn few_descriptors_and_a_small_buffer_are_told_with_what_raises_them() {
    let subnets = [subnet("eth1", "10.77.0.0/24", &["10.77.0.50-10.77.0.200"])];
    assert_said(&enough(), &subnets, None);
    for (descriptors, wanted) in [
        (Some(16_383), Some(&["16383", "16384", "LimitNOFILE="][..])),
        (Some(16_384), None),
        (None, None),
    ] {
        let limits = HostLimits {
            descriptors,
            ..enough()
        };
        assert_said(&limits, &subnets, wanted);
    }
    let raise = "net.core.rmem_max=16777216";
    for (receive_buffer, wanted) in [
        (Some(212_992), Some(&["212992 bytes", raise][..])),
        (Some(16 << 20), None),
        (None, None),
    ] {
        let limits = HostLimits {
            receive_buffer,
            ..enough()
        };
        assert_said(&limits, &subnets, wanted);
    }
}

#[test]
fn neighbours_are_held_against_the_addresses_that_may_be_leased_on_links() {
    let key = "net.ipv4.neigh.default.gc_thresh3";
    let of = |ranges: &[&str]| vec![subnet("eth1", "10.64.0.0/10", ranges)];
    let thousand = of(&["10.77.0.0-10.77.3.255"]);
    let one_more = of(&["10.77.0.0-10.77.3.255", "10.78.0.1-10.78.0.1"]);
    let proposed = format!("{key}=4096");
    let told = ["keeps 1024 neighbours", "1025 addresses", proposed.as_str()];
    assert_said(&enough(), &thousand, None);
    assert_said(&enough(), &one_more, Some(&told));
    let behind_relay: Vec<Subnet> = one_more.iter().cloned().map(relayed).collect();
    assert_said(&enough(), &behind_relay, None);
    let proxy = Subnet {
        mode: DhcpMode::Proxy,
        ..one_more.first().unwrap().clone()
    };
    assert_said(&enough(), &[proxy], None);
    // More addresses than there are machines anywhere.
    let limits = |neighbours| HostLimits {
        neighbours,
        ..enough()
    };
    let millions = of(&["10.64.0.0-10.127.255.255"]);
    let most = format!("{key}=65536");
    assert_said(&enough(), &millions, Some(&[&most]));
    assert_said(&limits(Some(65_536)), &millions, None);
    // A network namespace that does not show it.
    assert_said(&limits(None), &thousand, None);
    assert_said(&limits(None), &one_more, Some(&["not said", &proposed]));
}

#[test]
#[cfg(target_endian = "little")]
fn a_strict_filter_is_told_where_the_route_leads_elsewhere() {
    let table = "head\n\
        eth1 00004D0A 0 0001 0 0 0 00FFFFFF\n\
        eth0 00004E0A 0 0001 0 0 0 00FFFFFF\n";
    let limits = |strict: &[&str]| HostLimits {
        strict: strict.iter().map(|it| (*it).to_owned()).collect(),
        routes: route::routes(table),
        ..enough()
    };
    let own = subnet("eth1", "10.77.0.0/24", &[]);
    let elsewhere = relayed(subnet("eth1", "10.78.0.0/24", &[]));
    let nowhere = relayed(subnet("eth1", "10.79.0.0/24", &[]));
    let loosen = "net/ipv4/conf/eth1/rp_filter=2";
    assert_said(&limits(&["eth1"]), &[own], None);
    let wanted = ["10.78.0.0/24", "leads by eth0", loosen];
    let subnets = [elsewhere.clone()];
    assert_said(&limits(&["eth1"]), &subnets, Some(&wanted));
    assert_said(&limits(&["eth0"]), &subnets, None);
    let wanted = ["10.79.0.0/24", "no route", loosen];
    assert_said(&limits(&["eth1"]), &[nowhere], Some(&wanted));
}

#[test]
fn this_host_says_what_it_allows() {
    let limits = HostLimits::read(&[subnet("lo", "127.0.0.0/8", &[])]);
    assert!(limits.descriptors.is_some_and(|it| it > 0), "{limits:?}");
    assert!(limits.receive_buffer.is_some_and(|it| it > 0), "{limits:?}");
}
