//! What is answered, beside the packets that have their files: rules, and who gets nothing.

use machine_core::network::{DhcpMode, Subnet};
use pxe_dhcp6::boot_url::BootUrl;
use pxe_dhcp6::client::{Arrival, BootClient};
use pxe_dhcp6::dropped::Dropped;
use pxe_dhcp6::message::Message;
use pxe_dhcp6::message_kind::MessageKind;
use pxe_dhcp6::option::{OptionCode, Options};
use pxe_dhcp6::outcome::{Answered, Outcome};
use pxe_dhcp6::reply::{BootInstruction, Exchange, Reply};

use crate::scene::{
    answer, arrival, client, instruction, ip, loader, multicast, packet, script, server, stateful,
    stateless, v6,
};

fn reply(subnet: &Subnet, client: &BootClient) -> Result<Reply, Dropped> {
    answer(subnet, client, &instruction(client))
}

/// The value of an option of a reply that went through no relay.
fn option(reply: &Reply, code: OptionCode) -> Option<Vec<u8>> {
    let message = Message::decode(&reply.bytes).unwrap();
    message.options.get(code).map(<[u8]>::to_vec)
}

fn status(options: &[u8]) -> Option<u16> {
    let value = Options::new(options).get(OptionCode::STATUS)?;
    Some(u16::from_be_bytes([value[0], value[1]]))
}

fn url(reply: &Reply) -> Option<String> {
    let value = option(reply, OptionCode::BOOT_FILE_URL)?;
    Some(String::from_utf8(value).unwrap())
}

#[test]
fn off_another_server_and_silence_are_no_reply() {
    let off = Subnet {
        mode: DhcpMode::Off,
        ..stateful()
    };
    let v4 = Subnet {
        server: ip("10.77.0.1"),
        ..stateful()
    };
    let solicit = client("edk2-pxe-solicit");
    assert_eq!(reply(&off, &solicit), Err(Dropped::Off));
    assert_eq!(reply(&v4, &solicit), Err(Dropped::NotIpv6));
    let silence = answer(&stateful(), &solicit, &BootInstruction::Silence);
    assert_eq!(silence, Err(Dropped::NothingToBoot));
    let request = BootClient {
        server: "00:03:00:01:02:00:00:00:00:02".parse().ok(),
        ..client("edk2-pxe-request")
    };
    assert_eq!(reply(&stateful(), &request), Err(Dropped::ForOtherServer));
}

#[test]
fn nothing_goes_to_an_address_of_nowhere() {
    let from = |text: &str| {
        let source = format!("[{text}]:546").parse().unwrap();
        let arrival = Arrival {
            source,
            ..multicast()
        };
        BootClient::decode(&packet("edk2-pxe-solicit"), arrival).unwrap()
    };
    for inside in ["fe80::1", "fd77::60"] {
        assert!(reply(&stateful(), &from(inside)).is_ok(), "{inside}");
    }
    for outside in ["2001:db8::1", "::", "ff02::1"] {
        let address = ip(outside);
        assert_eq!(
            reply(&stateful(), &from(outside)),
            Err(Dropped::Foreign { address })
        );
    }
    // A relay is where routing says, and was believed or not by then.
    let arrival = Arrival {
        source: "[2001:db8::1]:547".parse().unwrap(),
        ..arrival("relayed")
    };
    let relayed = BootClient::decode(&packet("relayed-edk2-pxe-solicit"), arrival).unwrap();
    assert!(reply(&stateful(), &relayed).is_ok());
}

#[test]
fn who_writes_to_us_alone_is_told_not_to() {
    let alone = Arrival {
        unicast: true,
        ..multicast()
    };
    for name in [
        "edk2-pxe-request",
        "system-renew",
        "system-release",
        "system-decline",
    ] {
        let client = BootClient::decode(&packet(name), alone).unwrap();
        let reply = reply(&stateful(), &client).unwrap();
        assert_eq!(
            (reply.kind, status(&reply.bytes[4..])),
            (MessageKind::Reply, Some(5))
        );
        assert_eq!(option(&reply, OptionCode::IA_NA), None, "{name}");
    }
}

