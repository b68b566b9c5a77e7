//! Who is answered, and with what: the rules that the golden files only show.

use machine_core::network::{DhcpMode, Subnet};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::reply::{BootInstruction, Exchange, ProxySchool, Reply};

use crate::captures::{self, Capture};
use crate::scene::{
    answer, authoritative, broadcast, client, grant, ip, loader, proxy, script, to_boot_service,
};

const SCHOOLS: [ProxySchool; 2] = [ProxySchool::DiscoveryControl, ProxySchool::Binl];

pub(crate) fn reply_to(
    subnet: &Subnet,
    capture: &Capture,
    boot: &BootInstruction,
) -> Result<Reply, Dropped> {
    let client = client(capture, broadcast())?;
    answer(subnet, &client, boot, ProxySchool::DiscoveryControl)
}

pub(crate) fn request(capture: Capture) -> Capture {
    capture
        .of_kind(MessageKind::Request)
        .with(OptionCode::SERVER, &[10, 77, 0, 1])
        .with(OptionCode::REQUESTED_ADDRESS, &[10, 77, 0, 60])
}

fn renewal(capture: Capture) -> Capture {
    capture
        .of_kind(MessageKind::Request)
        .changed(|packet| packet.ciaddr = [10, 77, 0, 60].into())
}

fn inform(capture: Capture) -> Capture {
    renewal(capture).of_kind(MessageKind::Inform)
}

fn decline(capture: Capture) -> Capture {
    request(capture).of_kind(MessageKind::Decline)
}

fn release(capture: Capture) -> Capture {
    renewal(capture).of_kind(MessageKind::Release)
}

#[test]
fn every_message_in_every_mode() {
    let (offer, ack) = (Ok(MessageKind::Offer), Ok(MessageKind::Ack));
    let theirs = Err(Dropped::LeaseOfOtherServer);
    let never = |kind| Err(Dropped::NeverAnswered { kind });
    for (capture, as_server, as_proxy) in [
        (captures::edk2(), offer, offer),
        (request(captures::edk2()), ack, theirs),
        (renewal(captures::edk2()), ack, theirs),
        (inform(captures::edk2()), ack, theirs),
        (captures::udhcpc(), offer, Err(Dropped::NotBooting)),
        (request(captures::udhcpc()), ack, theirs),
        (captures::edk2_http(), offer, Err(Dropped::NothingToBoot)),
        (request(captures::edk2_http()), ack, theirs),
        (
            decline(captures::edk2()),
            never(MessageKind::Decline),
            never(MessageKind::Decline),
        ),
        (
            release(captures::edk2()),
            never(MessageKind::Release),
            never(MessageKind::Release),
        ),
    ] {
        let off = Subnet {
            mode: DhcpMode::Off,
            ..authoritative()
        };
        for (subnet, expected) in [
            (authoritative(), as_server),
            (proxy(), as_proxy),
            (off, Err(Dropped::Off)),
        ] {
            let reply = reply_to(&subnet, &capture, &loader("ipxe.efi")).map(|reply| reply.kind);
            assert_eq!(reply, expected, "{:?} {:?}", subnet.mode, capture.0);
        }
    }
}

#[test]
fn a_proxy_never_gives_an_address() {
    for (name, capture) in captures::all() {
        for boot in [
            loader("ipxe.efi"),
            script(),
            BootInstruction::NoBoot,
            BootInstruction::Silence,
        ] {
            let client = client(&capture, broadcast()).unwrap();
            for school in SCHOOLS {
                let exchange = Exchange {
                    subnet: &proxy(),
                    client: &client,
                    answer: &boot,
                    school,
                };
                let Ok(reply) = exchange.reply(Some(grant())) else {
                    continue;
                };
                assert!(reply.packet.yiaddr.is_unspecified(), "{name}");
                for code in [
                    OptionCode::LEASE_TIME,
                    OptionCode::SUBNET_MASK,
                    OptionCode::ROUTER,
                ] {
                    assert!(!reply.packet.options.contains(code), "{name} {code}");
                }
            }
        }
    }
}

#[test]
fn nothing_to_boot_is_a_lease_alone_or_silence() {
    let reply = reply_to(
        &authoritative(),
        &captures::edk2(),
        &BootInstruction::NoBoot,
    )
    .unwrap();
    assert_eq!(reply.packet.yiaddr.to_string(), "10.77.0.60");
    assert_eq!(
        (reply.packet.file, reply.packet.siaddr.is_unspecified()),
        ([0; 128], true)
    );
    for code in [66, 67, 60, 43] {
        assert!(!reply.packet.options.contains(OptionCode(code)), "{code}");
    }
    let nothing = Err(Dropped::NothingToBoot);
    assert_eq!(
        reply_to(&proxy(), &captures::edk2(), &BootInstruction::NoBoot),
        nothing
    );
    for subnet in [authoritative(), proxy()] {
        assert_eq!(
            reply_to(&subnet, &captures::edk2(), &BootInstruction::Silence),
            nothing
        );
    }
}

