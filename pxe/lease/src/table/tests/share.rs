//! Whatever strangers do, in whatever order: a registered machine without a reservation gets an
//! address.

use std::time::Duration;

use proptest::prelude::*;

use super::{at, client, ip, lease, subnet};
use crate::acquaintance::Acquaintance;
use crate::error::DeclineIgnored;
use crate::limits::Limits;
use crate::table::LeaseTable;
use machine_core::time::Timestamp;

/// A registered machine that does what strangers do.
const NEIGHBOUR: u32 = 50;
/// A registered machine that was never here.
const MACHINE: u32 = 99;

/// Something that a client does. Numbers are clients.
#[derive(Debug, Clone)]
enum Event {
    Discover(u32),
    Take(u32, i64),
    Decline(u32),
    Release(u32),
    Withdraw(u32),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let client = prop_oneof![9 => 0..20_u32, 1 => Just(NEIGHBOUR)];
    prop_oneof![
        4 => client.clone().prop_map(Event::Discover),
        4 => (client.clone(), 1..2000_i64).prop_map(|(client, seconds)| Event::Take(client, seconds)),
        3 => client.clone().prop_map(Event::Decline),
        1 => client.clone().prop_map(Event::Release),
        1 => client.prop_map(Event::Withdraw),
        2 => (0..400_i64).prop_map(Event::Wait),
    ]
}

/// Twelve addresses, of which two are reserved and two are kept.
fn scene() -> LeaseTable {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.21");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    for (number, address) in [(60, "10.77.0.10"), (61, "10.77.0.15")] {
        table.reserve(&client(number), ip(address)).unwrap();
    }
    table
}

fn acquaintance(number: u32) -> Acquaintance {
    if number == NEIGHBOUR {
        Acquaintance::Registered
    } else {
        Acquaintance::Stranger
    }
}

fn apply(table: &mut LeaseTable, event: &Event, now: Timestamp) {
    let held = |table: &LeaseTable, number| {
        let own = table.ledger.own(&client(number));
        own.into_iter().flatten().next()
    };
    match *event {
        Event::Discover(number) => {
            let _ = table.propose(&client(number), None, acquaintance(number), now);
        }
        Event::Take(number, seconds) => {
            let Some(address) = held(table, number) else {
                return;
            };
            let asker = client(number);
            if table
                .hold(&asker, address, acquaintance(number), now)
                .is_ok()
            {
                let until = now.plus(Duration::from_secs(seconds.unsigned_abs()));
                table.committed(&lease(number, address, until));
            }
        }
        Event::Decline(number) => {
            if let Some(address) = held(table, number) {
                let _ = table.declined(&client(number), address, now);
            }
        }
        Event::Release(number) => {
            if let Some(address) = held(table, number) {
                table.released(&client(number), address, now);
            }
        }
        Event::Withdraw(number) => table.withdrawn(&client(number)),
        Event::Wait(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_registered_machine_gets_an_address_whatever_strangers_do(
        events in proptest::collection::vec(event(), 1..150),
    ) {
        let mut table = scene();
        let mut now = at(0);
        for event in &events {
            if let Event::Wait(seconds) = event {
                now = now.plus(Duration::from_secs(seconds.unsigned_abs()));
            }
            apply(&mut table, event, now);
            let registered = Acquaintance::Registered;
            let got = table.clone().propose(&client(MACHINE), None, registered, now);
            prop_assert!(got.is_ok(), "after {event:?}: {got:?}");
        }
    }
}

#[test]
fn what_strangers_lease_and_what_they_decline_leave_the_kept_quarter() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.50-10.77.0.200");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let stranger = Acquaintance::Stranger;
    // More clients than there are addresses; every fourth declines what it is offered.
    for number in 0..1000 {
        let Ok(address) = table.propose(&client(number), None, stranger, at(0)) else {
            continue;
        };
        if number % 4 == 0 {
            let _ = table.declined(&client(number), address, at(0));
        } else {
            table.committed(&lease(number, address, at(3600)));
        }
    }
    let registered = Acquaintance::Registered;
    for number in 2000..2000 + 151 / 4 {
        let got = table.propose(&client(number), None, registered, at(0));
        assert!(got.is_ok(), "machine {number}: {got:?}");
    }
}

#[test]
fn one_client_can_not_empty_a_pool_and_what_it_declined_comes_back() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.50-10.77.0.200");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let stranger = Acquaintance::Stranger;
    let mut declined = 0;
    for _ in 0..200 {
        let address = table.propose(&client(1), None, stranger, at(0)).unwrap();
        declined += usize::from(table.declined(&client(1), address, at(0)).is_ok());
    }
    assert_eq!(declined, 3);
    assert_eq!(table.ledger.quarantine.len(), 3);
    table.ledger.forget_ended(at(600));
    assert_eq!(table.ledger.quarantine.len(), 0);
}

#[test]
fn a_registered_machine_that_declines_is_believed_before_strangers() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.50-10.77.0.57");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    for number in [1, 2] {
        let stranger = Acquaintance::Stranger;
        let address = table
            .propose(&client(number), None, stranger, at(0))
            .unwrap();
        table.declined(&client(number), address, at(0)).unwrap();
    }
    let registered = Acquaintance::Registered;
    let used = table.propose(&client(7), None, registered, at(1)).unwrap();
    table.declined(&client(7), used, at(1)).unwrap();
    let instead = table.propose(&client(7), None, registered, at(1)).unwrap();
    assert_ne!(instead, used);
    let stranger = Acquaintance::Stranger;
    let address = table.propose(&client(3), None, stranger, at(1)).unwrap();
    assert_eq!(
        table.declined(&client(3), address, at(1)),
        Err(DeclineIgnored::Full { limit: 2 })
    );
}

#[test]
fn who_is_registered_and_has_an_address_renews_while_strangers_have_all_of_theirs() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
    let registered = Acquaintance::Registered;
    let address = table.propose(&client(7), None, registered, at(0)).unwrap();
    table.committed(&lease(7, address, at(1000)));
    for number in 1..=3 {
        let stranger = Acquaintance::Stranger;
        let other = table
            .propose(&client(number), None, stranger, at(0))
            .unwrap();
        table.committed(&lease(number, other, at(1000)));
    }
    // Its system asks: nobody looks up who it is, since it has an address.
    let asks = table.propose(&client(7), None, Acquaintance::Stranger, at(1));
    assert_eq!(asks, Ok(address));
}

#[test]
fn an_address_is_counted_while_its_client_has_an_offer_whatever_became_of_its_lease() {
    let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.13");
    for gives_back in [true, false] {
        let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
        let stranger = Acquaintance::Stranger;
        let address = table.propose(&client(1), None, stranger, at(0)).unwrap();
        table.committed(&lease(1, address, at(10)));
        // It asks again, and holds the same address by an offer and a lease.
        table.propose(&client(1), None, stranger, at(1)).unwrap();
        if gives_back {
            table.released(&client(1), address, at(2));
        }
        let taken = (2..10).filter(|number| {
            let got = table.propose(&client(*number), None, stranger, at(10));
            got.is_ok_and(|address| {
                table.committed(&lease(*number, address, at(1000)));
                true
            })
        });
        assert_eq!(taken.count(), 2, "of four addresses one is kept");
        let registered = Acquaintance::Registered;
        let got = table.propose(&client(99), None, registered, at(10));
        assert!(got.is_ok(), "{got:?}");
    }
}
