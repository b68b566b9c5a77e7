//! Who is behind each capture.

use machine_core::client_class::{ArchCode, VendorClass};
use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::network::ClientKey;
use machine_core::topology::Origin;
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::ipxe::IpxeFeature;
use pxe_dhcp::load::Load;
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::packet::{HardwareAddress, Operation};

use crate::captures::{self, Capture, MAC, RAW_UUID};
use crate::scene::{broadcast, client, ip, source};

fn read(capture: &Capture) -> BootClient {
    client(capture, broadcast()).unwrap()
}

#[test]
fn each_client_is_recognised() {
    let bios = Some((Arch::X86_64, Firmware::Bios));
    let uefi = Some((Arch::X86_64, Firmware::Uefi));
    let arm = Some((Arch::Arm64, Firmware::Uefi));
    for (name, class, platform, pxe, ipxe, limit) in [
        ("edk2", VendorClass::Pxe, uefi, true, false, 1444),
        ("edk2-http", VendorClass::Http, uefi, false, false, 1444),
        ("edk2-arm64", VendorClass::Pxe, arm, true, false, 1444),
        ("bios-rom", VendorClass::Pxe, bios, true, false, 1232),
        ("seabios-ipxe-rom", VendorClass::Pxe, bios, true, true, 1444),
        ("ipxe-uefi", VendorClass::Pxe, uefi, true, true, 1444),
        ("udhcpc", VendorClass::None, None, false, false, 548),
        ("dhclient", VendorClass::None, None, false, false, 548),
        ("perfdhcp", VendorClass::None, None, false, false, 548),
        ("u-boot", VendorClass::None, None, false, false, 548),
    ] {
        let (_, capture) = captures::all()
            .into_iter()
            .find(|(it, _)| *it == name)
            .unwrap();
        let client = read(&capture);
        assert_eq!(client.vendor_class, class, "{name}");
        assert_eq!(client.platform(), platform, "{name}");
        assert_eq!((client.is_pxe(), client.is_ipxe()), (pxe, ipxe), "{name}");
        assert_eq!(client.reply_limit, limit, "{name}");
        assert_eq!(
            client.key,
            ClientKey::Hardware(MacAddress::new(MAC)),
            "{name}"
        );
    }
}

#[test]
fn firmware_says_its_uuid() {
    let client = read(&captures::edk2());
    assert_eq!(
        client.uuid.unwrap().to_string(),
        "4c4c4544-0000-4000-8000-000000000001"
    );
    assert_eq!(client.machine_identifier.unwrap()[1..], RAW_UUID);
    assert!(client.header.wants_broadcast());
    assert_eq!(client.header.xid, 0x2a77_0001);
}

#[test]
fn a_strange_uuid_is_no_uuid_and_no_reason_to_drop() {
    for (value, mirrored) in [
        (vec![0; 17], true),
        (vec![1; 17], false),
        (vec![0; 16], false),
        (vec![0; 18], false),
        (vec![], false),
    ] {
        let capture = captures::edk2().replaced(OptionCode::MACHINE_IDENTIFIER, &value);
        let client = read(&capture);
        assert_eq!(client.uuid, None, "{value:?}");
        assert_eq!(client.machine_identifier.is_some(), mirrored, "{value:?}");
    }
}

#[test]
fn ipxe_says_its_version_and_features() {
    let rom = read(&captures::seabios_ipxe_rom()).ipxe.unwrap();
    assert_eq!(rom.version.unwrap().to_string(), "1.0.0");
    assert!(rom.features.has(IpxeFeature::Http) && rom.features.has(IpxeFeature::BzImage));
    let chained = read(&captures::ipxe_uefi()).ipxe.unwrap();
    assert_eq!(chained.version.unwrap().to_string(), "2.0.0");
}

