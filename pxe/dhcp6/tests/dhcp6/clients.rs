//! Who asks: what packets say, and which are none of a client.

use machine_core::client_class::{ArchCode, VendorClass};
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::topology::Origin;
use pxe_dhcp6::ask::{Ask, ServerPort};
use pxe_dhcp6::claim::CardSource;
use pxe_dhcp6::client::{Arrival, BootClient};
use pxe_dhcp6::dropped::Dropped;
use pxe_dhcp6::load::{Load, NoLoader};
use pxe_dhcp6::message_kind::MessageKind;
use pxe_dhcp6::option::OptionCode;

use crate::scene::{arrival, client, ip, multicast, packet};

const CLIENT: (u16, &[u8]) = (1, &[0, 3, 0, 1, 0x52, 0x54, 0, 0x77, 0, 2]);
const SERVER: (u16, &[u8]) = (2, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
const ASSOCIATION: (u16, &[u8]) = (3, &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

fn message(kind: u8, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![kind, 1, 2, 3];
    for (code, value) in options {
        bytes.extend(code.to_be_bytes());
        bytes.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        bytes.extend(*value);
    }
    bytes
}

fn decoded(kind: u8, options: &[(u16, &[u8])], arrival: Arrival) -> Result<BootClient, Dropped> {
    BootClient::decode(&message(kind, options), arrival)
}

fn solicits(options: &[(u16, &[u8])]) -> BootClient {
    decoded(1, &[&[CLIENT], options].concat(), multicast()).unwrap()
}

#[test]
fn messages_that_no_server_may_answer_are_dropped() {
    use MessageKind as Kind;

    let (client, server, wanted) = (CLIENT, SERVER, ASSOCIATION);
    let short: (u16, &[u8]) = (1, &[0, 3]);
    let nobody = |kind| Dropped::NoClientId { kind };
    let nowhere = |kind| Dropped::NoServerId { kind };
    let misplaced = |kind| Dropped::Misplaced { kind };
    let nothing = |kind| Dropped::NoAddress { kind };
    let unexpected = |kind| Dropped::UnexpectedMessage { kind };
    for (kind, options, dropped) in [
        (1, &[][..], nobody(Kind::Solicit)),
        (1, &[short], nobody(Kind::Solicit)),
        (1, &[client, server], misplaced(Kind::Solicit)),
        (3, &[client, wanted], nowhere(Kind::Request)),
        (4, &[client], nothing(Kind::Confirm)),
        (5, &[client, wanted], nowhere(Kind::Renew)),
        (6, &[client, server, wanted], misplaced(Kind::Rebind)),
        (8, &[client, server], nothing(Kind::Release)),
        (9, &[client, wanted], nowhere(Kind::Decline)),
        (11, &[client, wanted], misplaced(Kind::InformationRequest)),
        (2, &[client, server], unexpected(Kind::Advertise)),
        (7, &[client, server], unexpected(Kind::Reply)),
        (13, &[client], unexpected(Kind::RelayReply)),
        (14, &[client], Dropped::NoKind { code: 14 }),
    ] {
        assert_eq!(decoded(kind, options, multicast()), Err(dropped), "{kind}");
        assert!(dropped.is_malformed() && !dropped.to_string().is_empty());
    }
    let who = decoded(11, &[], multicast()).unwrap();
    assert_eq!(
        (who.ask, who.duid),
        (Ask::Inform, None),
        "who asks for information may be nobody"
    );
}

#[test]
fn what_is_for_all_servers_is_not_taken_by_unicast() {
    let alone = Arrival {
        unicast: true,
        ..multicast()
    };
    for (kind, options, what) in [
        (1, &[CLIENT][..], MessageKind::Solicit),
        (4, &[CLIENT, ASSOCIATION], MessageKind::Confirm),
        (6, &[CLIENT, ASSOCIATION], MessageKind::Rebind),
        (11, &[CLIENT], MessageKind::InformationRequest),
    ] {
        let dropped = Dropped::Unicast { kind: what };
        assert_eq!(decoded(kind, options, alone), Err(dropped));
        assert!(decoded(kind, options, multicast()).is_ok());
    }
    // A relay writes to us alone as a rule.
    assert!(BootClient::decode(&packet("relayed-edk2-pxe-solicit"), alone).is_ok());
}

#[test]
fn the_boot_service_takes_a_request_and_nothing_else() {
    let to_4011 = Arrival {
        port: ServerPort::BootService,
        unicast: true,
        ..multicast()
    };
    let asked = |kind| decoded(kind, &[CLIENT], to_4011).map(|it| it.ask);
    assert_eq!(asked(3), Ok(Ask::BootService));
    let kind = MessageKind::Solicit;
    assert_eq!(asked(1), Err(Dropped::UnexpectedMessage { kind }));
}

#[test]
fn firmware_ipxe_and_systems_are_told_apart() {
    let pxe: (u16, &[u8]) = (16, b"\0\0\x01\x57\0\x20PXEClient:Arch:00007:UNDI:003001");
    let http: (u16, &[u8]) = (16, b"\0\0\x01\x57\0\x0aHTTPClient");
    let other: (u16, &[u8]) = (16, b"\0\0\0\x09\0\x05Cisco");
    let ipxe: (u16, &[u8]) = (15, b"\0\x04iPXE");
    let second: (u16, &[u8]) = (15, b"\0\x03lab\0\x04iPXE");
    let cut: (u16, &[u8]) = (16, b"\0\0\x01");
    let x64: (u16, &[u8]) = (61, &[0, 7]);
    let x64_http: (u16, &[u8]) = (61, &[0, 16]);
    let interface: (u16, &[u8]) = (62, &[1, 3, 1]);
    let loader = Load::Loader(Arch::X86_64, Firmware::Uefi);
    let none = Load::Nothing(NoLoader::NoArchitecture);
    let ia32 = Load::Nothing(NoLoader::Architecture(ArchCode(6)));
    for (options, class, (is_http, boots), load) in [
        (&[pxe, x64][..], VendorClass::Pxe, (false, true), loader),
        (&[http, x64_http], VendorClass::Http, (true, true), loader),
        (
            &[http, x64_http, ipxe],
            VendorClass::Http,
            (false, true),
            Load::Script,
        ),
        (&[x64_http], VendorClass::None, (true, true), loader),
        (
            &[pxe, x64, ipxe],
            VendorClass::Pxe,
            (false, true),
            Load::Script,
        ),
        (
            &[pxe, x64, second],
            VendorClass::Pxe,
            (false, true),
            Load::Script,
        ),
        (&[other, pxe, x64], VendorClass::Pxe, (false, true), loader),
        // The class says it where option 61 does not, beside an interface only.
        (&[pxe, interface], VendorClass::Pxe, (false, true), loader),
        (&[pxe], VendorClass::Pxe, (false, true), none),
        (&[pxe, (61, &[0, 6])], VendorClass::Pxe, (false, true), ia32),
        // Of several codes, the first that is booted.
        (
            &[pxe, (61, &[0, 6, 0, 7])],
            VendorClass::Pxe,
            (false, true),
            loader,
        ),
        (
            &[other, cut, x64],
            VendorClass::None,
            (false, false),
            loader,
        ),
        (&[], VendorClass::None, (false, false), none),
    ] {
        let client = solicits(options);
        assert_eq!(client.vendor_class, class, "{options:?}");
        assert_eq!(
            (client.is_http(), client.boots()),
            (is_http, boots),
            "{options:?}"
        );
        assert_eq!(client.load(), load, "{options:?}");
    }
}

#[test]
fn of_several_cards_the_one_that_is_known_best_counts() {
    let mac = |last| MacAddress::new([0x52, 0x54, 0, 0x77, 0, last]);
    let best = |client: &BootClient, seen| {
        let claim = client.card(seen).unwrap();
        (claim.source, claim.card)
    };
    // Link-local of ..:01, a DUID of ..:02.
    let here = solicits(&[]);
    assert_eq!(best(&here, None), (CardSource::LinkLocal, mac(1)));
    assert_eq!(best(&here, Some(mac(3))), (CardSource::Neighbour, mac(3)));
    let behind = client("relayed-edk2-pxe-solicit");
    assert_eq!(best(&behind, Some(mac(3))), (CardSource::Relay, mac(1)));
    let private = Arrival {
        source: "[fe80::a1b2]:546".parse().unwrap(),
        ..multicast()
    };
    let system = decoded(1, &[CLIENT], private).unwrap();
    assert_eq!(best(&system, None), (CardSource::Duid, mac(2)));
}

#[test]
fn a_question_is_asked_where_the_relay_nearest_to_it_says() {
    let relayed = |links: &[&str]| {
        let inner = packet("edk2-pxe-solicit");
        let bytes = links
            .iter()
            .rev()
            .enumerate()
            .fold(inner, |inner, (hops, link)| {
                let mut bytes = vec![12, u8::try_from(hops).unwrap()];
                bytes.extend(crate::scene::v6(link).octets());
                bytes.extend(crate::scene::v6("fe80::9").octets());
                bytes.extend([0, 9]);
                bytes.extend(u16::try_from(inner.len()).unwrap().to_be_bytes());
                [bytes, inner].concat()
            });
        BootClient::decode(&bytes, arrival("relayed"))
            .unwrap()
            .origin()
    };
    let behind = |link| Origin::Relay {
        relay: ip(link),
        selected: None,
    };
    let here = Origin::Link { selected: None };
    // From the one that wrote to us to the one beside the client.
    assert_eq!(client("edk2-pxe-solicit").origin(), here);
    assert_eq!(relayed(&["fd78::1"]), behind("fd78::1"));
    assert_eq!(relayed(&["fd78::1", "fd79::1"]), behind("fd79::1"));
    assert_eq!(relayed(&["fd78::1", "::"]), behind("fd78::1"));
    assert_eq!(relayed(&["::", "::"]), here, "switches of our own link");
}

#[test]
fn what_is_only_recorded_is_read_or_left_out() {
    let client = client("edk2-pxe-request");
    assert_eq!((client.elapsed, client.interface), (12, Some([1, 3, 1])));
    let codes = [59, 60, 23, 16].map(OptionCode);
    assert_eq!(client.requested, codes);
    let odd = solicits(&[(8, &[1]), (62, &[1, 2]), (6, &[0, 59, 0])]);
    assert_eq!((odd.elapsed, odd.interface), (0, None));
    assert_eq!(odd.requested, [OptionCode(59)]);
    let many = [0, 23].repeat(1000);
    assert_eq!(solicits(&[(6, &many)]).requested.len(), 64);
}
