//! Whatever happens, in whatever order: no address has two live clients, and none is lost.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use proptest::prelude::*;

use super::{at, client, ip, lease, subnet};
use crate::acquaintance::Acquaintance;
use crate::limits::Limits;
use crate::table::LeaseTable;
use machine_core::time::Timestamp;
use std::net::IpAddr;

/// Something that happens to a table. Numbers are clients and last octets.
#[derive(Debug, Clone)]
enum Event {
    Discover {
        client: u32,
        wanted: Option<u8>,
        registered: bool,
    },
    Request {
        client: u32,
        address: u8,
        seconds: i64,
    },
    TakeOffer {
        client: u32,
        seconds: i64,
    },
    Release {
        client: u32,
        address: u8,
    },
    Decline {
        client: u32,
        address: u8,
    },
    Withdraw {
        client: u32,
    },
    Reserve {
        client: u32,
        address: u8,
    },
    Probe {
        address: u8,
    },
    Wait {
        seconds: i64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let client = 0..12_u32;
    let octet = 8..20_u8;
    prop_oneof![
        4 => (client.clone(), proptest::option::of(octet.clone()), any::<bool>())
            .prop_map(|(client, wanted, registered)| Event::Discover { client, wanted, registered }),
        3 => (client.clone(), octet.clone(), 1..200_i64)
            .prop_map(|(client, address, seconds)| Event::Request { client, address, seconds }),
        4 => (client.clone(), 1..200_i64)
            .prop_map(|(client, seconds)| Event::TakeOffer { client, seconds }),
        1 => (client.clone(), octet.clone())
            .prop_map(|(client, address)| Event::Release { client, address }),
        1 => (client.clone(), octet.clone())
            .prop_map(|(client, address)| Event::Decline { client, address }),
        1 => client.clone().prop_map(|client| Event::Withdraw { client }),
        1 => (client, octet.clone()).prop_map(|(client, address)| Event::Reserve { client, address }),
        1 => octet.prop_map(|address| Event::Probe { address }),
        3 => (0..100_i64).prop_map(|seconds| Event::Wait { seconds }),
    ]
}

/// What the clients believe, against what the table does.
struct World {
    table: LeaseTable,
    now: Timestamp,
    /// Every lease that was acknowledged and not given up: client → address, end.
    believed: BTreeMap<u32, (IpAddr, Timestamp)>,
    offered: BTreeMap<u32, IpAddr>,
}

impl World {
    fn new() -> Self {
        let subnet = subnet("10.77.0.0/24", "10.77.0.10-10.77.0.17");
        let limits = Limits {
            offers_to_strangers: 5,
            kept_one_in: 4,
            quarantined: 3,
            ..Limits::of(&subnet)
        };
        let quarantine = Duration::from_mins(5);
        Self {
            table: LeaseTable::new(
                &subnet,
                Limits {
                    quarantine,
                    ..limits
                },
            ),
            now: at(0),
            believed: BTreeMap::new(),
            offered: BTreeMap::new(),
        }
    }

    fn address(octet: u8) -> IpAddr {
        Ipv4Addr::new(10, 77, 0, octet).into()
    }

    fn acknowledge(&mut self, number: u32, address: IpAddr, seconds: i64) {
        let stranger = Acquaintance::Stranger;
        let held = self
            .table
            .hold(&client(number), address, stranger, self.now);
        if held.is_ok() {
            let until = self.now.plus(Duration::from_secs(seconds.unsigned_abs()));
            self.table.committed(&lease(number, address, until));
            self.believed.insert(number, (address, until));
            self.offered.remove(&number);
        }
    }

    fn discover(&mut self, number: u32, wanted: Option<u8>, registered: bool) {
        let acquaintance = if registered {
            Acquaintance::Registered
        } else {
            Acquaintance::Stranger
        };
        let wanted = wanted.map(Self::address);
        let proposed = self
            .table
            .propose(&client(number), wanted, acquaintance, self.now);
        if let Ok(address) = proposed {
            self.offered.insert(number, address);
            self.check_offer(number, address);
        }
    }

    fn decline(&mut self, number: u32, address: IpAddr) {
        let is_taken = self.table.declined(&client(number), address, self.now);
        let lives_there = |(held, _): &(IpAddr, Timestamp)| *held == address;
        if is_taken.is_ok() && self.believed.get(&number).is_some_and(lives_there) {
            self.believed.remove(&number);
        }
    }

    fn apply(&mut self, event: &Event) {
        let now = self.now;
        match *event {
            Event::Discover {
                client,
                wanted,
                registered,
            } => self.discover(client, wanted, registered),
            Event::Request {
                client,
                address,
                seconds,
            } => {
                self.acknowledge(client, Self::address(address), seconds);
            }
            Event::TakeOffer { client, seconds } => {
                if let Some(address) = self.offered.get(&client).copied() {
                    self.acknowledge(client, address, seconds);
                }
            }
            Event::Release {
                client: number,
                address,
            } => {
                if self
                    .table
                    .released(&client(number), Self::address(address), now)
                {
                    self.believed.remove(&number);
                }
            }
            Event::Decline { client, address } => self.decline(client, Self::address(address)),
            Event::Withdraw { client: number } => self.table.withdrawn(&client(number)),
            Event::Reserve {
                client: number,
                address,
            } => {
                let _ = self.table.reserve(&client(number), Self::address(address));
            }
            Event::Probe { address } => {
                let stranger = client(u32::MAX);
                for number in self.offered.keys() {
                    let _ = self.table.occupied(
                        &client(*number),
                        Self::address(address),
                        &stranger,
                        now,
                    );
                }
            }
            Event::Wait { seconds } => {
                self.now = now.plus(Duration::from_secs(seconds.unsigned_abs()));
            }
        }
    }

    /// An offer is never of an address that another client lives on.
    fn check_offer(&self, number: u32, address: IpAddr) {
        for (other, (held, until)) in &self.believed {
            assert!(
                *other == number || *held != address || *until <= self.now,
                "{address}"
            );
        }
    }

    /// I1: no address is bound to two live clients.
    fn check(&self) {
        let mut holders = BTreeMap::new();
        for (number, (address, until)) in &self.believed {
            if *until > self.now {
                let other = holders.insert(address, number);
                assert_eq!(other, None, "{address} is also {number}'s");
            }
        }
    }

    /// However they go about it, strangers have no more than their share.
    fn check_share(&mut self) {
        let ledger = &mut self.table.ledger;
        ledger.forget_ended(self.now);
        assert!(ledger.strangers.addresses() <= 6);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_address_has_two_live_clients(events in proptest::collection::vec(event(), 1..120)) {
        let mut world = World::new();
        for event in &events {
            world.apply(event);
            world.check();
            world.check_share();
        }
    }

    /// Whatever happened, when all has ended the whole pool can be given out again.
    #[test]
    fn no_address_is_lost(events in proptest::collection::vec(event(), 1..120)) {
        let mut world = World::new();
        for event in &events {
            world.apply(event);
        }
        let later = world.now.plus(Duration::from_hours(1));
        let reserved = world.table.ledger.reserved_for.keys();
        let in_pool = reserved.filter(|it| (ip("10.77.0.10")..=ip("10.77.0.17")).contains(*it));
        let expected = 8 - in_pool.count();
        let given = (100..200)
            .filter(|number| {
                world.table.propose(&client(*number), None, Acquaintance::Registered, later).is_ok()
            })
            .count();
        prop_assert_eq!(given, expected);
    }
}