#[test]
fn ipxe_runs_our_scripts_unless_it_says_that_it_cannot() {
    let told = |option: &[u8]| read(&captures::bios_rom().with(OptionCode::IPXE, option)).load();
    let loader = Load::Loader(Arch::X86_64, Firmware::Bios);
    for (load, expected) in [
        (read(&captures::seabios_ipxe_rom()).load(), Load::Script),
        (read(&captures::ipxe_uefi()).load(), Load::Script),
        (told(&[]), Load::Script),
        (told(&[19, 1, 1, 24, 1, 1]), Load::Script),
        (told(&[19, 1, 1, 36, 1, 1]), Load::Script),
        (told(&[21, 1, 1, 24, 1, 1]), loader),
        (told(&[19, 1, 1, 21, 1, 1]), loader),
    ] {
        assert_eq!(load, expected);
    }
}

#[test]
fn ipxe_is_known_by_its_class_or_its_option() {
    let discover = || Capture::new(MessageKind::Discover);
    for (capture, ipxe) in [
        (discover().with(OptionCode::USER_CLASS, b"iPXE"), true),
        (discover().with(OptionCode::USER_CLASS, b"\x04iPXE"), true),
        (
            discover().with(OptionCode::USER_CLASS, b"\x03foo\x04iPXE"),
            true,
        ),
        (
            discover().with(OptionCode::USER_CLASS, b"\x04iPXE\x09cut off"),
            true,
        ),
        (discover().with(OptionCode::USER_CLASS, b"\x05iPXE2"), false),
        (discover().with(OptionCode::USER_CLASS, b"\x00\x00"), false),
        (discover().with(OptionCode::USER_CLASS, b"iPXE2"), false),
        (discover().with(OptionCode::USER_CLASS, b"gPXE"), false),
        (discover().with(OptionCode::IPXE, &[]), true),
        (discover().with(OptionCode::IPXE, &[0xff, 0xff]), true),
        (discover(), false),
    ] {
        assert_eq!(read(&capture).is_ipxe(), ipxe, "{:?}", capture.0.options);
    }
}

#[test]
fn the_first_architecture_that_boots_counts() {
    for (value, code) in [
        (&[0, 6, 0, 7][..], Some(ArchCode(7))),
        (&[0, 6], Some(ArchCode(6))),
        (&[0, 9], Some(ArchCode(9))),
        // Nothing readable in 93: option 60 says 7.
        (&[7], Some(ArchCode(7))),
    ] {
        let capture = captures::edk2().replaced(OptionCode::CLIENT_ARCH, value);
        assert_eq!(read(&capture).arch_code, code, "{value:?}");
    }
}

#[test]
fn a_hardware_address_is_needed_and_may_be_in_option_61() {
    let with = |kind, chaddr: &[u8], identifier: Option<&[u8]>| {
        let capture = captures::edk2().changed(|packet| {
            packet.hardware = HardwareAddress::new(kind, chaddr).unwrap();
        });
        let capture = match identifier {
            Some(value) => capture.with(OptionCode::CLIENT_IDENTIFIER, value),
            None => capture,
        };
        client(&capture, broadcast()).map(|client| client.mac)
    };
    let mac = [&[1][..], &MAC].concat();
    let duid = [&[255][..], &MAC].concat();
    let expected = Ok(MacAddress::new(MAC));
    let dropped = |kind, length| Err(Dropped::NoHardwareAddress { kind, length });
    // EDK2 with SendGUID: the GUID in chaddr, hlen 16.
    assert_eq!(with(1, &RAW_UUID, Some(&mac)), expected);
    assert_eq!(with(1, &RAW_UUID, None), dropped(1, 16));
    assert_eq!(with(1, &RAW_UUID, Some(&duid)), dropped(1, 16));
    assert_eq!(with(1, &RAW_UUID, Some(&mac[..6])), dropped(1, 16));
    // InfiniBand (RFC 4390): no chaddr at all.
    assert_eq!(with(32, &[], None), dropped(32, 0));
    assert_eq!(with(1, &[0; 6], None), dropped(1, 6));
    assert_eq!(with(1, &[0xff; 6], Some(&mac)), expected);
    assert_eq!(with(1, &MAC, Some(&duid)), expected);
}

