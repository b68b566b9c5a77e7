//! Which machine a client may be: cards and UUIDs that a packet speaks of, each with its source.
//!
//! The ROM, iPXE and the system of one machine have different DUIDs: none of them names a machine.
//! So a packet is read for what all of them share, the card and the board. All of it is a claim by
//! whoever is on the wire; the source says how far it goes.

use std::fmt;
use std::net::Ipv6Addr;

use machine_core::duid::Duid;
use machine_core::hardware::{MacAddress, SystemUuid};

/// The number of Ethernet where link-layer addresses have a type (IANA "Hardware Types").
const ETHERNET: [u8; 2] = [0, 1];

/// From where a card is known. The first goes furthest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CardSource {
    /// The relay beside the client saw frames of it (RFC 6939).
    Relay,
    /// The neighbour table of this host has it for the client's address.
    Neighbour,
    /// The client's link-local address is made of it (RFC 4291, appendix A). EDK2 (`Ip6Common.c`) and
    /// iPXE (`ipv6_eui64`) make theirs so; systems often do not.
    LinkLocal,
    /// It is in the DUID (RFC 8415 §11.2, §11.4): perhaps another card of the same machine, or one
    /// that it had once.
    Duid,
}

impl fmt::Display for CardSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Relay => "its relay (option 79)",
            Self::Neighbour => "the neighbour table",
            Self::LinkLocal => "its link-local address",
            Self::Duid => "its DUID",
        })
    }
}

/// A card that a client seems to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardClaim {
    /// From where it is known.
    pub source: CardSource,
    /// Which.
    pub card: MacAddress,
}

/// In which byte order a client puts its UUID into its DUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UuidOrder {
    /// As it is printed, as RFC 6355 §4 wants it. iPXE does (`dhcpv6.c`).
    Printed,
    /// As it is in memory, the first three fields swapped. EDK2 does (`Dhcp6Utility.c`, observed from
    /// OVMF).
    Swapped,
}

/// The card in a DUID of a link-layer address, with a time (type 1) or without (type 3).
pub fn card_of(duid: &Duid) -> Option<MacAddress> {
    match duid.as_bytes() {
        [0, 1, rest @ ..] => {
            let (kind, rest) = rest.split_at_checked(2)?;
            let (_time, address) = rest.split_at_checked(4)?;
            card(kind, address)
        }
        [0, 3, rest @ ..] => typed_card(rest),
        _ => None,
    }
}

/// A link-layer address with its type before it, if it is a card's.
pub(crate) fn typed_card(value: &[u8]) -> Option<MacAddress> {
    let (kind, address) = value.split_at_checked(2)?;
    card(kind, address)
}

fn card(kind: &[u8], address: &[u8]) -> Option<MacAddress> {
    let octets = address.try_into().ok()?;
    let mac = MacAddress::new(octets);
    (kind == ETHERNET && mac.is_of_a_card()).then_some(mac)
}

/// The UUID in a DUID of one (type 4, RFC 6355), if it can identify a board.
pub fn uuid_of(duid: &Duid, order: UuidOrder) -> Option<SystemUuid> {
    let [0, 4, raw @ ..] = duid.as_bytes() else {
        return None;
    };
    let raw: [u8; 16] = raw.try_into().ok()?;
    let uuid = match order {
        UuidOrder::Printed => SystemUuid::from_bytes(raw),
        UuidOrder::Swapped => SystemUuid::from_mixed_endian(raw),
    };
    Some(uuid).filter(SystemUuid::is_usable)
}

/// The card that a link-local address is made of: its universal bit inverted, `ff:fe` in the middle
/// (RFC 4291, appendix A).
pub fn card_in(address: Ipv6Addr) -> Option<MacAddress> {
    match address.octets() {
        [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a, b, c, 0xff, 0xfe, d, e, f] => {
            let mac = MacAddress::new([a ^ 2, b, c, d, e, f]);
            mac.is_of_a_card().then_some(mac)
        }
        _ => None,
    }
}

/// The DUID that Drover makes of a card of its host: it needs no record to stay the same. It is one
/// with a time (type 1, RFC 8415 §11.2), which is always this one: others make theirs of the card
/// alone (dnsmasq does), and a server on the same host must not take our clients for its own.
pub fn duid_of(card: MacAddress) -> Option<Duid> {
    const TIME: [u8; 4] = *b"Drvr";
    Duid::new(&[&[0, 1][..], &ETHERNET, &TIME, &card.octets()].concat()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);

    fn duid(text: &str) -> Duid {
        text.parse().unwrap()
    }

    #[test]
    fn cards_in_duids() {
        for (text, card) in [
            ("00:03:00:01:52:54:00:77:00:01", Some(CARD)),
            ("00:01:00:01:2a:bb:cc:dd:52:54:00:77:00:01", Some(CARD)),
            // InfiniBand, a group, nobody's, one byte too many or too few, an enterprise's.
            ("00:03:00:20:52:54:00:77:00:01", None),
            ("00:03:00:01:53:54:00:77:00:01", None),
            ("00:03:00:01:00:00:00:00:00:00", None),
            ("00:01:00:01:2a:bb:cc:dd:52:54:00:77:00:01:00", None),
            ("00:01:00:01:2a:bb:cc:dd:52:54:00:77:00", None),
            ("00:03:00", None),
            ("00:02:00:00:01:57:52:54:00:77:00:01", None),
        ] {
            assert_eq!(card_of(&duid(text)), card, "{text}");
        }
    }

    #[test]
    fn our_own_duid_stays_the_same_and_is_no_other_servers() {
        let ours = duid_of(CARD).unwrap();
        assert_eq!(duid_of(CARD).as_ref(), Some(&ours));
        assert_eq!(card_of(&ours), Some(CARD));
        assert_ne!(
            ours,
            duid("00:03:00:01:52:54:00:77:00:01"),
            "dnsmasq on the same host"
        );
    }

    #[test]
    fn the_uuid_of_one_board_is_the_same_from_its_firmware_and_from_ipxe() {
        // Observed from one virtual machine: OVMF, then iPXE on it.
        let firmware = duid("00:04:44:45:4c:4c:00:00:00:40:80:00:00:00:00:00:00:01");
        let ipxe = duid("00:04:4c:4c:45:44:00:00:40:00:80:00:00:00:00:00:00:01");
        let board = "4c4c4544-0000-4000-8000-000000000001".parse().ok();
        assert_eq!(uuid_of(&firmware, UuidOrder::Swapped), board);
        assert_eq!(uuid_of(&ipxe, UuidOrder::Printed), board);
    }

    #[test]
    fn fillers_identify_no_board() {
        let zeros = vec!["00"; 16].join(":");
        for text in [
            &format!("00:04:{zeros}"),
            "00:04:4c:4c",
            &format!("00:04:{zeros}:01"),
        ] {
            for order in [UuidOrder::Printed, UuidOrder::Swapped] {
                assert_eq!(uuid_of(&duid(text), order), None, "{text}");
            }
        }
    }

    #[test]
    fn cards_in_link_local_addresses() {
        let card = |text: &str| card_in(text.parse().unwrap());
        assert_eq!(card("fe80::5054:ff:fe77:1"), Some(CARD));
        for text in [
            "fd77::5054:ff:fe77:1",
            "fe80::5054:ff:ee77:1",
            "fe80::1",
            "fe80:1::5054:ff:fe77:1",
        ] {
            assert_eq!(card(text), None, "{text}");
        }
    }
}