#[test]
fn only_who_can_use_it_gets_a_boot_file() {
    for (name, capture) in captures::all() {
        for (boot, expected) in [
            (loader("x"), captures_that_boot(name)),
            (script(), matches!(name, "seabios-ipxe-rom" | "ipxe-uefi")),
        ] {
            let reply = reply_to(&authoritative(), &capture, &boot).unwrap();
            let has_file = reply.packet.options.contains(OptionCode::BOOT_FILE);
            assert_eq!(has_file, expected, "{name} {boot:?}");
            assert_eq!(
                !reply.packet.siaddr.is_unspecified(),
                expected,
                "{name} {boot:?}"
            );
        }
    }
}

fn captures_that_boot(name: &str) -> bool {
    !matches!(
        name,
        "udhcpc" | "dhclient" | "perfdhcp" | "u-boot" | "edk2-http"
    )
}

#[test]
fn a_servers_offer_never_sends_anyone_to_4011() {
    for (name, capture) in captures::all() {
        for boot in [loader("x"), script(), BootInstruction::NoBoot] {
            let reply = reply_to(&authoritative(), &capture, &boot).unwrap();
            for code in [OptionCode::VENDOR_CLASS, OptionCode::VENDOR] {
                assert!(!reply.packet.options.contains(code), "{name} {code}");
            }
        }
    }
}

/// 60 without 43 means 4011: only where the school says so, and never for BIOS or iPXE.
#[test]
fn the_two_schools_differ_for_uefi_firmware_alone() {
    let control = [6, 1, 8, 255];
    for (capture, boot, at_once, by_binl) in [
        (captures::edk2(), loader("x"), true, false),
        (captures::edk2_arm64(), loader("x"), true, false),
        (captures::bios_rom(), loader("x"), true, true),
        (captures::seabios_ipxe_rom(), script(), true, true),
        (captures::ipxe_uefi(), script(), true, true),
    ] {
        let client = client(&capture, broadcast()).unwrap();
        for (school, expected) in SCHOOLS.into_iter().zip([at_once, by_binl]) {
            let reply = answer(&proxy(), &client, &boot, school).unwrap();
            let options = &reply.packet.options;
            assert_eq!(
                options.get(OptionCode::VENDOR_CLASS),
                Some(&b"PXEClient"[..])
            );
            let expected = expected.then_some(&control[..]);
            assert_eq!(
                options.get(OptionCode::VENDOR),
                expected,
                "{school:?} {client:?}"
            );
            assert!(options.contains(OptionCode::BOOT_FILE));
        }
    }
}

#[test]
fn port_4011_gives_the_file_in_an_ack() {
    for subnet in [proxy(), authoritative()] {
        for (capture, control) in [(captures::edk2(), false), (captures::bios_rom(), true)] {
            let asked = renewal(capture);
            let client = client(&asked, to_boot_service("10.77.0.60:4011")).unwrap();
            for school in SCHOOLS {
                let reply = answer(&subnet, &client, &loader("x"), school).unwrap();
                assert_eq!(reply.kind, MessageKind::Ack);
                assert!(reply.packet.yiaddr.is_unspecified());
                assert!(!reply.packet.options.contains(OptionCode::LEASE_TIME));
                assert_eq!(
                    reply.packet.options.get(OptionCode::BOOT_FILE),
                    Some(&b"x\0"[..])
                );
                assert_eq!(reply.packet.options.contains(OptionCode::VENDOR), control);
            }
            let nothing = answer(
                &subnet,
                &client,
                &BootInstruction::NoBoot,
                ProxySchool::Binl,
            );
            assert_eq!(nothing, Err(Dropped::NothingToBoot));
        }
    }
}

#[test]
fn nobody_outside_the_subnet_is_answered_at_his_address() {
    let address = ip("192.0.2.9");
    let foreign = Err(Dropped::Foreign { address });
    let inform = inform(captures::edk2()).changed(|packet| packet.ciaddr = [192, 0, 2, 9].into());
    assert_eq!(reply_to(&authoritative(), &inform, &loader("x")), foreign);
    let client = client(
        &renewal(captures::edk2()),
        to_boot_service("192.0.2.9:4011"),
    )
    .unwrap();
    let reply = answer(&proxy(), &client, &loader("x"), ProxySchool::Binl);
    assert_eq!(reply, foreign);
}

#[test]
fn without_an_address_there_is_no_offer() {
    let client = client(&captures::edk2(), broadcast()).unwrap();
    let school = ProxySchool::Binl;
    let exchange = Exchange {
        subnet: &authoritative(),
        client: &client,
        answer: &BootInstruction::NoBoot,
        school,
    };
    assert_eq!(exchange.reply(None), Err(Dropped::NoLease));
    let v6 = Subnet {
        server: ip("fd77::1"),
        ..authoritative()
    };
    let reply = answer(&v6, &client, &BootInstruction::NoBoot, school);
    assert_eq!(reply, Err(Dropped::NotIpv4));
}
