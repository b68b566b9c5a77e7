//! Clients that do what few do, and what is said about them.

use std::net::{IpAddr, Ipv4Addr};

use machine_core::boot::{Asker, BootStep};
use machine_core::network::DhcpMode;
use machine_core::time::Timestamp;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::Packet;

use crate::exchange::{DhcpClient, ipxe, kind, message, pxe, request, uefi_http};
use crate::lab::{Lab, SERVER, authoritative};
use crate::log::Log;
use crate::records::{BOOT, Records, State};

const ACK: u8 = 5;
const LOADER: &[u8] = b"undionly.kpxe\0";

fn boots() -> Records {
    let records = Records::default();
    records.state().netboot = true;
    records
}

fn has_loader(reply: &Packet) -> bool {
    reply.file.starts_with(LOADER)
}

#[test]
fn a_request_without_option_60_repeats_the_boot_file_of_its_offer() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = boots();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&pxe(message(1, 1))).await;
        let offer = client.receive().await;
        client.broadcast(&request(1, offer.yiaddr)).await;
        let ack = client.receive().await;
        assert_eq!(kind(&ack), ACK);
        assert!(has_loader(&offer) && has_loader(&ack));
        assert_eq!(ack.siaddr, offer.siaddr);
        // A system that takes an address later is no firmware.
        let mut later = request(1, offer.yiaddr);
        later.xid += 1;
        client.broadcast(&later).await;
        assert!(!has_loader(&client.receive().await));
    });
}

#[test]
fn ipxe_that_cannot_fetch_over_http_is_given_our_loader() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = boots();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        let mut discover = ipxe(message(1, 1));
        // It downloads over TFTP (21) and not over HTTP (19).
        discover
            .options
            .push(OptionCode::IPXE, &[21, 1, 1, 24, 1, 1]);
        client.broadcast(&discover).await;
        let offer = client.receive().await;
        let file = offer.options.get(OptionCode::BOOT_FILE);
        assert_eq!(file, Some(&b"undionly.kpxe"[..]));
        assert_eq!(records.state().questions[0].asker, Asker::Firmware);
    });
}

#[test]
fn a_chain_that_never_becomes_ipxe_is_counted_and_stops() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let records = boots();
        records.state().opens_boots = true;
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        for round in 0..8 {
            client.broadcast(&pxe(message(1, 1))).await;
            let offer = client.receive().await;
            assert_eq!(has_loader(&offer), round < 5, "round {round}");
        }
        let why = "never came back as iPXE";
        assert_eq!(log.warnings(why), 1);
        let is_told = |step: &pxe_server::directory::ObservedStep| {
            step.step == BootStep::Offer && step.detail.contains(why)
        };
        records.until(|state| state.steps.iter().any(is_told)).await;
    });
}

#[test]
fn uefi_http_boot_is_given_a_url_whose_get_is_a_step() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        lab.address_client();
        let records = boots();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&uefi_http(message(1, 1))).await;
        let offer = client.receive().await;
        let of = |code| offer.options.get(code).unwrap().to_vec();
        assert_eq!(of(OptionCode::VENDOR_CLASS), b"HTTPClient");
        let url = String::from_utf8(of(OptionCode::BOOT_FILE)).unwrap();
        assert_eq!(
            url,
            format!("http://{SERVER}:8080/loader/{BOOT}/snponly.efi")
        );
        // EDK2 asks for the size before (`HttpBootDxe`): that loads nothing.
        for method in ["--head", "--fail"] {
            let mut curl = lab.client_program("curl");
            curl.args(["--silent", "--output", "loader", method, &url]);
            assert!(curl.status().await.unwrap().success());
        }
        let loaded = |state: &State| {
            state
                .steps
                .iter()
                .filter(|it| it.step == BootStep::Loader)
                .count()
        };
        records.until(|state| loaded(state) > 0).await;
        assert_eq!(loaded(&records.state()), 1);
    });
}

#[test]
fn an_architecture_without_a_loader_is_told_by_its_number() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let records = boots();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        let mut discover = message(1, 1);
        discover
            .options
            .push(OptionCode::VENDOR_CLASS, b"PXEClient");
        discover.options.push(OptionCode::CLIENT_ARCH, &[0, 27]);
        client.broadcast(&discover).await;
        client.receive().await;
        let why = "there is no loader for architecture 27";
        assert_eq!(log.warnings(why), 1, "{}", log.text());
        let is_told = |step: &pxe_server::directory::ObservedStep| step.detail.contains(why);
        records.until(|state| state.steps.iter().any(is_told)).await;
    });
}

