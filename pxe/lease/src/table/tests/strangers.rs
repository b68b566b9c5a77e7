//! What strangers may have, and that it leaves room for registered machines.

use std::net::Ipv4Addr;

use super::{at, client, ip, lease, offer, subnet};
use crate::acquaintance::Acquaintance;
use crate::error::{Exhausted, NotHeld};
use crate::limits::Limits;
use crate::table::LeaseTable;

#[test]
fn strangers_leave_room_for_registered_machines() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let known = offer(&mut table, 7, at(0)).unwrap();
    table.committed(&lease(7, known, at(1000)));
    offer(&mut table, 1, at(0)).unwrap();
    offer(&mut table, 2, at(0)).unwrap();
    assert_eq!(
        offer(&mut table, 3, at(0)),
        Err(Exhausted::Offers { limit: 2 })
    );
    assert_eq!(offer(&mut table, 7, at(0)), Ok(known), "it is no stranger");
    assert!(offer(&mut table, 1, at(0)).is_ok(), "a repeated DISCOVER");
    assert!(
        table
            .propose(&client(3), None, Acquaintance::Registered, at(0))
            .is_ok()
    );
    assert!(
        offer(&mut table, 4, at(60)).is_ok(),
        "the offers have lapsed"
    );
}

#[test]
fn strangers_lease_no_more_than_their_share() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    // A REQUEST that no DISCOVER came before, as a flood would have it.
    let take = |table: &mut LeaseTable, number, acquaintance, now| {
        let octet = 9 + u8::try_from(number).unwrap();
        let address = Ipv4Addr::new(10, 77, 0, octet).into();
        table.hold(&client(number), address, acquaintance, at(now))?;
        table.committed(&lease(number, address, at(now + 100)));
        Ok::<(), NotHeld>(())
    };
    let stranger = Acquaintance::Stranger;
    for number in 1..=3 {
        assert_eq!(take(&mut table, number, stranger, 0), Ok(()));
    }
    let full = Exhausted::Strangers { limit: 3 };
    assert_eq!(take(&mut table, 4, stranger, 0), Err(full.into()));
    assert_eq!(offer(&mut table, 4, at(0)), Err(full));
    assert_eq!(take(&mut table, 1, stranger, 1), Ok(()), "it renews");
    let registered = Acquaintance::Registered;
    assert_eq!(take(&mut table, 4, registered, 1), Ok(()));
    assert_eq!(
        offer(&mut table, 5, at(50)),
        Err(full),
        "a machine's lease is not of their share"
    );
    assert!(
        offer(&mut table, 5, at(100)).is_ok(),
        "the lease of the second has ended"
    );
}

#[test]
fn whoever_is_registered_later_counts_no_more() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    for number in 1..=3 {
        let address = Ipv4Addr::new(10, 77, 0, 9 + u8::try_from(number).unwrap());
        table.committed(&lease(number, address.into(), at(100)));
    }
    let full = Exhausted::Strangers { limit: 3 };
    assert_eq!(offer(&mut table, 9, at(0)), Err(full), "as at start");
    let registered = Acquaintance::Registered;
    assert!(table.propose(&client(1), None, registered, at(0)).is_ok());
    assert!(offer(&mut table, 9, at(0)).is_ok());
    table.reserve(&client(2), ip("10.77.0.200")).unwrap();
    table.withdrawn(&client(9));
    assert!(offer(&mut table, 8, at(0)).is_ok());
}

#[test]
fn cards_that_are_gone_are_forgotten() {
    let subnet = subnet("10.77.0.0/16", "10.77.1.0-10.77.255.254");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    for number in 0..5000 {
        // Each is offered an address, and never heard of again.
        let now = at(i64::from(number) * 120);
        let registered = Acquaintance::Registered;
        table
            .propose(&client(number), None, registered, now)
            .unwrap();
        assert!(table.ledger.strangers.registered() <= 80, "{number}");
    }
}
