//! No address is held by two clients, whatever they ask, in whatever order: packets in, a lease table
//! behind them, replies out as a client reads them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use dhcproto::v6::{self, DhcpOption, DhcpOptions, IAAddr, IANA};
use dhcproto::{Decodable as _, Decoder, Encodable as _};
use machine_core::network::{DhcpMode, Lease, Subnet};
use machine_core::standing::Standing;
use machine_core::time::Timestamp;
use proptest::prelude::*;
use pxe_dhcp6::ask::Ask;
use pxe_dhcp6::association::Association;
use pxe_dhcp6::client::BootClient;
use pxe_dhcp6::outcome::{Answered, Outcome};
use pxe_dhcp6::reply::{BootInstruction, Exchange, Reply};
use pxe_dhcp6::verdict::{Verdict, judge};
use pxe_lease::acquaintance::Acquaintance;
use pxe_lease::limits::Limits;
use pxe_lease::table::LeaseTable;

use crate::scene::{multicast, server, stateful};

/// Few addresses for many associations, so that they meet.
fn subnet() -> Subnet {
    Subnet {
        mode: DhcpMode::Authoritative {
            ranges: vec!["fd77::50-fd77::54".parse().unwrap()],
        },
        lease_time: Duration::from_secs(100),
        ..stateful()
    }
}

/// Something that an association (its client's number and its own) does, about an address of this
/// last number where it has none.
#[derive(Debug, Clone, Copy)]
struct Event {
    who: (u8, u8),
    kind: v6::MessageType,
    rapid_commit: bool,
    stray: u16,
    later: i64,
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        4 => Just(v6::MessageType::Solicit),
        5 => Just(v6::MessageType::Request),
        2 => Just(v6::MessageType::Renew),
        2 => Just(v6::MessageType::Rebind),
        1 => Just(v6::MessageType::Release),
        1 => Just(v6::MessageType::Decline),
    ];
    let who = (0..5_u8, 0..2_u8);
    (who, kind, any::<bool>(), 0x4f..0x56_u16, 0..40_i64).prop_map(
        |(who, kind, rapid_commit, stray, later)| Event {
            who,
            kind,
            rapid_commit,
            stray,
            later,
        },
    )
}

struct World {
    subnet: Subnet,
    table: LeaseTable,
    now: Timestamp,
    offered: BTreeMap<(u8, u8), Ipv6Addr>,
    /// What clients believe to have, and until when.
    held: BTreeMap<(u8, u8), (Ipv6Addr, Timestamp)>,
    granted: usize,
}

impl World {
    fn new() -> Self {
        let subnet = subnet();
        let table = LeaseTable::new(&subnet, Limits::of(&subnet));
        Self {
            subnet,
            table,
            now: Timestamp::from_millis(0),
            offered: BTreeMap::new(),
            held: BTreeMap::new(),
            granted: 0,
        }
    }

