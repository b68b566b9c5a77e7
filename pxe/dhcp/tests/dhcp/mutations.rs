//! Whatever the network sends: no panic, and no reply that a client could not read.

use proptest::collection::vec;
use proptest::prelude::*;
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::packet::{MAXIMUM_LIMIT, Packet};
use pxe_dhcp::reply::{self, BootInstruction, ProxySchool};
use pxe_dhcp::route::{Destination, Route};
use pxe_dhcp::verdict::Refusal;

use crate::captures;
use crate::scene::{answer, authoritative, ip, loader, proxy, script, source};

/// How bytes come to grief.
#[derive(Debug, Clone)]
enum Mutation {
    Set {
        at: prop::sample::Index,
        byte: u8,
    },
    Cut {
        at: prop::sample::Index,
    },
    Insert {
        at: prop::sample::Index,
        bytes: Vec<u8>,
    },
    Repeat {
        from: prop::sample::Index,
        length: usize,
    },
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Set { at, byte } => *at.get_mut(bytes) = *byte,
            Self::Cut { at } => bytes.truncate(at.index(bytes.len())),
            Self::Insert { at, bytes: more } => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
            }
            Self::Repeat { from, length } => {
                let from = from.index(bytes.len());
                let end = (from + length).min(bytes.len());
                bytes.extend_from_within(from..end);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        6 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(at, byte)| Mutation::Set { at, byte }),
        1 => any::<prop::sample::Index>().prop_map(|at| Mutation::Cut { at }),
        2 => (any::<prop::sample::Index>(), vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Mutation::Insert { at, bytes }),
        1 => (any::<prop::sample::Index>(), 1..80_usize)
            .prop_map(|(from, length)| Mutation::Repeat { from, length }),
    ]
}

fn arrivals() -> [Arrival; 3] {
    let arrival = |port, from, unicast| Arrival {
        port,
        source: source(from),
        unicast,
    };
    [
        arrival(ServerPort::Dhcp, "0.0.0.0:68", false),
        arrival(ServerPort::Dhcp, "10.77.0.60:68", true),
        arrival(ServerPort::BootService, "10.77.0.60:4011", true),
    ]
}

/// Everything that a packet can lead to.
fn exercise(bytes: &[u8]) {
    let Ok(packet) = Packet::decode(bytes) else {
        return;
    };
    for arrival in arrivals() {
        let Ok(client) = BootClient::from_packet(&packet, arrival) else {
            continue;
        };
        for subnet in [authoritative(), proxy()] {
            for boot in [loader("ipxe.efi"), script(), BootInstruction::NoBoot] {
                for school in [ProxySchool::Binl, ProxySchool::DiscoveryControl] {
                    if let Ok(reply) = answer(&subnet, &client, &boot, school) {
                        check(&reply, &client);
                    }
                }
            }
            let refusal = Refusal::Taken {
                address: ip("10.77.0.60"),
            };
            check(&reply::refuse(&client, &subnet, &refusal).unwrap(), &client);
        }
    }
}

fn check(reply: &reply::Reply, client: &BootClient) {
    let encoded = reply.encode();
    assert!((300..=MAXIMUM_LIMIT).contains(&encoded.bytes.len()));
    let read = Packet::decode(&encoded.bytes).unwrap();
    assert_eq!(read.xid, client.header.xid);
    if let Route {
        destination: Destination::Client(address),
        ..
    } = reply.route
    {
        assert!(authoritative().network.contains(address.into()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_packets(which in 0..10_usize, mutations in vec(mutation(), 1..12)) {
        let mut bytes = captures::all()[which].1.bytes();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        exercise(&bytes);
    }

    #[test]
    fn mutated_options(which in 0..10_usize, mutations in vec(mutation(), 1..12)) {
        let bytes = captures::all()[which].1.bytes();
        let (header, options) = bytes.split_at(240);
        let mut options = options.to_vec();
        for mutation in &mutations {
            mutation.apply(&mut options);
        }
        exercise(&[header, &options].concat());
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..1500)) {
        exercise(&bytes);
    }
}
