//! Leases of DHCPv6: a network that nobody could list, and clients that are DUID and IAID.

use std::collections::BTreeSet;

use machine_core::duid::Duid;

use super::*;
use crate::acquaintance::Acquaintance;

const STRANGER: Acquaintance = Acquaintance::Stranger;

fn association(number: u32, iaid: u32) -> ClientKey {
    let mut bytes = vec![0, 4];
    bytes.extend(number.to_be_bytes());
    let duid = Duid::new(&bytes).unwrap();
    ClientKey::Duid { duid, iaid }
}

fn v6(ranges: &str) -> Subnet {
    Subnet {
        server: ip("fd77::1"),
        router: None,
        dns: vec![ip("fd77::3")],
        ..subnet("fd77::/64", ranges)
    }
}

fn table(ranges: &str) -> LeaseTable {
    let subnet = v6(ranges);
    LeaseTable::new(&subnet, Limits::of(&subnet))
}

#[test]
fn a_whole_64_bit_network_costs_as_much_as_a_small_one_and_its_clients_are_apart() {
    let mut table = table("fd77::-fd77::ffff:ffff:ffff:ffff");
    let mut given = BTreeSet::new();
    for number in 0..1000 {
        let address = table.propose(&association(number, 1), None, STRANGER, at(0));
        assert!(given.insert(address.unwrap()), "{number}");
    }
    let halves = given.iter().filter(|it| **it < ip("fd77::8000:0:0:0"));
    assert!((400..600).contains(&halves.count()), "they are spread");
}

#[test]
fn each_association_of_a_client_has_an_address_of_its_own_and_keeps_it() {
    let mut table = table("fd77::50-fd77::ff");
    let mut address = |iaid| {
        table
            .propose(&association(7, iaid), None, STRANGER, at(0))
            .unwrap()
    };
    let (first, second) = (address(1), address(2));
    assert_ne!(first, second);
    assert_eq!((address(1), address(2)), (first, second));
}

#[test]
fn addresses_of_the_network_itself_are_never_given() {
    // RFC 4291 §2.6.1: the first address is every router's.
    let mut table = table("fd77::-fd77::3");
    let mut propose = |number| {
        let registered = Acquaintance::Registered;
        table.propose(&association(number, 1), None, registered, at(0))
    };
    assert_eq!(propose(1), Ok(ip("fd77::2")));
    assert_eq!(propose(2), Err(Exhausted::Addresses));
    for own in ["fd77::", "fd77::1", "fd77::3"] {
        let reserved = table.reserve(&association(3, 1), ip(own));
        assert!(reserved.is_err(), "{own}");
    }
}

#[test]
fn strangers_are_bounded_where_addresses_are_not() {
    let mut table = table("fd77::-fd77::ffff:ffff:ffff:ffff");
    let limit = Limits::of(&v6("fd77::-fd77::ffff:ffff:ffff:ffff")).offers_to_strangers;
    let propose = |table: &mut LeaseTable, number: usize, who| {
        let number = u32::try_from(number).unwrap();
        table.propose(&association(number, 1), None, who, at(0))
    };
    for number in 0..limit {
        propose(&mut table, number, STRANGER).unwrap();
    }
    let more = propose(&mut table, limit, STRANGER);
    assert_eq!(more, Err(Exhausted::Offers { limit }));
    assert!(propose(&mut table, limit, Acquaintance::Registered).is_ok());
}

#[test]
fn what_has_ended_is_forgotten_where_addresses_never_run_out() {
    let subnet = v6("fd77::-fd77::ffff:ffff:ffff:ffff");
    let limits = Limits {
        remembered: 3,
        ..Limits::of(&subnet)
    };
    let mut table = LeaseTable::new(&subnet, limits);
    for number in 0..5_u32 {
        let client = association(7, number);
        let registered = Acquaintance::Registered;
        let address = table.propose(&client, None, registered, at(0)).unwrap();
        let expires = at(100 + i64::from(number));
        table.committed(&Lease {
            client,
            ..lease(1, address, expires)
        });
    }
    assert!(!table.has_address(&association(0, 0), at(99)));
    assert_eq!(table.leases(), 5, "none has ended");
    assert!(table.has_address(&association(7, 2), at(101)));
    assert_eq!(table.leases(), 3, "the two that ended first are gone");
}