    /// The packet that a client sends.
    fn packet(&self, event: Event) -> Vec<u8> {
        let (client, iaid) = event.who;
        let mut message = v6::Message::new_with_id(event.kind, [0, client, iaid]);
        let own = self.held.get(&event.who).map(|it| it.0);
        let own = own.or_else(|| self.offered.get(&event.who).copied());
        let stray = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, event.stray);
        let address = IAAddr {
            addr: own.unwrap_or(stray),
            preferred_life: 0,
            valid_life: 0,
            opts: DhcpOptions::new(),
        };
        let options = message.opts_mut();
        options.insert(DhcpOption::ClientId(vec![0, 2, 0, 0, 0, 9, client]));
        options.insert(DhcpOption::IANA(IANA {
            id: iaid.into(),
            t1: 0,
            t2: 0,
            opts: [DhcpOption::IAAddr(address)].into_iter().collect(),
        }));
        match event.kind {
            v6::MessageType::Solicit if event.rapid_commit => {
                options.insert(DhcpOption::RapidCommit);
            }
            v6::MessageType::Solicit | v6::MessageType::Rebind => {}
            _ => options.insert(DhcpOption::ServerId(server().as_bytes().to_vec())),
        }
        message.to_vec().unwrap()
    }

    fn happen(&mut self, event: Event) {
        self.now = self
            .now
            .plus(Duration::from_secs(event.later.unsigned_abs()));
        let bytes = self.packet(event);
        // Who gives up an address stops using it before it says so (RFC 8415 §18.2.7).
        if matches!(
            event.kind,
            v6::MessageType::Release | v6::MessageType::Decline
        ) {
            self.held.remove(&event.who);
            self.offered.remove(&event.who);
        }
        let reply = self.serve(&bytes);
        self.heard(event.who, &reply);
        self.check();
    }

    /// What whoever has the socket does.
    fn serve(&mut self, bytes: &[u8]) -> Reply {
        let client = BootClient::decode(bytes, multicast()).unwrap();
        let associations = client.associations.clone();
        let answered = associations.iter().filter_map(|it| {
            let outcome = self.outcome(&client, it)?;
            let iaid = it.iaid;
            Some(Answered { iaid, outcome })
        });
        let answered: Vec<Answered> = answered.collect();
        let exchange = Exchange {
            server: &server(),
            subnet: &self.subnet,
            client: &client,
            answer: &BootInstruction::NoBoot,
        };
        exchange.reply(&answered).unwrap()
    }

    fn outcome(&mut self, client: &BootClient, association: &Association) -> Option<Outcome> {
        let key = client.key(association).unwrap();
        let (address, now) = (association.address(), self.now);
        let asked = address.map(IpAddr::V6);
        let registered = Acquaintance::Registered;
        let standing = asked.map_or(Standing::NotLeased, |it| self.table.standing(&key, it, now));
        let got = match judge(client.ask, address, self.subnet.network, standing) {
            Verdict::Grant(address) => {
                let held = self.table.hold(&key, address.into(), registered, now);
                held.map(|()| address).ok()
            }
            Verdict::Propose => {
                let proposed = self.table.propose(&key, asked, registered, now).ok();
                proposed.and_then(|it| match it {
                    IpAddr::V6(address) => Some(address),
                    IpAddr::V4(_) => None,
                })
            }
            Verdict::Withdraw(address) => return Some(Outcome::Withdrawn(address)),
            Verdict::NoBinding => return Some(Outcome::NoBinding),
            Verdict::NotOnLink => return Some(Outcome::NotOnLink),
            Verdict::Nothing => {
                let asked = asked?;
                let _ = match client.ask {
                    Ask::Decline => self.table.declined(&key, asked, now).is_ok(),
                    _ => self.table.released(&key, asked, now),
                };
                return None;
            }
        };
        let Some(address) = got else {
            return Some(Outcome::NoAddress);
        };
        let lifetime = self.subnet.lease_time;
        if !client.ask.is_offered() {
            self.table.committed(&Lease {
                subnet: self.subnet.name.clone(),
                client: key,
                address: address.into(),
                client_identifier: None,
                granted: now,
                expires: now.plus(lifetime),
            });
        }
        Some(Outcome::Leased { address, lifetime })
    }

    /// What the client makes of a reply.
    fn heard(&mut self, who: (u8, u8), reply: &Reply) {
        let message = v6::Message::decode(&mut Decoder::new(&reply.bytes)).unwrap();
        let Some(DhcpOption::IANA(association)) = message.opts().get(v6::OptionCode::IANA) else {
            return;
        };
        assert_eq!(association.id, u32::from(who.1));
        let Some(DhcpOption::IAAddr(address)) = association.opts.get(v6::OptionCode::IAAddr) else {
            return;
        };
        if message.msg_type() == v6::MessageType::Advertise {
            self.offered.insert(who, address.addr);
        } else if address.valid_life == 0 {
            self.held.remove(&who);
        } else {
            let lifetime = Duration::from_secs(address.valid_life.into());
            self.held
                .insert(who, (address.addr, self.now.plus(lifetime)));
            self.granted += 1;
        }
    }

    fn check(&self) {
        let mut holders = BTreeMap::new();
        for (who, (address, until)) in &self.held {
            if *until > self.now {
                let before = holders.insert(address, who);
                assert_eq!(before, None, "{address} is {who:?}'s, too");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_address_has_two_clients(events in proptest::collection::vec(event(), 1..80)) {
        let mut world = World::new();
        for event in events {
            world.happen(event);
        }
    }
}

#[test]
fn two_messages_or_four_lead_to_a_lease() {
    let event = |kind, rapid_commit| Event {
        who: (1, 1),
        kind,
        rapid_commit,
        stray: 0x52,
        later: 0,
    };
    let mut world = World::new();
    world.happen(event(v6::MessageType::Solicit, false));
    assert_eq!((world.offered.len(), world.granted), (1, 0));
    world.happen(event(v6::MessageType::Request, false));
    assert_eq!(world.granted, 1);
    world.happen(event(v6::MessageType::Renew, false));
    assert_eq!(world.granted, 2);
    let mut world = World::new();
    world.happen(event(v6::MessageType::Solicit, true));
    assert_eq!((world.offered.len(), world.granted), (0, 1));
}
