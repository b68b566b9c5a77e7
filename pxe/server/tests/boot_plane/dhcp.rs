//! DHCP: two real clients, and one of our own for what those can't be made to do.

use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use machine_core::boot::{Asker, BootStep};
use machine_core::network::DhcpMode;
use pxe_dhcp::option::OptionCode;
use pxe_server::bind_error::BindError;

use crate::exchange::{DhcpClient, ipxe, kind, message, pxe, request};
use crate::lab::{Lab, SERVER, authoritative};
use crate::records::{BOOT, Records};

const OFFER: u8 = 2;
const ACK: u8 = 5;

#[test]
fn udhcpc_gets_a_lease_and_renews_it() {
    let Some(lab) = Lab::new() else { return };
    let script = lab.directory.path().join("script");
    let text = "#!/bin/sh\n[ \"$1\" = deconfig ] || echo \"$1 $ip\" >>told\n\
                [ \"$1\" = bound ] && ip address add $ip/24 dev $interface\nexit 0\n";
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let mut udhcpc = lab.client_program("udhcpc");
        udhcpc.args(["-i", "pxe-c", "-f", "-s"]).arg(&script);
        let mut running = udhcpc.spawn().unwrap();
        records.until(|state| state.leases.len() == 1).await;
        // USR1: renew, by unicast from the address that it has. It does not listen to signals
        // before it is bound, which it tells by its script.
        let told = lab.directory.path().join("told");
        while !std::fs::read_to_string(&told)
            .unwrap_or_default()
            .contains("bound")
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let id = nix::unistd::Pid::from_raw(running.id().unwrap().cast_signed());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGUSR1).unwrap();
        records.until(|state| state.leases.len() == 2).await;
        running.kill().await.unwrap();
        let state = records.state();
        assert_eq!(state.leases[0].0.address, state.leases[1].0.address);
        assert_eq!(
            state.leases[0].1, None,
            "no boot: it does not boot from the network"
        );
        assert!(state.questions.is_empty(), "nothing is looked up for it");
    });
}

/// RFC 2131 §4.1: nobody else learns which boot it is told.
#[test]
fn a_client_that_takes_unicast_is_answered_alone() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let bystander = DhcpClient::new(&lab, 68);
        let mut udhcpc = lab.client_program("udhcpc");
        udhcpc.args(["-i", "pxe-c", "-f", "-q", "-n", "-s", "/bin/true"]);
        assert!(udhcpc.status().await.unwrap().success());
        assert_eq!(records.state().leases.len(), 1);
        bystander.broadcast(&message(9, 1)).await;
        let heard = bystander.receive().await;
        assert_eq!((kind(&heard), heard.xid), (OFFER, 9), "its own comes first");
    });
}

#[test]
fn dhclient_gets_a_lease_and_gives_it_back() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        // It wants the file to be there.
        std::fs::write(lab.directory.path().join("leases"), "").unwrap();
        let dhclient = || {
            let mut command = lab.client_program("dhclient");
            command.args([
                "-4",
                "-1",
                "-q",
                "-sf",
                "/bin/true",
                "-lf",
                "leases",
                "-pf",
                "pid",
            ]);
            command
        };
        let output = dhclient().arg("pxe-c").output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        let address = records.state().leases[0].0.address;
        let kept = std::fs::read_to_string(lab.directory.path().join("leases")).unwrap();
        assert!(kept.contains(&address.to_string()), "{kept}");
        lab.address_client();
        assert!(
            dhclient()
                .args(["-r", "pxe-c"])
                .status()
                .await
                .unwrap()
                .success()
        );
        records.until(|state| !state.ended.is_empty()).await;
        assert_eq!(records.state().ended[0].1, address);
    });
}

#[test]
fn a_relay_outside_the_served_networks_gets_nothing() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        lab.address_client();
        let client = DhcpClient::new(&lab, 67);
        let relayed = |number, relay: [u8; 4]| {
            let mut packet = message(number, 1);
            packet.giaddr = relay.into();
            // Link selection (RFC 3527): the subnet is ours, whatever the relay is.
            let selection = [5, 4, 10, 77, 0, 0];
            let options = &mut packet.options;
            options.push(OptionCode::RELAY_INFORMATION, &selection);
            packet
        };
        // Nowhere on this link, but the server has a route by its client.
        lab.route_by_client("192.0.2.0/24");
        client.send(&relayed(1, [192, 0, 2, 9]), SERVER, 67).await;
        client.send(&relayed(2, [10, 77, 0, 9]), SERVER, 67).await;
        let offer = client.receive().await;
        assert_eq!((kind(&offer), offer.xid), (OFFER, 2));
        assert_eq!(records.state().leases.len(), 0);
    });
}

