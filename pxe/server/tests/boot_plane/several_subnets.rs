//! Several subnets: two on one link, and one behind a real relay.

use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName};
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::Packet;

use crate::exchange::{DhcpClient, kind, message};
use crate::lab::{FarSide, Lab, SERVER, small, subnet};
use crate::records::Records;

const ACK: u8 = 5;
const SECOND: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 1);

fn leasing(name: &str, network: &str, server: Ipv4Addr, range: &str) -> Subnet {
    Subnet {
        name: SubnetName::new(name),
        network: network.parse().unwrap(),
        server: server.into(),
        ..subnet(DhcpMode::Authoritative {
            ranges: vec![range.parse().unwrap()],
        })
    }
}

fn second() -> Subnet {
    leasing("second", "10.78.0.0/24", SECOND, "10.78.0.50-10.78.0.90")
}

fn server_of(reply: &Packet) -> Ipv4Addr {
    let octets: [u8; 4] = reply
        .options
        .get(OptionCode::SERVER)
        .unwrap()
        .try_into()
        .unwrap();
    octets.into()
}

/// The client whose MAC address ends so takes what it is offered.
async fn bind(client: &DhcpClient, number: u8) -> (Ipv4Addr, Ipv4Addr) {
    client.broadcast(&message(number, 1)).await;
    let (offer, from) = client.receive_from_anywhere().await;
    let server = server_of(&offer);
    assert_eq!(from, IpAddr::V4(server), "an offer comes from who it says");
    let mut request = message(number, 3);
    let options = &mut request.options;
    options.push(OptionCode::SERVER, &server.octets());
    options.push(OptionCode::REQUESTED_ADDRESS, &offer.yiaddr.octets());
    client.broadcast(&request).await;
    let (ack, _) = client.receive_from_anywhere().await;
    assert_eq!((kind(&ack), ack.yiaddr), (ACK, offer.yiaddr));
    (ack.yiaddr, server)
}

#[test]
fn a_link_with_two_subnets_leases_of_the_second_when_the_first_is_full() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let records = Records::default();
        lab.address_server("10.78.0.1/24");
        let first = subnet(small());
        // Those of machines on record may be leased to the last.
        let mac = |number| MacAddress::new([0x52, 0x54, 0, 0x77, 0, number]);
        records.state().registered = (1..=5).map(mac).collect();
        let _stop = lab.start_all(&records, vec![first, second()]);
        let client = DhcpClient::new(&lab, 68);
        for number in 1..=4 {
            let (address, server) = bind(&client, number).await;
            assert_eq!(server, SERVER, "{address}");
        }
        let (fifth, server) = bind(&client, 5).await;
        assert_eq!((fifth.octets()[1], server), (78, SECOND));
        // It is known there, and stays.
        assert_eq!(bind(&client, 5).await, (fifth, server));
        let leases = records.state().leases.clone();
        let subnets: Vec<&str> = leases.iter().map(|it| it.0.subnet.as_str()).collect();
        assert_eq!(subnets, ["lab", "lab", "lab", "lab", "second", "second"]);
    });
}

#[test]
fn a_host_behind_a_real_relay_gets_a_lease_of_its_subnet_and_renews_it() {
    let Some(lab) = Lab::new() else { return };
    let far = FarSide::new(&lab);
    let directory = lab.directory.path();
    let script = directory.join("script");
    let text = "#!/bin/sh\n[ \"$1\" = bound ] || exit 0\nip address add $ip/24 dev $interface\n\
                ip route add default via $router\necho \"$ip $router\" >>told\n";
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    lab.serve(async || {
        let records = Records::default();
        let relayed = Subnet {
            reach: Reach::Relayed { relays: Vec::new() },
            router: Some([10, 79, 0, 1].into()),
            ..leasing("far", "10.79.0.0/24", SERVER, "10.79.0.50-10.79.0.90")
        };
        let _stop = lab.start_all(&records, vec![subnet(small()), relayed]);
        let mut relay = lab.client_program("dnsmasq");
        relay.args(["--keep-in-foreground", "--port=0", "--conf-file=/dev/null"]);
        relay.args([
            "--dhcp-relay=10.79.0.1,10.77.0.1",
            "--user=root",
            "--pid-file",
        ]);
        let mut relay = relay.spawn().unwrap();
        let mut udhcpc = far.program("udhcpc", directory);
        udhcpc
            .args(["-i", "pxe-f", "-f", "-t", "20", "-T", "1", "-s"])
            .arg(&script);
        let mut running = udhcpc.spawn().unwrap();
        records.until(|state| state.leases.len() == 1).await;
        let told = directory.join("told");
        while !std::fs::read_to_string(&told).is_ok_and(|it| it.ends_with('\n')) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // It renews by unicast, which the router forwards and no relay sees.
        let id = nix::unistd::Pid::from_raw(running.id().unwrap().cast_signed());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGUSR1).unwrap();
        records.until(|state| state.leases.len() == 2).await;
        running.kill().await.unwrap();
        relay.kill().await.unwrap();
        let state = records.state();
        let address = state.leases[0].0.address;
        assert_eq!(state.leases[1].0.address, address);
        assert!(state.leases.iter().all(|it| it.0.subnet.as_str() == "far"));
        let told = std::fs::read_to_string(&told).unwrap();
        assert_eq!(told, format!("{address} 10.79.0.1\n"));
    });
}
