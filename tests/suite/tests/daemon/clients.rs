//! Real DHCP and TFTP clients, and a real DHCP server beside the daemon.

use std::fs;
use std::net::Ipv4Addr;

use machine_core::hardware::MacAddress;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use testbed::namespace::Namespace;
use testbed::network::{LINK, SERVER};
use testbed::program::Program;

use crate::dhcp::{
    self, ACK, DECLINE, DISCOVER, DhcpClient, INFORM, NAK, OFFER, RELEASE, REQUEST, bios,
    boot_file, plain, uefi,
};
use crate::place::{AUTHORITATIVE, LONG, Place, card, give_address, run, value};
use crate::web::get;

/// Starts dnsmasq as the DHCP server of the segment, for addresses from 10.77.0.100 on.
pub(crate) async fn dnsmasq(place: &Place, at: &Namespace) -> Program {
    let mut command = at.command("dnsmasq");
    let words = "--keep-in-foreground --conf-file=/dev/null --port=0 --bind-interfaces \
                 --dhcp-range=10.77.0.100,10.77.0.199,10m --dhcp-authoritative \
                 --leasefile-ro --user=root --log-facility=-";
    command.args(words.split_ascii_whitespace());
    command.arg(format!("--interface={LINK}"));
    let mut program = place.lab.start("dnsmasq", command).unwrap();
    let ready = |line: &str| line.contains("sockets bound exclusively");
    let wanted = "word that dnsmasq listens";
    program.wait_ready(wanted, LONG, ready).await.unwrap();
    program
}

fn address(text: &str, key: &str) -> Ipv4Addr {
    let found = value(text, key).unwrap_or_else(|| panic!("no {key} in: {text}"));
    found.parse().unwrap()
}

fn is_leased(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    octets[..3] == [10, 77, 0] && (50..=200).contains(&octets[3])
}

