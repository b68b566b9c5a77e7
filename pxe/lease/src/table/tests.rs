//! Who gets which address, and that nobody gets another's.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, UnknownPolicy};

use super::*;

mod occupancy;
mod paths;
mod reserved;
mod share;
mod strangers;
mod v6;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn client(number: u32) -> ClientKey {
    let [a, b, c, d] = number.to_be_bytes();
    ClientKey::Hardware(MacAddress::new([0x52, 0x54, a, b, c, d]))
}

fn subnet(network: &str, range: &str) -> Subnet {
    Subnet {
        name: SubnetName::new("lab"),
        interface: "eth1".to_owned(),
        reach: Reach::Direct,
        network: network.parse().unwrap(),
        server: ip("10.77.0.1"),
        mode: DhcpMode::Authoritative {
            ranges: vec![range.parse().unwrap()],
        },
        unknown: UnknownPolicy::Ignore,
        router: Some(ip("10.77.0.2")),
        dns: vec![ip("10.77.0.3")],
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}

/// A table of four addresses: .10 to .13.
fn small() -> LeaseTable {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    LeaseTable::new(
        &subnet,
        Limits {
            offers_to_strangers: 4,
            kept_one_in: 0,
            quarantined: 4,
            ..Limits::of(&subnet)
        },
    )
}

fn lease(number: u32, address: IpAddr, expires: Timestamp) -> Lease {
    Lease {
        subnet: SubnetName::new("lab"),
        client: client(number),
        address,
        client_identifier: None,
        granted: at(0),
        expires,
    }
}

fn offer(table: &mut LeaseTable, number: u32, now: Timestamp) -> Result<IpAddr, Exhausted> {
    table.propose(&client(number), None, Acquaintance::Stranger, now)
}

#[test]
fn a_client_gets_the_same_address_again() {
    let mut table = small();
    let first = offer(&mut table, 1, at(0)).unwrap();
    assert_eq!(
        offer(&mut table, 1, at(1)),
        Ok(first),
        "the DISCOVER was repeated"
    );
    table.committed(&lease(1, first, at(100)));
    assert_eq!(table.offers(), 0);
    assert_eq!(
        offer(&mut table, 1, at(50)),
        Ok(first),
        "iPXE after the ROM"
    );
    assert_eq!(
        offer(&mut table, 1, at(500)),
        Ok(first),
        "the lease has ended"
    );
    assert!(table.released(&client(1), first, at(501)));
    assert_eq!(
        offer(&mut table, 1, at(502)),
        Ok(first),
        "it was given back"
    );
}

#[test]
fn the_address_asked_for_is_given_if_it_is_free() {
    let mut table = small();
    let wanted = Some(ip("10.77.0.12"));
    let propose = |table: &mut LeaseTable, number| {
        table
            .propose(&client(number), wanted, Acquaintance::Stranger, at(0))
            .unwrap()
    };
    assert_eq!(propose(&mut table, 1), ip("10.77.0.12"));
    assert_ne!(propose(&mut table, 2), ip("10.77.0.12"));
    let elsewhere = Some(ip("10.77.0.99"));
    let given = table
        .propose(&client(3), elsewhere, Acquaintance::Stranger, at(0))
        .unwrap();
    assert!((ip("10.77.0.10")..=ip("10.77.0.13")).contains(&given));
}

#[test]
fn offers_lapse_and_their_addresses_are_free() {
    let mut table = small();
    for number in 1..=4 {
        offer(&mut table, number, at(0)).unwrap();
    }
    assert_eq!(table.offers(), 4);
    assert!(offer(&mut table, 5, at(59)).is_err());
    offer(&mut table, 5, at(60)).unwrap();
    assert_eq!(table.offers(), 1);
    table.withdrawn(&client(5));
    assert_eq!(table.offers(), 0);
}

#[test]
fn the_lease_that_ended_first_is_given_last() {
    let mut table = small();
    for (number, last, expires) in [(1, 10, 300), (2, 11, 100), (3, 12, 200), (4, 13, 9000)] {
        table.committed(&lease(
            number,
            Ipv4Addr::new(10, 77, 0, last).into(),
            at(expires),
        ));
    }
    assert_eq!(offer(&mut table, 5, at(99)), Err(Exhausted::Addresses));
    assert_eq!(offer(&mut table, 5, at(500)), Ok(ip("10.77.0.11")));
    assert_eq!(offer(&mut table, 6, at(500)), Ok(ip("10.77.0.12")));
    assert_eq!(
        offer(&mut table, 2, at(500)),
        Ok(ip("10.77.0.10")),
        "its own is gone"
    );
    assert_eq!(offer(&mut table, 3, at(500)), Err(Exhausted::Addresses));
}

#[test]
fn standings() {
    let mut table = small();
    table.committed(&lease(1, ip("10.77.0.10"), at(100)));
    let offered = offer(&mut table, 2, at(0)).unwrap();
    let free = ["10.77.0.11", "10.77.0.12", "10.77.0.13"].map(ip);
    let free = free.into_iter().find(|it| *it != offered).unwrap();
    for (number, address, now, standing) in [
        (1, ip("10.77.0.10"), 0, Standing::Held),
        (1, ip("10.77.0.10"), 200, Standing::Held),
        (2, offered, 0, Standing::Held),
        (2, ip("10.77.0.10"), 0, Standing::Taken),
        (2, ip("10.77.0.10"), 200, Standing::Elsewhere(offered)),
        (3, ip("10.77.0.10"), 200, Standing::Free),
        (1, offered, 0, Standing::Taken),
        (3, offered, 0, Standing::Taken),
        (3, free, 0, Standing::Free),
        (1, free, 0, Standing::Elsewhere(ip("10.77.0.10"))),
        (1, ip("10.77.0.99"), 0, Standing::NotLeased),
        (1, ip("10.77.0.1"), 0, Standing::NotLeased),
        (1, ip("192.0.2.1"), 0, Standing::NotLeased),
        (1, ip("fd77::1"), 0, Standing::NotLeased),
    ] {
        assert_eq!(
            table.standing(&client(number), address, at(now)),
            standing,
            "{number} {address}"
        );
    }
}

#[test]
fn what_is_held_for_a_commit_is_nobody_elses() {
    let mut table = small();
    let address = ip("10.77.0.10");
    let mut hold =
        |number, now| table.hold(&client(number), address, Acquaintance::Stranger, at(now));
    assert_eq!(hold(1, 0), Ok(()));
    assert_eq!(hold(2, 0), Err(NotHeld::Taken { address }));
    assert_eq!(hold(2, 60), Ok(()), "the hold has lapsed");
}

#[test]
fn a_lease_that_another_replica_won_is_learnt() {
    let mut table = small();
    let lost = offer(&mut table, 1, at(0)).unwrap();
    table.committed(&lease(2, lost, at(100)));
    assert_ne!(offer(&mut table, 1, at(0)).unwrap(), lost);
    let foreign = Lease {
        subnet: SubnetName::new("other"),
        ..lease(3, ip("10.77.0.13"), at(100))
    };
    table.committed(&foreign);
    assert_eq!(table.leases(), 1);
}

#[test]
fn our_own_addresses_are_never_given() {
    let subnet = subnet("10.77.0.0/29", "10.77.0.0-10.77.0.7");
    let limits = Limits {
        kept_one_in: 0,
        ..Limits::of(&subnet)
    };
    let mut table = LeaseTable::new(&subnet, limits);
    let mut given: Vec<IpAddr> = (0..3)
        .map(|number| offer(&mut table, number, at(0)).unwrap())
        .collect();
    given.sort_unstable();
    assert_eq!(given, ["10.77.0.4", "10.77.0.5", "10.77.0.6"].map(ip));
}

#[test]
fn a_proxy_gives_nothing() {
    let subnet = Subnet {
        mode: DhcpMode::Proxy,
        ..subnet("10.77.0.0/24", "10.77.0.9-10.77.0.9")
    };
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let registered = Acquaintance::Registered;
    assert_eq!(
        table.propose(&client(1), Some(ip("10.77.0.9")), registered, at(0)),
        Err(Exhausted::Addresses)
    );
}

#[test]
fn a_full_sixteen_bit_subnet_gives_each_its_own() {
    let subnet = subnet("10.77.0.0/16", "10.77.1.0-10.77.255.254");
    let limits = Limits {
        kept_one_in: 0,
        ..Limits::of(&subnet)
    };
    let mut table = LeaseTable::new(&subnet, limits);
    let mut holders = BTreeMap::new();
    for number in 0..60_000 {
        let address = offer(&mut table, number, at(0)).unwrap();
        assert_eq!(holders.insert(address, number), None);
        table.committed(&lease(number, address, at(3600)));
    }
    assert_eq!(table.leases(), 60_000);
    assert_eq!(offer(&mut table, 12_345, at(1)).unwrap(), {
        *holders
            .iter()
            .find(|(_, number)| **number == 12_345)
            .unwrap()
            .0
    });
}
