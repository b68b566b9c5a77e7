//! Whatever the network sends: no panic, no stack and no memory without bound, and no reply that a
//! client could not read.

use dhcproto::{Decodable as _, Decoder, v6};
use proptest::collection::vec;
use proptest::prelude::*;
use pxe_dhcp6::association::MOST_ASSOCIATIONS;
use pxe_dhcp6::client::{Arrival, BootClient};
use pxe_dhcp6::message_kind::MessageKind;
use pxe_dhcp6::reply::{BootInstruction, Reply};
use pxe_dhcp6::route::Destination;
use pxe_dhcp6::router_solicitation::RouterSolicitation;

use crate::scene::{
    PACKETS, answer, arrival, instruction, multicast, packet, script, stateful, stateless, v6 as ip,
};

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
    [
        multicast(),
        arrival("relayed"),
        arrival("edk2-pxe-boot-service"),
    ]
}

/// Everything that a packet can lead to.
fn exercise(bytes: &[u8]) {
    let _ = RouterSolicitation::decode(bytes, ip("fe80::1"), 255);
    for arrival in arrivals() {
        let Ok(client) = BootClient::decode(bytes, arrival) else {
            continue;
        };
        assert!(client.associations.len() <= MOST_ASSOCIATIONS);
        let _ = (client.origin(), client.card(None), client.load());
        for subnet in [stateful(), stateless()] {
            for boot in [instruction(&client), script(), BootInstruction::NoBoot] {
                if let Ok(reply) = answer(&subnet, &client, &boot) {
                    check(&reply, &client);
                }
            }
        }
    }
}

/// dhcproto reads the whole reply, and finds the client and its transaction in it.
fn check(reply: &Reply, client: &BootClient) {
    let mut decoder = Decoder::new(&reply.bytes);
    if matches!(reply.route.destination, Destination::Client(_)) {
        let message = v6::Message::decode(&mut decoder).unwrap();
        assert!(reply.bytes.len() <= 1232);
        return check_message(message.msg_type(), message.xid(), message.opts(), client);
    }
    let mut relay = v6::RelayMessage::decode(&mut decoder).unwrap();
    for known in &client.relays {
        assert_eq!(relay.hop_count(), known.hop_count);
        assert_eq!(relay.peer_addr(), known.peer_address);
        let carried = relay.opts().get(v6::OptionCode::RelayMsg).cloned();
        assert!(
            matches!(carried, Some(v6::DhcpOption::RelayMsg(_))),
            "{carried:?}"
        );
        if let Some(v6::DhcpOption::RelayMsg(inner)) = carried {
            relay = inner;
        }
    }
}

fn check_message(
    kind: v6::MessageType,
    transaction: [u8; 3],
    options: &v6::DhcpOptions,
    client: &BootClient,
) {
    assert!(matches!(
        kind,
        v6::MessageType::Advertise | v6::MessageType::Reply
    ));
    assert_eq!(transaction, client.transaction);
    let expected = client.duid.as_ref().map(|it| it.as_bytes().to_vec());
    let expected = expected.map(v6::DhcpOption::ClientId);
    assert_eq!(options.get(v6::OptionCode::ClientId), expected.as_ref());
    assert!(options.get(v6::OptionCode::ServerId).is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_packets(which in 0..PACKETS.len(), mutations in vec(mutation(), 1..12)) {
        let mut bytes = packet(PACKETS[which].name);
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        exercise(&bytes);
    }

    #[test]
    fn mutated_options(which in 0..PACKETS.len(), mutations in vec(mutation(), 1..12)) {
        let bytes = packet(PACKETS[which].name);
        let (header, options) = bytes.split_at(4);
        let mut options = options.to_vec();
        for mutation in &mutations {
            mutation.apply(&mut options);
        }
        exercise(&[header, &options].concat());
    }

    #[test]
    fn any_bytes(kind in 0..15_u8, bytes in vec(any::<u8>(), 0..1500)) {
        exercise(&bytes);
        exercise(&[&[kind], &bytes[..]].concat());
    }
}

/// Options of this code in each other, as many as a packet holds.
fn nested(code: u16, header: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    while bytes.len() + header + 4 < 65_000 {
        let length = u16::try_from(header + bytes.len()).unwrap();
        let start = [code.to_be_bytes(), length.to_be_bytes()].concat();
        bytes = [start, vec![0; header], bytes].concat();
    }
    bytes
}

#[test]
fn associations_in_associations_cost_no_stack() {
    // dhcproto 0.15 ends the process at this packet: it reads the options in options by recursion.
    let identifier = [0, 1, 0, 4, 0, 3, 0, 1];
    let bytes = [
        &[MessageKind::Solicit.code(), 0, 0, 0][..],
        &identifier,
        &nested(3, 12),
    ]
    .concat();
    let client = BootClient::decode(&bytes, multicast()).unwrap();
    assert_eq!(client.associations.len(), 1);
    exercise(&bytes);
}

#[test]
fn a_packet_of_nothing_but_associations_is_answered_for_a_few() {
    let identifier = [0, 1, 0, 4, 0, 3, 0, 1];
    let associations = (0..4000_u32).flat_map(|iaid| {
        let iaid = iaid.to_be_bytes();
        [&[0, 3, 0, 12][..], &iaid, &[0; 8]].concat()
    });
    let header = [MessageKind::Solicit.code(), 0, 0, 0];
    let bytes = [header.to_vec(), identifier.to_vec(), associations.collect()].concat();
    let client = BootClient::decode(&bytes, multicast()).unwrap();
    assert_eq!(client.associations.len(), MOST_ASSOCIATIONS);
    exercise(&bytes);
}