#[test]
fn firmware_is_told_only_what_it_can_load() {
    let tftp = || BootUrl::tftp(v6("fd77::1"), "snponly.efi").unwrap();
    let http = || BootUrl::http(v6("fd77::1"), 8069, "snponly.efi").unwrap();
    let (pxe, of_http) = (client("edk2-pxe-solicit"), client("edk2-http-solicit"));
    let ipxe = client("ipxe-solicit");
    let of_tftp = "tftp://[fd77::1]/snponly.efi";
    let of_web = "http://[fd77::1]:8069/snponly.efi";
    let of_script = "http://[fd77::1]:8069/script/8a6e0b9c";
    for (client, boot, told) in [
        (&pxe, loader(tftp()), Some(of_tftp)),
        (&pxe, loader(http()), None),
        (&pxe, script(), None),
        (&pxe, BootInstruction::NoBoot, None),
        (&of_http, loader(http()), Some(of_web)),
        (&of_http, loader(tftp()), None),
        (&of_http, script(), None),
        (&ipxe, script(), Some(of_script)),
        (&ipxe, loader(tftp()), Some(of_tftp)),
        (&client("system-renew"), loader(tftp()), None),
    ] {
        let reply = answer(&stateful(), client, &boot).unwrap();
        assert_eq!(url(&reply).as_deref(), told, "{boot:?}");
        assert!(option(&reply, OptionCode::IA_NA).is_some());
        let has_class = option(&reply, OptionCode::VENDOR_CLASS).is_some();
        assert_eq!(has_class, client.is_http() && told.is_some(), "{boot:?}");
        if told.is_none() && client.boots() {
            let beside = answer(&stateless(), client, &boot);
            let left = [
                Err(Dropped::NothingToBoot),
                Err(Dropped::LeaseOfOtherServer),
            ];
            assert!(left.contains(&beside), "{boot:?} {beside:?}");
        }
    }
}

#[test]
fn a_nul_is_behind_the_url_of_http_boot() {
    for (name, subnet) in [
        ("edk2-http-solicit", stateful()),
        ("edk2-http-solicit", stateless()),
    ] {
        let reply = reply(&subnet, &client(name)).unwrap();
        let url = url(&reply).unwrap();
        let at = reply
            .bytes
            .windows(url.len())
            .position(|it| it == url.as_bytes());
        assert_eq!(reply.bytes[at.unwrap() + url.len()], 0);
    }
}

#[test]
fn parameters_are_for_http_boot_and_ipxe() {
    let url = BootUrl::http(v6("fd77::1"), 8069, "a.efi").unwrap();
    let parameters = vec!["console=ttyS0".to_owned(), "quiet".to_owned()];
    let boot = BootInstruction::Loader { url, parameters };
    let told = |name| {
        option(
            &answer(&stateful(), &client(name), &boot).unwrap(),
            OptionCode(60),
        )
    };
    // Each with its length (RFC 5970 §3.2).
    let expected = b"\0\x0dconsole=ttyS0\0\x05quiet".to_vec();
    assert_eq!(told("edk2-http-solicit"), Some(expected.clone()));
    assert_eq!(told("ipxe-solicit"), Some(expected));
    let url = BootUrl::tftp(v6("fd77::1"), "a.efi").unwrap();
    let parameters = vec!["console=ttyS0".to_owned()];
    let boot = BootInstruction::Loader { url, parameters };
    let reply = answer(&stateful(), &client("edk2-pxe-solicit"), &boot).unwrap();
    assert_eq!(
        option(&reply, OptionCode(60)),
        None,
        "EDK2 would read it as a size"
    );
}