/// Beside another DHCP server it gets no answer, and its timeline says why all the same.
#[test]
fn a_proxy_that_has_no_loader_for_a_machine_says_so_on_its_timeline() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = boots();
        let _stop = lab.start(&records, DhcpMode::Proxy);
        let client = DhcpClient::new(&lab, 68);
        let mut discover = message(1, 1);
        let class = b"PXEClient";
        discover.options.push(OptionCode::VENDOR_CLASS, class);
        discover.options.push(OptionCode::CLIENT_ARCH, &[0, 27]);
        client.broadcast(&discover).await;
        let why = "there is no loader for architecture 27";
        let is_told = |step: &pxe_server::directory::ObservedStep| step.detail == why;
        records.until(|state| state.steps.iter().any(is_told)).await;
    });
}

#[test]
fn a_relay_of_an_unknown_network_is_one_line() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        lab.address_client();
        let log = Log::capture();
        let records = boots();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        for number in 1..4 {
            let mut relayed = pxe(message(number, 1));
            relayed.giaddr = [192, 0, 2, 9].into();
            client.send(&relayed, SERVER, 67).await;
        }
        // Through the same socket, so that the others are read by then.
        client.send(&message(9, 1), SERVER, 67).await;
        client.receive().await;
        let why = "the relay 192.0.2.9 is in no network that is served, and no subnet names it";
        assert_eq!(log.warnings(why), 1, "{}", log.text());
    });
}

#[test]
fn a_boot_service_answers_from_the_address_that_was_asked() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        lab.address_client();
        lab.second_address();
        let _stop = lab.start(&boots(), DhcpMode::Proxy);
        let firmware = DhcpClient::new(&lab, 4011);
        let mut question = pxe(message(1, 3));
        question.ciaddr = [10, 77, 0, 9].into();
        question
            .options
            .push(OptionCode::VENDOR, &[71, 4, 128, 0, 0, 0, 255]);
        let second = Ipv4Addr::new(10, 77, 0, 2);
        firmware.send(&question, second, 4011).await;
        let (ack, from) = firmware.receive_from_anywhere().await;
        assert_eq!((kind(&ack), from), (ACK, IpAddr::V4(second)));
        let item = [6, 1, 8, 71, 4, 128, 0, 0, 0, 255];
        assert_eq!(ack.options.get(OptionCode::VENDOR), Some(&item[..]));
    });
}

/// UEFI firmware of before 2017 boots by port 4011 only (edk2 issue 6944), HP's Gen9 only without it.
#[test]
fn a_proxys_offer_that_leads_to_nothing_is_followed_by_one_of_the_other_school() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        lab.address_client();
        let records = boots();
        let _stop = lab.start(&records, DhcpMode::Proxy);
        let client = DhcpClient::new(&lab, 68);
        let firmwares = |kind: u8| {
            let mut packet = message(1, kind);
            let class = b"PXEClient:Arch:00007:UNDI:003016";
            packet.options.push(OptionCode::VENDOR_CLASS, class);
            packet.options.push(OptionCode::CLIENT_ARCH, &[0, 7]);
            packet
        };
        let school_at = async |second: i64| {
            records.state().now = Some(Timestamp::from_millis(second * 1000));
            client.broadcast(&firmwares(1)).await;
            let offer = client.receive().await;
            offer.options.get(OptionCode::VENDOR).map(<[u8]>::to_vec)
        };
        let control = Some(vec![6, 1, 8, 255]);
        assert_eq!(school_at(100).await, None, "port 4011 comes first");
        assert_eq!(school_at(104).await, control);
        assert_eq!(school_at(112).await, None);
        // It asks the boot service: this one is right.
        let firmware = DhcpClient::new(&lab, 4011);
        let mut question = firmwares(3);
        question.ciaddr = [10, 77, 0, 9].into();
        firmware.send(&question, SERVER, 4011).await;
        let (ack, _) = firmware.receive_from_anywhere().await;
        assert_eq!(kind(&ack), ACK);
        for second in [200, 300] {
            assert_eq!(school_at(second).await, None);
        }
    });
}
