//! A second opinion: what we write, dhcproto reads with the same meaning, and the other way round.
//!
//! dhcproto 0.15 is held to what it can do (docs/decisions/039-dhcpv6.md): it reads no hostile bytes
//! here, only ours. Its defects that decided against it are tests: when one fails, that page is to be
//! read again.

use dhcproto::v6::{
    self, DhcpOption, DhcpOptions, IAAddr, IANA, OptionCode, UnknownOption, VendorClass,
};
use dhcproto::{Decodable as _, Decoder, Encodable as _};
use pxe_dhcp6::ask::Ask;
use pxe_dhcp6::client::BootClient;

use crate::scene::{answer, client, instruction, multicast, stateful, v6};

fn read(bytes: &[u8]) -> v6::Message {
    v6::Message::decode(&mut Decoder::new(bytes)).unwrap()
}

#[test]
fn our_offers_mean_the_same_to_dhcproto() {
    let client = client("edk2-http-solicit");
    let reply = answer(&stateful(), &client, &instruction(&client)).unwrap();
    let message = read(&reply.bytes);
    assert_eq!(message.msg_type(), v6::MessageType::Advertise);
    assert_eq!(message.xid(), client.transaction);
    let address = IAAddr {
        addr: v6("fd77::60"),
        preferred_life: 3600,
        valid_life: 3600,
        opts: DhcpOptions::new(),
    };
    let association = IANA {
        id: 0x1b2c_3d4e,
        t1: 1800,
        t2: 2880,
        opts: [DhcpOption::IAAddr(address)].into_iter().collect(),
    };
    let class = VendorClass {
        num: 343,
        data: vec![b"HTTPClient".to_vec()],
    };
    let url = b"http://[fd77::1]:8069/l/snponly.efi".to_vec();
    let duid = client.duid.unwrap();
    for (code, expected) in [
        (
            OptionCode::ClientId,
            DhcpOption::ClientId(duid.as_bytes().to_vec()),
        ),
        (
            OptionCode::ServerId,
            DhcpOption::ServerId(vec![0, 3, 0, 1, 2, 0, 0, 0, 0, 1]),
        ),
        (OptionCode::Preference, DhcpOption::Preference(255)),
        (OptionCode::IANA, DhcpOption::IANA(association)),
        (
            OptionCode::from(59),
            DhcpOption::Unknown(UnknownOption::new(OptionCode::from(59), url)),
        ),
        (OptionCode::VendorClass, DhcpOption::VendorClass(class)),
        (
            OptionCode::DomainNameServers,
            DhcpOption::DomainNameServers(vec![v6("fd77::1"), v6("fd77::2")]),
        ),
    ] {
        assert_eq!(message.opts().get(code), Some(&expected), "{code:?}");
    }
}

#[test]
fn search_lists_and_statuses_mean_the_same_to_dhcproto() {
    let client = client("system-solicit");
    let reply = answer(&stateful(), &client, &instruction(&client)).unwrap();
    let message = read(&reply.bytes);
    let Some(DhcpOption::DomainSearchList(names)) =
        message.opts().get(OptionCode::DomainSearchList)
    else {
        panic!("{message:?}");
    };
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["lab.example.", "example."]);
    let Some(DhcpOption::IAPD(prefix)) = message.opts().get(OptionCode::IAPD) else {
        panic!("{message:?}");
    };
    let Some(DhcpOption::StatusCode(status)) = prefix.opts.get(OptionCode::StatusCode) else {
        panic!("{prefix:?}");
    };
    assert_eq!(status.status, v6::Status::NoPrefixAvail);
    assert_eq!(
        message.opts().get(OptionCode::RapidCommit),
        Some(&DhcpOption::RapidCommit)
    );
}

#[test]
fn replies_through_relays_mean_the_same_to_dhcproto() {
    let client = client("relayed-twice-edk2-pxe-solicit");
    let reply = answer(&stateful(), &client, &instruction(&client)).unwrap();
    let outer = v6::RelayMessage::decode(&mut Decoder::new(&reply.bytes)).unwrap();
    assert_eq!(outer.msg_type(), v6::MessageType::RelayRepl);
    assert_eq!((outer.hop_count(), outer.link_addr()), (1, v6("fd78::1")));
    let interface = DhcpOption::InterfaceId(b"vlan 42".to_vec());
    assert_eq!(outer.opts().get(OptionCode::InterfaceId), Some(&interface));
    let Some(DhcpOption::RelayMsg(inner)) = outer.opts().get(OptionCode::RelayMsg) else {
        panic!("{outer:?}");
    };
    assert_eq!(
        (inner.hop_count(), inner.peer_addr()),
        (0, v6("fe80::5054:ff:fe77:1"))
    );
    let interface = DhcpOption::InterfaceId(vec![0, 0, 0, 0x17]);
    assert_eq!(inner.opts().get(OptionCode::InterfaceId), Some(&interface));
}

#[test]
fn what_dhcproto_writes_means_the_same_to_us() {
    let duid = vec![0, 3, 0, 1, 0x52, 0x54, 0, 0x77, 0, 1];
    let mut message = v6::Message::new_with_id(v6::MessageType::Rebind, [7, 8, 9]);
    let address = IAAddr {
        addr: v6("fd77::60"),
        preferred_life: 1,
        valid_life: 2,
        opts: DhcpOptions::new(),
    };
    let association = IANA {
        id: 42,
        t1: 3,
        t2: 4,
        opts: [DhcpOption::IAAddr(address)].into_iter().collect(),
    };
    let options = message.opts_mut();
    options.insert(DhcpOption::ClientId(duid.clone()));
    options.insert(DhcpOption::IANA(association));
    options.insert(DhcpOption::ElapsedTime(410));
    options.insert(DhcpOption::ClientArchType(vec![v6::Architecture(16)]));
    let client = BootClient::decode(&message.to_vec().unwrap(), multicast()).unwrap();
    assert_eq!((client.ask, client.transaction), (Ask::Rebind, [7, 8, 9]));
    assert_eq!(client.duid.unwrap().as_bytes(), duid);
    assert_eq!(client.associations[0].iaid, 42);
    assert_eq!(client.associations[0].addresses, [v6("fd77::60")]);
    assert_eq!((client.elapsed, client.arch_code.unwrap().0), (410, 16));
}

#[test]
fn dhcproto_still_writes_a_class_with_the_length_of_something_else() {
    let mut message = v6::Message::new_with_id(v6::MessageType::Reply, [0; 3]);
    let class = VendorClass {
        num: 343,
        data: vec![b"HTTPClient".to_vec()],
    };
    message.opts_mut().insert(DhcpOption::VendorClass(class));
    let bytes = message.to_vec().unwrap();
    assert_eq!(bytes[4..8], [0, 16, 0, 5], "16 bytes are what it holds");
    assert_eq!(bytes.len(), 4 + 4 + 16);
}

#[test]
fn dhcproto_still_loses_options_behind_a_bad_one() {
    let bytes = [1, 0, 0, 0, 0, 7, 0, 2, 0, 0, 0, 61, 0, 2, 0, 16];
    let options = read(&bytes);
    assert_eq!(options.opts().iter().count(), 1, "{options:?}");
}