#[test]
fn a_bad_option_hides_no_other() {
    // Each of these makes dhcproto 0.15 lose all options behind it.
    let capture = Capture::new(MessageKind::Discover)
        .with(OptionCode::HOST_NAME, b"\xe9ab")
        .with(OptionCode::REQUESTED_ADDRESS, &[])
        .with(OptionCode(81), b"\0\0\0node")
        .with(OptionCode(150), &[10, 0, 0, 1, 10, 0, 0, 2])
        .with(OptionCode::CLIENT_ARCH, &[0, 7])
        .with(
            OptionCode::VENDOR_CLASS,
            b"PXEClient:Arch:00007:UNDI:003016",
        );
    let client = read(&capture);
    assert_eq!((client.hostname.as_ref(), client.requested), (None, None));
    assert!(client.is_pxe());
    assert_eq!(client.platform(), Some((Arch::X86_64, Firmware::Uefi)));
}

#[test]
fn a_system_says_its_name_and_its_wish() {
    let client = read(&captures::dhclient());
    assert_eq!(client.hostname.unwrap().as_str(), "node-1");
    assert_eq!(client.requested, Some(ip("10.77.0.60")));
    assert_eq!(client.parameters[..3], [1, 28, 2]);
    assert_eq!(client.uuid, None);
}

#[test]
fn the_link_is_the_selected_one_the_relays_or_the_clients_own() {
    let renewing = |unicast| Arrival {
        source: source("10.77.0.60:68"),
        unicast,
        ..broadcast()
    };
    let request = captures::udhcpc()
        .of_kind(MessageKind::Request)
        .changed(|packet| packet.ciaddr = [10, 77, 0, 60].into());
    let selection = captures::udhcpc().through_relay().replaced(
        OptionCode::RELAY_INFORMATION,
        &[1, 1, 7, 5, 4, 10, 79, 0, 0],
    );
    let strange = captures::udhcpc()
        .through_relay()
        .replaced(OptionCode::RELAY_INFORMATION, &[5, 4, 10]);
    let nowhere = captures::udhcpc()
        .through_relay()
        .replaced(OptionCode::RELAY_INFORMATION, &[5, 4, 0, 0, 0, 0]);
    let wanted = [10, 80, 0, 0];
    let wants = |capture: Capture| capture.with(OptionCode::SUBNET_SELECTION, &wanted);
    let link = |selected: Option<&str>| Origin::Link {
        selected: selected.map(ip),
    };
    let relay = |selected: Option<&str>| Origin::Relay {
        relay: ip("10.77.0.254"),
        selected: selected.map(ip),
    };
    let own = Origin::Client {
        address: ip("10.77.0.60"),
    };
    for (capture, arrival, origin) in [
        (captures::udhcpc(), broadcast(), link(None)),
        (captures::udhcpc().through_relay(), broadcast(), relay(None)),
        (selection.clone(), broadcast(), relay(Some("10.79.0.0"))),
        (strange, broadcast(), relay(None)),
        (nowhere, broadcast(), relay(None)),
        (request.clone(), renewing(true), own),
        (request, renewing(false), link(None)),
        (
            wants(captures::udhcpc()),
            broadcast(),
            link(Some("10.80.0.0")),
        ),
        (
            wants(captures::udhcpc().through_relay()),
            broadcast(),
            relay(Some("10.80.0.0")),
        ),
        (wants(selection), broadcast(), relay(Some("10.79.0.0"))),
    ] {
        assert_eq!(client(&capture, arrival).unwrap().origin, origin);
    }
}

#[test]
fn relay_information_stays_as_it_is() {
    let client = read(&captures::edk2().through_relay());
    assert_eq!(
        client.relay_information.unwrap(),
        [2, 3, b'r', b'l', b'y', 1, 2, 0, 7]
    );
}

#[test]
fn servers_are_not_clients() {
    let capture = captures::edk2().changed(|packet| packet.operation = Operation::Reply);
    assert_eq!(client(&capture, broadcast()), Err(Dropped::NotARequest));
}
