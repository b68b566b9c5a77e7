//! A second opinion: what we write, dhcproto reads with the same meaning, and the other way round.
//!
//! dhcproto 0.15 is held to what it can do (docs/decisions/003-dhcproto.md): it reads no hostile
//! bytes here, only ours.

use dhcproto::v4::{self, DhcpOption};
use dhcproto::{Decodable as _, Decoder, Encodable as _};
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::packet::{Operation, Packet};
use pxe_dhcp::reply::ProxySchool;

use crate::captures;
use crate::scene::{answer, authoritative, broadcast, client, loader, proxy, script};

fn read_by_dhcproto(bytes: &[u8]) -> v4::Message {
    v4::Message::decode(&mut Decoder::new(bytes)).unwrap()
}

#[test]
fn our_offers_mean_the_same_to_dhcproto() {
    let client = client(&captures::bios_rom().through_relay(), broadcast()).unwrap();
    let reply = answer(
        &authoritative(),
        &client,
        &loader("undionly.kpxe"),
        ProxySchool::Binl,
    )
    .unwrap();
    let message = read_by_dhcproto(&reply.encode().bytes);
    assert_eq!(message.opcode(), v4::Opcode::BootReply);
    assert_eq!(message.xid(), client.header.xid);
    assert_eq!(message.yiaddr().to_string(), "10.77.0.60");
    assert_eq!(message.siaddr().to_string(), "10.77.0.1");
    assert_eq!(message.chaddr(), captures::MAC);
    let options = message.opts();
    assert_eq!(options.msg_type(), Some(v4::MessageType::Offer));
    for (code, expected) in [
        (
            v4::OptionCode::ServerIdentifier,
            DhcpOption::ServerIdentifier([10, 77, 0, 1].into()),
        ),
        (
            v4::OptionCode::AddressLeaseTime,
            DhcpOption::AddressLeaseTime(3600),
        ),
        (v4::OptionCode::Renewal, DhcpOption::Renewal(1800)),
        (v4::OptionCode::Rebinding, DhcpOption::Rebinding(3150)),
        (
            v4::OptionCode::SubnetMask,
            DhcpOption::SubnetMask([255, 255, 255, 0].into()),
        ),
        (
            v4::OptionCode::Router,
            DhcpOption::Router(vec![[10, 77, 0, 254].into()]),
        ),
        (
            v4::OptionCode::DomainNameServer,
            DhcpOption::DomainNameServer(vec![[10, 77, 0, 1].into(), [10, 77, 0, 2].into()]),
        ),
        (
            v4::OptionCode::BroadcastAddr,
            DhcpOption::BroadcastAddr([10, 77, 0, 255].into()),
        ),
        (
            v4::OptionCode::BootfileName,
            DhcpOption::BootfileName(b"undionly.kpxe\0".to_vec()),
        ),
        (
            v4::OptionCode::TFTPServerName,
            DhcpOption::TFTPServerName(b"10.77.0.1\0".to_vec()),
        ),
    ] {
        assert_eq!(options.get(code), Some(&expected));
    }
    assert!(options.contains(v4::OptionCode::RelayAgentInformation));
}

#[test]
fn long_values_are_joined_by_dhcproto_too() {
    let client = client(&captures::ipxe_uefi(), broadcast()).unwrap();
    let url = format!("http://10.77.0.1/{}", "a".repeat(300));
    let boot = pxe_dhcp::reply::BootInstruction::Script { url: url.clone() };
    let reply = answer(&proxy(), &client, &boot, ProxySchool::Binl).unwrap();
    let message = read_by_dhcproto(&reply.encode().bytes);
    let expected = DhcpOption::BootfileName(url.into_bytes());
    assert_eq!(
        message.opts().get(v4::OptionCode::BootfileName),
        Some(&expected)
    );
    let reply = answer(&proxy(), &client, &script(), ProxySchool::Binl).unwrap();
    assert!(reply.encode().bytes.len() <= client.reply_limit);
}

#[test]
fn what_dhcproto_writes_we_read() {
    let mut message = v4::Message::default();
    message
        .set_xid(7)
        .set_chaddr(&captures::MAC)
        .set_flags(v4::Flags::default().set_broadcast());
    let options = message.opts_mut();
    options.insert(DhcpOption::MessageType(v4::MessageType::Discover));
    options.insert(DhcpOption::ClassIdentifier(vec![b'P'; 300]));
    options.insert(DhcpOption::MaxMessageSize(1472));
    let packet = Packet::decode(&message.to_vec().unwrap()).unwrap();
    assert_eq!(packet.operation, Operation::Request);
    assert_eq!((packet.xid, packet.flags), (7, Packet::BROADCAST));
    assert_eq!(packet.hardware.as_bytes(), captures::MAC);
    let kind = packet.options.get(OptionCode::MESSAGE_TYPE);
    assert_eq!(kind, Some(&[MessageKind::Discover.code()][..]));
    assert_eq!(
        packet.options.get(OptionCode::VENDOR_CLASS),
        Some(&[b'P'; 300][..])
    );
    assert_eq!(
        packet.options.get(OptionCode::MAXIMUM_SIZE),
        Some(&[5, 0xc0][..])
    );
}

/// Why it may not read the network: should this fail, dhcproto has mended it, and the decision can
/// be taken again.
#[test]
fn dhcproto_still_loses_options_behind_a_bad_one() {
    let capture = captures::udhcpc()
        .replaced(OptionCode::CLIENT_IDENTIFIER, b"x")
        .replaced(OptionCode::MAXIMUM_SIZE, &[1]);
    let message = read_by_dhcproto(&capture.bytes());
    assert!(!message.opts().contains(v4::OptionCode::ClassIdentifier));
    let ours = Packet::decode(&capture.bytes()).unwrap();
    assert!(ours.options.contains(OptionCode::VENDOR_CLASS));
}