/// What dhclient, which knows nothing, is told.
async fn dhclient(place: &Place, client: &Namespace) -> String {
    let mut command = client.command("dhclient");
    let words = "-4 -d -1 -lf /dev/null -pf /dev/null -sf";
    command.args(words.split_ascii_whitespace());
    command.arg(place.lab.lease_script().unwrap()).arg(LINK);
    let mut program = place.prints("dhclient", command, "new_ip_address=").await;
    program.kill().await.unwrap();
    fs::read_to_string(program.log()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_dhcp_clients_get_leases_and_two_tftp_clients_the_loader() {
    let place = Place::up("clients");
    let lines = format!("{AUTHORITATIVE}, router: 10.77.0.1, dns: [10.77.0.3], lease_time: 600");
    let mut daemon = place.serve(&place.settings(&lines, "")).await;
    let one = place.client("udhcpc", card(1), None);
    let told = place.udhcpc(&one).await;
    let first = address(&told, "ip");
    assert!(is_leased(first), "{told}");
    for (key, wanted) in [
        ("subnet", "255.255.255.0"),
        ("router", "10.77.0.1"),
        ("dns", "10.77.0.3"),
        ("serverid", "10.77.0.1"),
        ("lease", "600"),
    ] {
        assert_eq!(value(&told, key), Some(wanted), "{key} in: {told}");
    }
    let other = place.client("dhclient", card(2), None);
    let told = dhclient(&place, &other).await;
    let second = address(&told, "new_ip_address");
    assert!(is_leased(second) && second != first, "{told}");

    give_address(&one, first);
    let loader = fs::read("/usr/lib/ipxe/undionly.kpxe").unwrap();
    let fetched = place.path("by-curl");
    let mut curl = one.command("curl");
    curl.arg("-sS").arg("-o").arg(&fetched);
    curl.arg(format!("tftp://{SERVER}/undionly.kpxe"));
    let said = run(curl).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(fs::read(&fetched).unwrap() == loader, "curl's differs");
    let fetched = place.path("by-tftp-hpa");
    let mut tftp = one.command("tftp");
    tftp.args(["-m", "octet", &SERVER.to_string(), "-c", "get"]);
    tftp.arg("undionly.kpxe").arg(&fetched);
    let said = run(tftp).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(fs::read(&fetched).unwrap() == loader, "tftp-hpa's differs");
    let mut curl = one.command("curl");
    curl.args(["-sS", "tftp://10.77.0.1/../../etc/passwd", "--path-as-is"]);
    let said = run(curl).await;
    assert_ne!(said.code, Some(0), "{said:?}");
    assert!(!said.out.contains("root:"), "{said:?}");

    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_another_dhcp_server_only_firmware_is_answered_and_never_with_an_address() {
    let place = Place::up("proxy");
    let other_address = Ipv4Addr::new(10, 77, 0, 2);
    let other = place.client("other", card(9), Some(other_address));
    let _dnsmasq = dnsmasq(&place, &other).await;
    let settings = place.settings("mode: proxy, unknown: inspect", "");
    let mut daemon = place.serve(&settings).await;

    let client = place.client("client", card(1), None);
    let told = place.udhcpc(&client).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.2"), "{told}");
    assert!(address(&told, "ip").octets()[3] >= 100, "{told}");
    assert_eq!(value(&told, "boot_file"), None, "{told}");

    let place_of_firmware = place.client("firmware", card(2), None);
    for (mac, dress, file) in [
        (card(2), bios as dhcp::Dress, "undionly.kpxe"),
        (card(3), uefi, "snponly.efi"),
    ] {
        boots(&place_of_firmware, mac, dress, file, other_address);
    }
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_told_of_refused_to_others_given_back_and_declined() {
    let place = Place::up("leases");
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let holder = place.client("holder", card(1), None);
    let asker = place.client("asker", card(2), None);
    tokio::task::block_in_place(|| {
        let mut one = DhcpClient::new(&holder, card(1));
        let (_, ack) = one.lease(plain);
        let address = ack.yiaddr;
        give_address(&holder, address);
        let mut inform = dhcp::message(card(1), INFORM);
        inform.ciaddr = address;
        let told = one.ask(inform, ACK, SERVER);
        assert_eq!(
            told.yiaddr,
            Ipv4Addr::UNSPECIFIED,
            "no lease (RFC 2131 §4.3.5)"
        );

        let mut two = DhcpClient::new(&asker, card(2));
        let mut reboot = dhcp::message(card(2), REQUEST);
        let wanted = OptionCode::REQUESTED_ADDRESS;
        reboot.options.push(wanted, &address.octets());
        two.ask(reboot, NAK, SERVER);

        let mut release = dhcp::message(card(1), RELEASE);
        release.ciaddr = address;
        release.options.push(OptionCode::SERVER, &SERVER.octets());
        one.tell(&release);
        // Asked for again until it is free.
        two.ask(dhcp::request(card(2), address), ACK, SERVER);

        let mut decline = dhcp::request(card(2), address);
        let mut options = OptionList::new();
        options.push(OptionCode::MESSAGE_TYPE, &[DECLINE]);
        options.push(OptionCode::SERVER, &SERVER.octets());
        options.push(wanted, &address.octets());
        decline.options = options;
        two.tell(&decline);
        let mut discover = dhcp::message(card(2), DISCOVER);
        discover.options.push(wanted, &address.octets());
        let is_away = |_| two.ask(discover.clone(), OFFER, SERVER).yiaddr != address;
        assert!((0..100).any(is_away), "{address} is offered all the same");
    });
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_goes_to_the_address_of_its_boot_only() {
    let place = Place::up("script");
    let settings = place.settings(&format!("{AUTHORITATIVE}, unknown: inspect"), "");
    let mut daemon = place.serve(&settings).await;
    let holder = place.client("holder", card(1), None);
    let other = place.client("other", card(2), Some([10, 77, 0, 9].into()));
    tokio::task::block_in_place(|| {
        let (offer, ack) = DhcpClient::new(&holder, card(1)).lease(dhcp::ipxe);
        give_address(&holder, ack.yiaddr);
        let url = boot_file(&offer);
        let boot = url.rsplit('/').next().unwrap();
        let ask = |at: &Namespace| {
            let (status, body) = get(at, &format!("/script/{boot}?mac={}", card(1)));
            assert_eq!(status, 200);
            String::from_utf8(body).unwrap()
        };
        let refused = "there is no such boot here";
        let told = ask(&other);
        assert!(told.contains(refused), "{told}");
        let told = ask(&holder);
        assert!(!told.contains(refused), "{told}");
    });
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

fn boots(at: &Namespace, mac: MacAddress, dress: dhcp::Dress, file: &str, other: Ipv4Addr) {
    let mut client = DhcpClient::new(at, mac);
    let discover = || dress(dhcp::message(mac, DISCOVER));
    let ours = client.ask(discover(), OFFER, SERVER);
    assert_eq!(ours.yiaddr, Ipv4Addr::UNSPECIFIED);
    assert_eq!(boot_file(&ours), file);
    let theirs = client.ask(discover(), OFFER, other);
    assert!(!theirs.yiaddr.is_unspecified());
    let mut request = dress(dhcp::request(mac, theirs.yiaddr));
    request.options = {
        let code = OptionCode::SERVER;
        let mut options = OptionList::new();
        for (each, value) in request.options.iter() {
            let octets = other.octets();
            options.push(each, if each == code { &octets } else { value });
        }
        options
    };
    let ack = client.ask(request, ACK, other);
    assert_eq!(ack.yiaddr, theirs.yiaddr);
}
