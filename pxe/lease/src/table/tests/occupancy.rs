//! Which addresses are tried before they are offered, and what becomes of those in use, as a probe or a
//! DECLINE says.

use machine_core::standing::Standing;

use super::{at, client, lease, offer, small, subnet};
use crate::error::DeclineIgnored;
use crate::limits::Limits;
use crate::table::LeaseTable;

#[test]
fn an_address_is_tried_before_its_first_offer_only() {
    let mut table = small();
    let address = offer(&mut table, 1, at(0)).unwrap();
    assert!(table.is_untried(&client(1), address));
    assert!(!table.is_untried(&client(2), address), "not offered to it");
    table.tried(&client(1), address);
    assert_eq!(offer(&mut table, 1, at(1)), Ok(address));
    assert!(
        !table.is_untried(&client(1), address),
        "a repeated DISCOVER"
    );
    table.committed(&lease(1, address, at(100)));
    assert_eq!(offer(&mut table, 1, at(200)), Ok(address));
    assert!(
        !table.is_untried(&client(1), address),
        "it had it, and comes back"
    );
}

#[test]
fn an_address_that_was_given_up_is_tried_again() {
    let mut table = small();
    let address = offer(&mut table, 1, at(0)).unwrap();
    table.tried(&client(1), address);
    // The offer lapses.
    assert_eq!(offer(&mut table, 1, at(120)), Ok(address));
    assert!(table.is_untried(&client(1), address));
    table.tried(&client(1), address);
    table.withdrawn(&client(1));
    assert_eq!(offer(&mut table, 1, at(121)), Ok(address));
    assert!(table.is_untried(&client(1), address));
    assert!(table.ledger.tried.is_empty());
}

#[test]
fn an_address_of_an_ended_lease_is_tried_before_another_gets_it() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.10");
    let limits = Limits {
        kept_one_in: 0,
        ..Limits::of(&subnet)
    };
    let mut table = LeaseTable::new(&subnet, limits);
    let address = offer(&mut table, 1, at(0)).unwrap();
    table.committed(&lease(1, address, at(100)));
    assert_eq!(offer(&mut table, 2, at(200)), Ok(address));
    assert!(table.is_untried(&client(2), address));
}

#[test]
fn an_occupied_address_is_not_offered() {
    let mut table = small();
    let probed = offer(&mut table, 1, at(0)).unwrap();
    let put_away = table.occupied(&client(1), probed, &client(99), at(0));
    assert_eq!(put_away, Ok(at(600)));
    let instead = offer(&mut table, 1, at(0)).unwrap();
    assert_ne!(instead, probed);
}

#[test]
fn who_has_a_lease_is_not_put_away_for_an_answer_that_comes_late() {
    let mut table = small();
    let address = offer(&mut table, 1, at(0)).unwrap();
    table.committed(&lease(1, address, at(100)));
    let late = table.occupied(&client(1), address, &client(1), at(1));
    let client = client(1);
    assert_eq!(late, Err(DeclineIgnored::NotHeld { client, address }));
    assert_eq!(offer(&mut table, 1, at(2)), Ok(address));
}

#[test]
fn a_router_that_answers_for_every_address_does_not_drain_the_pool() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.50-10.77.0.200");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let router = client(99);
    for _ in 0..3 {
        let address = offer(&mut table, 1, at(0)).unwrap();
        let put_away = table.occupied(&client(1), address, &router, at(0));
        assert!(put_away.is_ok());
    }
    let address = offer(&mut table, 1, at(0)).unwrap();
    assert_eq!(
        table.occupied(&client(1), address, &router, at(0)),
        Err(DeclineIgnored::TooMany {
            client: router,
            limit: 3
        })
    );
    assert_eq!(offer(&mut table, 1, at(0)), Ok(address), "the offer stands");
}

#[test]
fn declined_addresses_stay_away_and_declines_are_bounded() {
    let mut table = small();
    let first = offer(&mut table, 1, at(0)).unwrap();
    assert_eq!(
        table.declined(&client(2), first, at(0)),
        Err(DeclineIgnored::NotHeld {
            client: client(2),
            address: first
        })
    );
    for _ in 0..3 {
        let address = offer(&mut table, 1, at(0)).unwrap();
        table.committed(&lease(1, address, at(100)));
        assert_eq!(table.declined(&client(1), address, at(0)), Ok(at(600)));
        assert_eq!(table.standing(&client(1), address, at(1)), Standing::Taken);
    }
    let last = offer(&mut table, 1, at(0)).unwrap();
    assert_eq!(
        table.declined(&client(1), last, at(0)),
        Err(DeclineIgnored::TooMany {
            client: client(1),
            limit: 3
        })
    );
    assert_eq!(table.offers(), 1);
    assert_eq!(
        offer(&mut table, 2, at(599)).unwrap(),
        last,
        "the only one left"
    );
    assert!(
        offer(&mut table, 3, at(600)).is_ok(),
        "the quarantine is over"
    );
    let again = offer(&mut table, 1, at(600)).unwrap();
    assert!(table.declined(&client(1), again, at(600)).is_ok());
}

#[test]
fn all_clients_together_put_away_only_a_share() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let first = offer(&mut table, 1, at(0)).unwrap();
    assert!(table.declined(&client(1), first, at(0)).is_ok());
    let second = offer(&mut table, 2, at(0)).unwrap();
    assert_eq!(
        table.declined(&client(2), second, at(0)),
        Err(DeclineIgnored::Full { limit: 1 })
    );
}
