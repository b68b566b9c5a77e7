//! The search for other DHCP servers: ones that are slow, on this very host, late, or behind a link
//! that comes late.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::network::DhcpMode;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{MINIMUM_LIMIT, Operation, Packet};
use pxe_server::foreign_server::search::find_foreign_server;
use pxe_server::foreign_server::watch::{Pace, Watch};
use pxe_server::foreign_server::{ForeignServer, PATIENCE, Service};
use pxe_server::interface::Interface;
use socket2::{Domain, Socket, Type};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::lab::{Lab, SERVER, authoritative};
use crate::log::Log;
use crate::records::Records;

/// Asks for another server, from the namespace of this thread.
fn find_on(interface: &str, patience: Duration) -> Option<ForeignServer> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().build().unwrap();
    let interface = Interface::take(interface).unwrap();
    let found = runtime.block_on(find_foreign_server(&interface, patience));
    found.unwrap()
}

/// It answers only the question that it has seen five times: as dnsmasq, which pings an address
/// before it offers it, answers late what it was asked first.
#[test]
fn a_slow_server_of_this_host_is_found_and_named() {
    let Some(lab) = Lab::new() else { return };
    let found = lab.within_server(|| {
        let socket = port_67("pxe-s");
        std::thread::scope(|scope| {
            scope.spawn(|| offer_the_fifth(&socket));
            find_on("pxe-s", PATIENCE)
        })
    });
    let found = found.unwrap();
    assert_eq!(found.server, SERVER, "also with an address of ours");
    let offered = IpAddr::from([10, 77, 0, 99]);
    assert_eq!(found.service, Service::Leases { offered });
}

fn port_67(interface: &str) -> UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
    socket.set_broadcast(true).unwrap();
    socket.set_reuse_address(true).unwrap();
    socket.bind_device(Some(interface.as_bytes())).unwrap();
    let limit = Some(Duration::from_mins(1));
    socket.set_read_timeout(limit).unwrap();
    let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 67);
    socket.bind(&SocketAddr::V4(address).into()).unwrap();
    socket.into()
}

fn offer_the_fifth(socket: &UdpSocket) {
    let mut buffer = [0; 2048];
    let (length, _) = socket.recv_from(&mut buffer).unwrap();
    let question = buffer[..length].to_vec();
    for _ in 1..5 {
        let (length, _) = socket.recv_from(&mut buffer).unwrap();
        assert_eq!(buffer[..length], question, "the same question again");
    }
    let mut options = OptionList::new();
    options.push(OptionCode::MESSAGE_TYPE, &[2]);
    options.push(OptionCode::SERVER, &SERVER.octets());
    let offer = Packet {
        operation: Operation::Reply,
        yiaddr: Ipv4Addr::new(10, 77, 0, 99),
        options,
        ..Packet::decode(&question).unwrap()
    };
    let bytes = offer.encode(MINIMUM_LIMIT).bytes;
    socket.send_to(&bytes, (Ipv4Addr::BROADCAST, 68)).unwrap();
}

#[test]
fn another_server_is_found_and_named() {
    let Some(lab) = Lab::new() else { return };
    let found = std::thread::scope(|scope| {
        let (ready, started) = std::sync::mpsc::channel();
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let lab = &lab;
        scope.spawn(move || {
            lab.serve(async || {
                let stop = lab.start(&Records::default(), authoritative());
                ready.send(()).unwrap();
                let _ = finished.await;
                stop.cancel();
            });
        });
        started.recv().unwrap();
        let found = lab.as_client(|| find_on("pxe-c", Duration::from_mins(1)));
        finish.send(()).unwrap();
        found.unwrap()
    });
    assert_eq!(found.server, IpAddr::V4(SERVER));
    assert!(found.to_string().contains("10.77.0.1"), "{found}");
}

/// dnsmasq in the client's namespace, as a router that somebody plugs in.
fn dnsmasq(lab: &Lab, arguments: &[&str]) -> Option<tokio::process::Child> {
    let mut command = lab.client_program("dnsmasq");
    command.args(["--keep-in-foreground", "--conf-file=/dev/null", "--port=0"]);
    command.args(["--user=root", "--interface=pxe-c", "--bind-interfaces"]);
    command.args(["--no-ping", "--dhcp-leasefile=leases", "--pid-file"]);
    command.args(arguments);
    command.stderr(std::process::Stdio::null());
    let mut asked = std::process::Command::new("dnsmasq");
    if asked.arg("--version").output().is_err() {
        eprintln!("skipped: dnsmasq is not installed");
        return None;
    }
    Some(command.spawn().unwrap())
}