#[test]
fn every_outcome_has_its_status() {
    let client = client("system-renew");
    let says = |outcome| {
        let exchange = Exchange {
            server: &server(),
            subnet: &stateful(),
            client: &client,
            answer: &BootInstruction::NoBoot,
        };
        let reply = exchange.reply(&[Answered { iaid: 7, outcome }]).unwrap();
        let value = option(&reply, OptionCode::IA_NA).unwrap();
        assert_eq!(value[..12], [0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0]);
        value[12..].to_vec()
    };
    assert_eq!(status(&says(Outcome::NoAddress)), Some(2));
    assert_eq!(status(&says(Outcome::NoBinding)), Some(3));
    assert_eq!(status(&says(Outcome::NotOnLink)), Some(4));
    let withdrawn = says(Outcome::Withdrawn(v6("fd77::60")));
    assert_eq!(status(&withdrawn), None);
    assert_eq!(withdrawn[20..], [0; 8], "both lifetimes");
}

#[test]
fn a_link_is_confirmed_or_not_or_nothing_is_said() {
    let confirm = client("system-confirm");
    let elsewhere = Subnet {
        network: "fd80::/64".parse().unwrap(),
        ..stateful()
    };
    let says = |subnet: &Subnet, client: &BootClient| {
        reply(subnet, client).map(|it| status(&it.bytes[4..]).unwrap())
    };
    assert_eq!(says(&stateful(), &confirm), Ok(0));
    assert_eq!(says(&elsewhere, &confirm), Ok(4));
    let mut empty = confirm;
    empty.associations[0].addresses.clear();
    let kind = MessageKind::Confirm;
    assert_eq!(says(&stateful(), &empty), Err(Dropped::NoAddress { kind }));
}

#[test]
fn what_has_no_room_is_left_out_and_what_is_not_asked_for_is_not_said() {
    let many = Subnet {
        dns: vec![ip("fd77::1"); 100],
        ..stateful()
    };
    let full = reply(&many, &client("ipxe-solicit")).unwrap();
    assert_eq!(full.left_out, [OptionCode::DNS_SERVERS]);
    assert!(full.bytes.len() <= 1232 && option(&full, OptionCode::DOMAIN_LIST).is_some());
    let asks_less = reply(&stateful(), &client("edk2-pxe-solicit")).unwrap();
    assert_eq!(option(&asks_less, OptionCode::DOMAIN_LIST), None);
    let only_v4 = Subnet {
        dns: vec![ip("10.77.0.1")],
        ..stateful()
    };
    let without = reply(&only_v4, &client("edk2-pxe-solicit")).unwrap();
    assert_eq!(option(&without, OptionCode::DNS_SERVERS), None);
}

#[test]
fn what_relays_want_back_has_to_fit() {
    let mut client = client("relayed-edk2-pxe-solicit");
    client.relays[0].interface_id = Some(vec![7; 65_000]);
    assert!(reply(&stateful(), &client).is_ok());
    client.relays[0].interface_id = Some(vec![7; 65_400]);
    assert_eq!(reply(&stateful(), &client), Err(Dropped::TooLong));
    let outer = client.relays[0].clone();
    client.relays.insert(0, outer);
    assert_eq!(reply(&stateful(), &client), Err(Dropped::TooLong));
}

#[test]
fn a_lease_of_a_century_is_not_for_ever() {
    let forever = Subnet {
        lease_time: std::time::Duration::from_secs(u64::from(u32::MAX) + 5),
        ..stateful()
    };
    let reply = reply(&forever, &client("edk2-pxe-solicit")).unwrap();
    let value = option(&reply, OptionCode::IA_NA).unwrap();
    let number = |at: usize| u32::from_be_bytes(value[at..at + 4].try_into().unwrap());
    let (t1, t2, preferred, valid) = (number(4), number(8), number(32), number(36));
    assert!(t1 < t2 && t2 < preferred && preferred == valid && valid == u32::MAX - 1);
}