#[test]
fn firmware_is_led_to_its_loader_and_ipxe_to_its_script() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        records.state().netboot = true;
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&pxe(message(1, 1))).await;
        let offer = client.receive().await;
        assert!(offer.file.starts_with(b"undionly.kpxe\0"));
        assert_eq!(offer.siaddr, SERVER);
        client.broadcast(&pxe(request(1, offer.yiaddr))).await;
        assert_eq!(kind(&client.receive().await), ACK);
        client.broadcast(&ipxe(message(1, 1))).await;
        let offer = client.receive().await;
        let url = format!("http://{SERVER}:8080/boot/{BOOT}");
        assert_eq!(
            offer.options.get(OptionCode::BOOT_FILE),
            Some(url.as_bytes())
        );
        records.until(|state| state.steps.len() == 3).await;
        assert_eq!(
            records.steps(),
            [BootStep::Offer, BootStep::Lease, BootStep::Offer]
        );
        let state = records.state();
        assert_eq!(state.leases[0].1, Some(BOOT));
        let askers: Vec<_> = state
            .questions
            .iter()
            .map(|it| (it.asker, it.is_discover))
            .collect();
        let firmware = Asker::Firmware;
        assert_eq!(
            askers,
            [(firmware, true), (firmware, false), (Asker::Ipxe, true)]
        );
        assert!(
            !format!("{:?}", state.steps).contains("http://"),
            "the id of a boot is a secret"
        );
    });
}

#[test]
fn a_machine_for_its_disk_gets_a_lease_and_no_file() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&pxe(message(1, 1))).await;
        let offer = client.receive().await;
        assert!(!offer.yiaddr.is_unspecified());
        assert_eq!(offer.file, [0; 128]);
        assert_eq!(offer.options.get(OptionCode::BOOT_FILE), None);
    });
}

#[test]
fn a_proxy_never_gives_an_address() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        records.state().netboot = true;
        let _stop = lab.start(&records, DhcpMode::Proxy);
        let mut udhcpc = lab.client_program("udhcpc");
        udhcpc.args([
            "-i",
            "pxe-c",
            "-f",
            "-n",
            "-q",
            "-t",
            "2",
            "-T",
            "1",
            "-s",
            "/bin/true",
        ]);
        assert!(
            !udhcpc.status().await.unwrap().success(),
            "udhcpc got a lease"
        );
        lab.address_client();
        let client = DhcpClient::new(&lab, 68);
        client.broadcast(&pxe(message(1, 1))).await;
        let offer = client.receive().await;
        assert_eq!((kind(&offer), offer.yiaddr), (OFFER, Ipv4Addr::UNSPECIFIED));
        assert!(offer.file.starts_with(b"undionly.kpxe\0"));
        // A REQUEST is the other server's; the boot service answers where it is asked.
        client
            .broadcast(&pxe(request(1, Ipv4Addr::new(10, 77, 0, 60))))
            .await;
        let mut question = pxe(message(1, 3));
        question.ciaddr = Ipv4Addr::new(10, 77, 0, 9);
        let firmware = DhcpClient::new(&lab, 4011);
        firmware.send(&question, SERVER, 4011).await;
        let ack = firmware.receive().await;
        assert_eq!((kind(&ack), ack.yiaddr), (ACK, Ipv4Addr::UNSPECIFIED));
        assert!(ack.file.starts_with(b"undionly.kpxe\0"));
        // What was not answered until now is not answered at all: packets are taken in order.
        client.broadcast(&pxe(message(2, 1))).await;
        assert_eq!(client.receive().await.xid, 2);
        assert!(records.state().leases.is_empty());
    });
}

#[test]
fn a_flood_of_broken_packets_is_survived() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _stop = lab.start(&records, authoritative());
        let client = DhcpClient::new(&lab, 68);
        let whole = pxe(message(9, 1)).encode(548).bytes;
        for length in 0..whole.len() {
            client.send_bytes(&whole[..length]).await;
            let mut changed = whole.clone();
            changed[length] ^= 0xff;
            client.send_bytes(&changed).await;
        }
        client.broadcast(&message(1, 1)).await;
        while client.receive().await.xid != 1 {}
    });
}

#[test]
fn an_interface_is_served_by_one_drover_only() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let first = lab.bind(&records, DhcpMode::Proxy).unwrap();
        let error = lab.bind(&records, DhcpMode::Proxy).unwrap_err();
        assert!(matches!(error, BindError::InterfaceBusy { .. }), "{error}");
        drop(first);
        lab.bind(&records, DhcpMode::Proxy).unwrap();
    });
}

#[test]
fn a_port_in_use_is_named() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        let _taken = std::net::UdpSocket::bind("0.0.0.0:67").unwrap();
        let error = lab.bind(&records, DhcpMode::Proxy).unwrap_err();
        assert!(
            error.to_string().contains("port 67 on pxe-s is in use"),
            "{error}"
        );
    });
}
