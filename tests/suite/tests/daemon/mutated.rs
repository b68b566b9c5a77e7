//! 100,000 broken packets against the running daemon, on each of its ports.
//!
//! After every few of them somebody asks a proper question and waits for its answer: so the
//! daemon has read them, and not the kernel dropped them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use pxe_dhcp::packet::{MAXIMUM_LIMIT, Packet};
use testbed::namespace::Namespace;
use testbed::network::SERVER;
use testbed::process::ProcessIdentity;

use crate::dhcp::{
    DISCOVER, DhcpClient, OFFER, bios, broadcaster, ipxe, message, plain, request, uefi,
};
use crate::mutation::{Random, mutant, seed};
use crate::place::{AUTHORITATIVE, LONG, Place, card};
use crate::web::{connect, get};

const DHCP: usize = 40_000;
const BOOT_SERVICE: usize = 15_000;
const TFTP: usize = 25_000;
const HTTP: usize = 10_000;
const EVENTS: usize = 5_000;
const LOGS: usize = 5_000;

/// Packets between two questions: fewer than a socket's buffer holds.
const FLIGHT: usize = 50;
/// Bounds that only a leak or a line for each packet goes over.
const GROWTH_KIB: u64 = 64 << 10;
const LINES: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_mutated_packets_are_survived() {
    assert_eq!(DHCP + BOOT_SERVICE + TFTP + HTTP + EVENTS + LOGS, 100_000);
    let seed = seed();
    println!("DROVER_SEED={seed}");
    let place = Place::up("mutated");
    let settings = place.settings(&format!("{AUTHORITATIVE}, unknown: inspect"), "");
    let mut daemon = place.serve(&settings).await;
    let reserved = Ipv4Addr::new(10, 77, 0, 20);
    let text = format!(
        "machines:\n  - {{ name: valid, nics: [{{ mac: \"{}\", address: {reserved} }}] }}\n",
        card(1)
    );
    place.register(&text).await;
    let valid = place.client("valid", card(1), None);
    let broken = place.client("broken", card(2), Some([10, 77, 0, 9].into()));
    let pid = daemon.program().pid().unwrap();
    let process = ProcessIdentity::of(pid).unwrap();
    let before = resident_kib(pid);

    tokio::task::block_in_place(|| attack(seed, &valid, &broken));

    assert!(process.is_alive(), "the daemon ended");
    let grown = resident_kib(pid).saturating_sub(before);
    println!("resident: {before} KiB, and {grown} KiB more");
    assert!(grown < GROWTH_KIB, "{grown} KiB");
    let (_, ack) = DhcpClient::new(&valid, card(1)).lease(plain);
    assert_eq!(ack.yiaddr, reserved);
    crate::place::give_address(&valid, reserved);
    let (status, loader) = get(&valid, "/loader/undionly.kpxe");
    assert_eq!(status, 200);
    assert!(loader == fs::read("/usr/lib/ipxe/undionly.kpxe").unwrap());
    assert_eq!(get(&valid, "/c/nothing/config.yaml").0, 404);
    assert_eq!(get(&valid, "/boot/nothing").0, 404);
    place.done(&["machine", "show", "valid"]).await;
    let log = place.lab.artefacts().path("daemon.log");
    assert_said_once_a_minute(&fs::read_to_string(log).unwrap());
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

fn attack(seed: u64, valid: &Namespace, broken: &Namespace) {
    std::thread::scope(|scope| {
        let random = |number: u64| Random::new(seed.wrapping_add(number << 32));
        scope.spawn(move || {
            let mut asker = DhcpClient::new(valid, card(1));
            let socket = broadcaster(broken, 68);
            let mut random = random(1);
            dhcp(&mut random, &socket, &mut asker, 67, DHCP);
            dhcp(&mut random, &socket, &mut asker, 4011, BOOT_SERVICE);
        });
        scope.spawn(move || tftp(&mut random(2), broken));
        for (number, port, count, good) in [
            (3, 8080, HTTP, good_http()),
            (4, 8081, EVENTS, good_events()),
            (5, 8082, LOGS, good_logs()),
        ] {
            scope.spawn(move || stream(&mut random(number), broken, port, count, &good));
        }
    });
}

fn dhcp(random: &mut Random, socket: &UdpSocket, asker: &mut DhcpClient, port: u16, count: usize) {
    let good = good_dhcp();
    let begin = Instant::now();
    for number in 0..count {
        let packet = mutant(random, &good);
        let to = *random.pick(&[SERVER, Ipv4Addr::BROADCAST]);
        socket.send_to(&packet, (to, port)).unwrap();
        if number % FLIGHT == 0 {
            asker.ask(message(card(1), DISCOVER), OFFER, SERVER);
        }
    }
    println!("{count} to port {port} in {:?}", begin.elapsed());
}

fn good_dhcp() -> Vec<Vec<u8>> {
    let address = Ipv4Addr::new(10, 77, 0, 60);
    let mut good = Vec::new();
    // 3 REQUEST, 4 DECLINE, 7 RELEASE, 8 INFORM (RFC 2132 §9.6).
    for kind in [1, 3, 4, 7, 8] {
        for dress in [plain, bios, uefi, ipxe] {
            let packet = if kind == 3 {
                request(card(2), address)
            } else {
                message(card(2), kind)
            };
            let packet = Packet {
                ciaddr: if kind >= 7 { address } else { packet.ciaddr },
                ..dress(packet)
            };
            good.push(packet.encode(MAXIMUM_LIMIT).bytes);
        }
    }
    good
}

fn tftp(random: &mut Random, broken: &Namespace) {
    let good: Vec<Vec<u8>> = [
        &b"\0\x01undionly.kpxe\0octet\0"[..],
        b"\0\x01undionly.kpxe\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0",
        b"\0\x01snponly.efi\0netascii\0timeout\x003\0",
        b"\0\x02undionly.kpxe\0octet\0",
        b"\0\x04\0\x01",
        b"\0\x03\0\x01some data",
        b"\0\x05\0\x08refused\0",
        b"\0\x06blksize\x00512\0",
    ]
    .map(<[u8]>::to_vec)
    .into();
    let begin = Instant::now();
    for _ in 0..TFTP / FLIGHT {
        let socket = udp(broken);
        let mut to = SocketAddr::from((SERVER, 69));
        let mut transfers = BTreeSet::new();
        for _ in 0..FLIGHT {
            socket.send_to(&mutant(random, &good), to).unwrap();
            // Half of what follows an answer goes to the transfer, not to the port.
            let answered = socket.recv_from(&mut [0; 2048]).map(|(_, from)| from);
            transfers.extend(answered.as_ref().ok());
            to = match answered {
                Ok(transfer) if random.below(2) == 0 => transfer,
                _ => (SERVER, 69).into(),
            };
        }
        ask_for_loader(&udp(broken));
        // The flight has been read by now, and answered.
        end(&socket, transfers);
    }
    println!("{TFTP} to port 69 in {:?}", begin.elapsed());
}

/// Ends the transfers of a flight: an address may have few at once, and these would all wait for
/// their client until they give it up.
fn end(socket: &UdpSocket, mut transfers: BTreeSet<SocketAddr>) {
    while let Ok((_, from)) = socket.recv_from(&mut [0; 2048]) {
        transfers.insert(from);
    }
    for transfer in transfers {
        socket.send_to(b"\0\x05\0\0enough\0", transfer).unwrap();
    }
}

/// A socket that does not wait.
fn udp(place: &Namespace) -> UdpSocket {
    let socket = place.enter(|| UdpSocket::bind("0.0.0.0:0").unwrap());
    let socket = socket.unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Asks until the first block comes, and ends the transfer (RFC 1350 §7).
fn ask_for_loader(socket: &UdpSocket) {
    socket.set_nonblocking(false).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let begin = Instant::now();
    let mut buffer = [0; 2048];
    while begin.elapsed() < LONG {
        let question = b"\0\x01undionly.kpxe\0octet\0";
        socket.send_to(question, (SERVER, 69)).unwrap();
        if let Ok((_, from)) = socket.recv_from(&mut buffer) {
            assert_eq!(buffer[..4], [0, 3, 0, 1]);
            socket.send_to(b"\0\x05\0\0enough\0", from).unwrap();
            return;
        }
    }
    panic!("no first block");
}

/// Each on a connection of its own, that is read until the daemon closes it.
fn stream(random: &mut Random, broken: &Namespace, port: u16, count: usize, good: &[Vec<u8>]) {
    let begin = Instant::now();
    for _ in 0..count {
        let mut stream = connect(broken, port);
        // Errors are the daemon's right: it may hang up on what it does not want to read.
        let _ = stream.write_all(&mutant(random, good));
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            let kind = error.kind();
            assert_ne!(kind, std::io::ErrorKind::WouldBlock, "port {port} is deaf");
        }
    }
    println!("{count} to port {port} in {:?}", begin.elapsed());
}

fn good_http() -> Vec<Vec<u8>> {
    let id = "ab".repeat(16);
    let mut good = Vec::new();
    for path in [
        format!("/boot/{id}"),
        format!("/script/{id}?platform=efi&arch=x86_64&mac=52-54-00-77-cc-02&uuid=%41&serial=S"),
        format!("/assets/{id}{id}/kernel?boot={id}"),
        "/loader/undionly.kpxe".to_owned(),
        "/c/some.token/config.yaml?mac=x".to_owned(),
    ] {
        for (method, lines) in [
            ("GET", "Range: bytes=0-9\r\n"),
            ("HEAD", ""),
            ("POST", "Content-Length: 3\r\nContent-Type: text/plain\r\n"),
            (
                "GET",
                "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n",
            ),
        ] {
            let text = format!("{method} {path} HTTP/1.1\r\nHost: {SERVER}\r\n{lines}\r\n");
            good.push(text.into_bytes());
        }
    }
    good
}

/// A call to the event sink over HTTP/2 (RFC 9113 §4.1): preface, SETTINGS, HEADERS, DATA.
fn good_events() -> Vec<Vec<u8>> {
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags, 0, 0, 0, stream]);
        frame.extend(payload);
        frame
    };
    let text = |name: &[u8], value: &[u8]| {
        let value_length = u8::try_from(value.len()).unwrap();
        [name, &[value_length], value].concat()
    };
    // RFC 7541: indexed :method POST and :scheme http; literal :path, :authority, content-type, te.
    let headers = [
        vec![0x83, 0x86],
        text(&[0x04], b"/events.EventSinkService/Publish"),
        text(&[0x01], b"10.77.0.1:8081"),
        text(&[0x0f, 0x10], b"application/grpc"),
        text(&[0x00, 0x02, b't', b'e'], b"trailers"),
    ]
    .concat();
    let any = [
        text(&[0x0a], b"type.googleapis.com/machine.PhaseEvent"),
        text(&[0x12], b"\x0a\x07install\x10\x01"),
    ]
    .concat();
    let event = [text(&[0x0a], &any), text(&[0x12], b"cq0aaaaaaaaaaaaaaaaa")].concat();
    let length = u32::try_from(event.len()).unwrap().to_be_bytes();
    let message = [&[0], &length[..], &event].concat();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let call = [
        preface.clone(),
        frame(4, 0, 0, &[]),
        frame(1, 4, 1, &headers),
        frame(0, 1, 1, &message),
    ]
    .concat();
    vec![call.clone(), call, preface]
}

