//! Replies as people read them. After a change that is meant, take the text that the failed test
//! prints.

use pxe_dhcp::client::Arrival;
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::reply::{self, BootInstruction, ProxySchool, Reply};
use pxe_dhcp::verdict::Refusal;

use crate::captures::{self, Capture};
use crate::dump::Dump;
use crate::scene::{
    answer, authoritative, broadcast, client, ip, loader, proxy, script, to_boot_service, url,
};

macro_rules! golden {
    ($($name:ident: $reply:expr;)*) => {
        $(#[test]
        fn $name() {
            let expected = include_str!(concat!("../golden/", stringify!($name), ".txt"));
            let got = Dump(&$reply).to_string();
            assert!(got == expected, "===== {}.txt\n{got}=====", stringify!($name));
        })*
    };
}

golden! {
    edk2_offer: server(&captures::edk2(), &loader("ipxe.efi"));
    edk2_offer_without_boot: server(&captures::edk2(), &BootInstruction::NoBoot);
    edk2_http_offer: server(&captures::edk2_http(), &url("snponly.efi"));
    edk2_http_offer_without_boot: server(&captures::edk2_http(), &BootInstruction::NoBoot);
    edk2_http_proxy: beside(&captures::edk2_http(), &url("snponly.efi"), ProxySchool::Binl);
    edk2_through_relay: server(&captures::edk2().through_relay(), &loader("ipxe.efi"));
    bios_rom_offer: server(&captures::bios_rom(), &loader("undionly.kpxe"));
    bios_rom_ack: server(&request(captures::bios_rom()), &loader("undionly.kpxe"));
    ipxe_ack: server(&request(captures::ipxe_uefi()), &script());
    udhcpc_offer: server(&captures::udhcpc(), &BootInstruction::NoBoot);
    inform_ack: server(&inform(captures::dhclient()), &BootInstruction::NoBoot);
    edk2_proxy_at_once: beside(&captures::edk2(), &loader("ipxe.efi"), ProxySchool::DiscoveryControl);
    edk2_proxy_binl: beside(&captures::edk2(), &loader("ipxe.efi"), ProxySchool::Binl);
    edk2_boot_service: on_4011(&boot_service(captures::edk2()), "10.77.0.60:4011", &loader("ipxe.efi"));
    bios_rom_proxy: beside(&captures::bios_rom(), &loader("undionly.kpxe"), ProxySchool::Binl);
    bios_rom_boot_service: on_4011(&inform(captures::bios_rom()), "10.77.0.60:68", &loader("undionly.kpxe"));
    ipxe_proxy: beside(&captures::seabios_ipxe_rom(), &script(), ProxySchool::Binl);
    nak: refusal(&request(captures::edk2()));
}

fn request(capture: Capture) -> Capture {
    capture
        .of_kind(MessageKind::Request)
        .with(OptionCode::SERVER, &[10, 77, 0, 1])
        .with(OptionCode::REQUESTED_ADDRESS, &[10, 77, 0, 60])
}

fn inform(capture: Capture) -> Capture {
    capture
        .of_kind(MessageKind::Inform)
        .changed(|packet| packet.ciaddr = [10, 77, 0, 60].into())
}

/// EDK2's second question, to the boot service: a REQUEST from the address that it holds, without
/// the broadcast flag (`PxeBcDhcp4Discover` in `PxeBcDhcp4.c`).
fn boot_service(capture: Capture) -> Capture {
    capture
        .of_kind(MessageKind::Request)
        .changed(|packet| (packet.ciaddr, packet.flags) = ([10, 77, 0, 60].into(), 0))
}

fn server(capture: &Capture, boot: &BootInstruction) -> Reply {
    let client = client(capture, broadcast()).unwrap();
    answer(&authoritative(), &client, boot, ProxySchool::Binl).unwrap()
}

fn beside(capture: &Capture, boot: &BootInstruction, school: ProxySchool) -> Reply {
    at(capture, broadcast(), boot, school)
}

fn on_4011(capture: &Capture, from: &str, boot: &BootInstruction) -> Reply {
    at(capture, to_boot_service(from), boot, ProxySchool::Binl)
}

fn at(capture: &Capture, arrival: Arrival, boot: &BootInstruction, school: ProxySchool) -> Reply {
    answer(&proxy(), &client(capture, arrival).unwrap(), boot, school).unwrap()
}

fn refusal(capture: &Capture) -> Reply {
    let client = client(capture, broadcast()).unwrap();
    let refusal = Refusal::Taken {
        address: ip("10.77.0.60"),
    };
    reply::refuse(&client, &authoritative(), &refusal).unwrap()
}