/// A search on the server's end that goes on quickly.
fn watch(mode: DhcpMode, card: MacAddress, stop: &CancellationToken) -> JoinHandle<()> {
    let pace = Pace {
        listen: Duration::from_millis(300),
        pause: Duration::from_millis(100),
    };
    let watch = Watch {
        interface: "pxe-s".to_owned(),
        mode,
        card,
        pace,
    };
    tokio::spawn(watch.run(stop.clone()))
}

const CARD: MacAddress = MacAddress::new([2, 0, 0, 0, 0, 1]);

#[test]
fn a_server_that_comes_while_drover_runs_is_named_once_a_minute() {
    let Some(lab) = Lab::new() else { return };
    lab.address_client();
    lab.serve(async || {
        let log = Log::capture();
        let stop = CancellationToken::new();
        let watching = watch(authoritative(), CARD, &stop);
        log.until("looked for other DHCP servers found=0", 1).await;
        let range = ["--dhcp-range=10.77.0.210,10.77.0.220,255.255.255.0"];
        let Some(_router) = dnsmasq(&lab, &range) else {
            return;
        };
        log.until("looked for other DHCP servers found=1", 5).await;
        let named = "10.77.0.9 is another DHCP server on this link: it offered 10.77.0.2";
        assert_eq!(log.warnings(named), 1, "{}", log.text());
        assert_eq!(log.warnings("10.77.0.9"), 1, "{}", log.text());
        stop.cancel();
        watching.await.unwrap();
    });
}

#[test]
fn a_proxy_that_comes_while_drover_runs_is_named() {
    let Some(lab) = Lab::new() else { return };
    lab.address_client();
    lab.serve(async || {
        let log = Log::capture();
        let stop = CancellationToken::new();
        let watching = watch(DhcpMode::Proxy, CARD, &stop);
        let proxy = [
            "--dhcp-range=10.77.0.0,proxy",
            "--pxe-service=x86PC,Other,other",
        ];
        let Some(_proxy) = dnsmasq(&lab, &proxy) else {
            return;
        };
        log.until("10.77.0.9 is another PXE server (proxyDHCP)", 1)
            .await;
        stop.cancel();
        watching.await.unwrap();
    });
}

#[test]
fn beside_another_server_its_leases_are_no_news_but_its_boot_files_are() {
    let Some(lab) = Lab::new() else { return };
    lab.address_client();
    lab.serve(async || {
        let log = Log::capture();
        let stop = CancellationToken::new();
        let watching = watch(DhcpMode::Proxy, CARD, &stop);
        let router = [
            "--dhcp-range=10.77.0.210,10.77.0.220,255.255.255.0",
            "--dhcp-match=set:boots,93",
            "--dhcp-boot=tag:boots,other.kpxe",
        ];
        let Some(_router) = dnsmasq(&lab, &router) else {
            return;
        };
        log.until("looked for other DHCP servers found=1", 5).await;
        assert_eq!(log.warnings("10.77.0.9"), 1, "{}", log.text());
        assert_eq!(log.warnings("says what to boot"), 1, "{}", log.text());
        stop.cancel();
        watching.await.unwrap();
    });
}

#[test]
fn our_own_search_is_not_answered_by_us() {
    let Some(lab) = Lab::new() else { return };
    lab.serve(async || {
        let log = Log::capture();
        let records = Records::default();
        let plane = lab.bind(&records, authoritative()).unwrap();
        let card = plane.search_card();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(plane.run(stop.clone()));
        let watching = watch(authoritative(), card, &stop);
        log.until("looked for other DHCP servers found=0", 4).await;
        stop.cancel();
        watching.await.unwrap();
        serving.await.unwrap().unwrap();
        assert_eq!(log.warnings("10.77.0.1"), 0, "{}", log.text());
        assert!(records.state().questions.is_empty(), "it opens no boot");
    });
}

#[test]
fn a_search_without_a_link_says_that_nobody_could_be_asked() {
    let Some(lab) = Lab::new() else { return };
    lab.cut_link();
    lab.within_server(|| {
        let log = Log::capture();
        assert_eq!(find_on("pxe-s", Duration::from_millis(100)), None);
        assert_eq!(log.warnings("there is no link"), 1, "{}", log.text());
    });
}