fn good_logs() -> Vec<Vec<u8>> {
    vec![
        br#"{"msg":"SUBSYSTEM=x","clock":12,"facility":"kern","priority":"info","seq":1,"talos-level":"info","talos-time":"2026-01-01T00:00:00Z"}
"#
        .to_vec(),
        b"{\"msg\":\"task startAllServices (1/1): done\",\"talos-service\":\"machined\"}\n".to_vec(),
        b"\n\n{}\n[]\nnull\n".to_vec(),
    ]
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// Whoever sends nonsense is in the log once a minute; there is no line for each packet.
fn assert_said_once_a_minute(log: &str) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains("dropped: ")) {
        let field = |name: &str| {
            let rest = line.split_once(name).map(|(_, rest)| rest);
            let word = rest.and_then(|rest| rest.split(' ').next());
            word.unwrap_or_else(|| panic!("no {name} in: {line}"))
        };
        let who = format!("{} {}", field("protocol="), field("source="));
        let at = seconds_of_day(line);
        if let Some(before) = last.insert(who, at) {
            let gap = (at + 86_400 - before) % 86_400;
            assert!(gap >= 59, "again after {gap} s: {line}");
        }
    }
    let protocols: Vec<&String> = last.keys().collect();
    println!("dropped, by {protocols:?}");
    assert!(last.len() >= 5, "not every protocol: {protocols:?}");
    let count = log.lines().count();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for line in log.lines() {
        let words = line.split_ascii_whitespace().skip(1);
        *kinds
            .entry(words.take(6).collect::<Vec<_>>().join(" "))
            .or_default() += 1;
    }
    assert!(count < LINES, "{count} lines: {kinds:#?}");
}

fn seconds_of_day(line: &str) -> u64 {
    let (_, time) = line.split_once('T').unwrap();
    let parts = time[..8]
        .split(':')
        .map(|part| part.parse::<u64>().unwrap());
    parts.fold(0, |sum, part| sum * 60 + part)
}
