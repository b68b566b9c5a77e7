//! Machines that boot while somebody floods the daemon: every step is answered, and what is left of
//! the flood is bounded. How long the boots take is printed.

use std::io::Write;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::option_list::OptionList;
use pxe_dhcp::packet::{MINIMUM_LIMIT, Packet};
use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::namespace::Namespace;
use testbed::network::SERVER;

use crate::dhcp::{
    DECLINE, DISCOVER, DhcpClient, OFFER, bios, boot_file, broadcaster, ipxe, message, plain,
    request,
};
use crate::place::{AUTHORITATIVE, LONG, Place, card, give_address};
use crate::web::{connect, get};

/// A loader of a few hundred blocks.
const LOADER: usize = 100_001;
/// A flood that is faster than this measures how fast the kernel drops packets. It is its pace, and
/// nothing waits for it.
const PACE: Duration = Duration::from_millis(10);
const AT_ONCE: usize = 40;

/// Something that somebody does again and again.
type Flood<'a> = &'a (dyn Fn(&mut Attacker<'_>) + Sync);

/// Who floods.
struct Attacker<'a> {
    place: &'a Namespace,
    socket: UdpSocket,
    streams: Vec<TcpStream>,
    /// The card of the machine that boots meanwhile.
    victim: MacAddress,
    count: u32,
}

impl Attacker<'_> {
    /// A card that was never seen.
    fn new_card(&mut self) -> MacAddress {
        self.count += 1;
        let [a, b, c, d] = self.count.to_be_bytes();
        MacAddress::new([0x02, self.victim.octets()[5], a, b, c, d])
    }

    fn send(&mut self, packet: Packet) {
        self.count += 1;
        let packet = Packet {
            xid: self.count,
            ..packet
        };
        let bytes = packet.encode(MINIMUM_LIMIT).bytes;
        // A full queue of the sender loses packets, as a flood does.
        let _ = self.socket.send_to(&bytes, (Ipv4Addr::BROADCAST, 67));
    }

    /// The next offer to this card that is in the socket, or comes within a moment.
    fn offer(&self, mac: MacAddress) -> Option<Packet> {
        let mut buffer = [0; 2048];
        for _ in 0..50 {
            let (length, _) = self.socket.recv_from(&mut buffer).ok()?;
            let packet = Packet::decode(&buffer[..length]).ok()?;
            let is_offer = packet.options.get(OptionCode::MESSAGE_TYPE) == Some(&[OFFER]);
            if is_offer && packet.hardware == message(mac, DISCOVER).hardware {
                return Some(packet);
            }
        }
        None
    }
}

/// With option 97: a zero, and then the UUID's bytes (RFC 4578 §2.3).
fn with_board(board: &str, mut packet: Packet) -> Packet {
    let digits: String = board.chars().filter(|digit| *digit != '-').collect();
    let bytes = u128::from_str_radix(&digits, 16).unwrap().to_be_bytes();
    let value = [&[0][..], &bytes].concat();
    packet.options.push(OptionCode::MACHINE_IDENTIFIER, &value);
    packet
}

/// DISCOVERs of firmware and iPXE with the card of the machine that boots.
fn discovers_of_one_card(attacker: &mut Attacker<'_>) {
    let victim = attacker.victim;
    for number in 0..AT_ONCE {
        let dress = if number.is_multiple_of(2) { bios } else { ipxe };
        attacker.send(dress(message(victim, DISCOVER)));
    }
    std::thread::sleep(PACE);
}

/// DISCOVERs of strangers, of whom each is new.
fn discovers_of_strangers(attacker: &mut Attacker<'_>) {
    for number in 0..AT_ONCE {
        let mac = attacker.new_card();
        let dress = if number.is_multiple_of(2) {
            bios
        } else {
            plain
        };
        attacker.send(dress(message(mac, DISCOVER)));
    }
    std::thread::sleep(PACE);
}

/// Strangers that lease what they are offered, and others that decline it.
fn declines(attacker: &mut Attacker<'_>) {
    let mac = attacker.new_card();
    attacker.send(message(mac, DISCOVER));
    let Some(offer) = attacker.offer(mac) else {
        return;
    };
    let mut answer = request(mac, offer.yiaddr);
    if attacker.count % 8 < 4 {
        let mut options = OptionList::new();
        options.push(OptionCode::MESSAGE_TYPE, &[DECLINE]);
        options.push(OptionCode::SERVER, &SERVER.octets());
        options.push(OptionCode::REQUESTED_ADDRESS, &offer.yiaddr.octets());
        answer.options = options;
    }
    attacker.send(answer);
}

/// Scripts of cards that were never seen, all with the board of a known machine.
fn claimants(attacker: &mut Attacker<'_>) {
    let mac = attacker.new_card();
    let board = board(card(6));
    attacker.send(with_board(&board, ipxe(message(mac, DISCOVER))));
    let Some(offer) = attacker.offer(mac) else {
        return;
    };
    let url = boot_file(&offer);
    let boot = url.rsplit('/').next().unwrap_or_default();
    let path = format!("/script/{boot}?platform=pcbios&mac={mac}&uuid={board}");
    get(attacker.place, &path);
    // It takes another server's offer, so that ours is free for the next.
    let mut elsewhere = request(mac, offer.yiaddr);
    let mut options = OptionList::new();
    for (code, value) in elsewhere.options.iter() {
        let is_server = code == OptionCode::SERVER;
        options.push(code, if is_server { &[10, 77, 0, 2] } else { value });
    }
    elsewhere.options = options;
    attacker.send(elsewhere);
}

/// Thousands of connections: every other one is in the middle of its header, the others have asked
/// once and are silent. Those that end are renewed.
fn connections(attacker: &mut Attacker<'_>) {
    for _ in 0..AT_ONCE {
        let mut stream = connect(attacker.place, 8080);
        let begun: &[u8] = if attacker.streams.len().is_multiple_of(2) {
            b"GET /script/"
        } else {
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        };
        let _ = stream.write_all(begun);
        attacker.streams.push(stream);
    }
    if attacker.streams.len() > 4300 {
        attacker.streams.drain(..AT_ONCE);
    }
}

/// Boots the machine with this card over DHCP, TFTP and HTTP; fails if a step is not answered.
fn boots(at: &Namespace, mac: MacAddress, has_address: &AtomicBool) {
    let mut client = DhcpClient::new(at, mac);
    let (offer, ack) = client.lease(bios);
    assert_eq!(boot_file(&offer), "undionly.kpxe");
    if !has_address.swap(true, Ordering::Relaxed) {
        give_address(at, ack.yiaddr);
    }
    assert_eq!(loader(at), LOADER);
    let (offer, _) = client.lease(ipxe);
    let url = boot_file(&offer);
    let boot = url.rsplit('/').next().unwrap();
    let (status, first) = patiently(at, &format!("/boot/{boot}"));
    assert_eq!(status, 200);
    assert!(String::from_utf8_lossy(&first).contains("/script/"));
    let path = format!(
        "/script/{boot}?platform=pcbios&arch=x86_64&mac={mac}&uuid={}",
        board(mac)
    );
    let (status, script) = patiently(at, &path);
    let script = String::from_utf8_lossy(&script).into_owned();
    assert_eq!(status, 200, "{script}");
    assert!(script.contains("sleep "), "it is not led on: {script}");
    let (status, body) = patiently(at, "/loader/undionly.kpxe");
    assert_eq!((status, body.len()), (200, LOADER));
}

/// Each machine has a board of its own; claimants say that of the sixth.
fn board(mac: MacAddress) -> String {
    format!("4c4c4544-0000-4000-8000-0000000000{:02x}", mac.octets()[5])
}

/// As iPXE does: who is told to come again does.
fn patiently(at: &Namespace, path: &str) -> (u16, Vec<u8>) {
    let begin = Instant::now();
    loop {
        let (status, body) = get(at, path);
        if status != 503 || begin.elapsed() > LONG {
            return (status, body);
        }
    }
}

/// How many bytes of the loader come by TFTP, in lock step.
fn loader(at: &Namespace) -> usize {
    let socket = at.enter(|| UdpSocket::bind("0.0.0.0:0").unwrap()).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let (mut next, mut to) = (
        b"\0\x01undionly.kpxe\0octet\0".to_vec(),
        (SERVER, 69).into(),
    );
    let (mut wanted, mut length, mut buffer) = (1_u16, 0, [0; 600]);
    let begin = Instant::now();
    while begin.elapsed() < LONG {
        socket.send_to(&next, to).unwrap();
        let Ok((received, from)) = socket.recv_from(&mut buffer) else {
            continue;
        };
        let [high, low] = wanted.to_be_bytes();
        if buffer[..4] != [0, 3, high, low] {
            continue;
        }
        length += received - 4;
        (next, to, wanted) = (vec![0, 4, high, low], from, wanted + 1);
        if received < 516 {
            socket.send_to(&next, to).unwrap();
            return length;
        }
    }
    panic!("no loader: {length} bytes");
}

/// Boots a machine while somebody floods; prints how long it took.
fn boots_during(name: &str, flood: Flood<'_>, at: (&Namespace, &Namespace), mac: MacAddress) {
    let (flooder, machine) = at;
    let (stop, rounds) = (AtomicBool::new(false), AtomicU32::new(0));
    let has_address = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut attacker = Attacker {
                place: flooder,
                socket: broadcaster(flooder, 68),
                streams: Vec::new(),
                victim: mac,
                count: 0,
            };
            while !stop.load(Ordering::Relaxed) {
                flood(&mut attacker);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        // It is in full swing.
        while rounds.load(Ordering::Relaxed) < 100 {
            std::thread::yield_now();
        }
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let begin = Instant::now();
            boots(machine, mac, &has_address);
            println!("{name}: booted in {:?}", begin.elapsed());
        }));
        stop.store(true, Ordering::Relaxed);
        if let Err(panic) = ended {
            std::panic::resume_unwind(panic);
        }
    });
}

/// The daemon, with at most so many files and sockets.
async fn serve_within(place: &Place, descriptors: &str) -> DaemonProcess {
    let loaders = place.path("loaders");
    std::fs::create_dir_all(&loaders).unwrap();
    std::fs::write(loaders.join("undionly.kpxe"), vec![7; LOADER]).unwrap();
    let sections = format!("loaders: {{ directory: {} }}\n", loaders.display());
    let settings = place.settings(AUTHORITATIVE, &sections);
    let mut command = place.serve_command(&settings);
    let script = format!("ulimit {descriptors} && exec \"$0\" \"$@\"");
    let mut arguments: Vec<std::ffi::OsString> = vec!["-c".into(), script.into()];
    arguments.push(command.binary.into());
    arguments.append(&mut command.arguments);
    let command = DaemonCommand {
        binary: "sh".into(),
        arguments,
        ..command
    };
    let ready = |line: &str| line.contains(" ready ");
    DaemonProcess::start(&place.lab, command, ready)
        .await
        .unwrap()
}

/// Registers and accepts machines with these cards, without addresses of their own.
async fn machines(place: &Place, numbers: std::ops::Range<u8>) {
    let lines = numbers.clone().map(|number| {
        let mac = card(number);
        format!("  - {{ name: m{number}, nics: [{{ mac: \"{mac}\" }}] }}\n")
    });
    let text = format!("machines:\n{}", lines.collect::<String>());
    place.register(&text).await;
    for number in numbers {
        place
            .done(&["machine", "accept", &format!("m{number}")])
            .await;
    }
}

/// The test holds more connections than a login may.
fn raise_own_limit() {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_machine_boots_during_each_flood() {
    raise_own_limit();
    let place = Place::up("floods");
    let mut daemon = serve_within(&place, "-Sn 1024").await;
    let floods: [(&str, Flood<'_>); 5] = [
        ("DISCOVERs of one card", &discovers_of_one_card),
        ("connections", &connections),
        ("claimants of one board", &claimants),
        ("DISCOVERs of strangers", &discovers_of_strangers),
        ("strangers that lease and decline", &declines),
    ];
    machines(&place, 1..7).await;
    let flooder = place.client("flooder", card(99), Some([10, 77, 0, 9].into()));
    let first = place.client("m6", card(6), None);
    tokio::task::block_in_place(|| boots(&first, card(6), &AtomicBool::new(false)));
    for (number, (name, flood)) in (1..).zip(floods) {
        let machine = place.client(&format!("m{number}"), card(number), None);
        tokio::task::block_in_place(|| {
            boots_during(name, flood, (&flooder, &machine), card(number));
        });
    }
    let list = place.json(&["machine", "list"]).await;
    let count = list.to_string().matches("\"name\"").count();
    assert!(count <= 6 + 6, "claimants have records: {list}");
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_few_descriptors_connections_give_way_and_a_machine_boots() {
    raise_own_limit();
    let place = Place::up("few");
    let mut daemon = serve_within(&place, "-n 256").await;
    machines(&place, 1..2).await;
    let flooder = place.client("flooder", card(99), Some([10, 77, 0, 9].into()));
    let machine = place.client("m1", card(1), None);
    tokio::task::block_in_place(|| {
        boots_during(
            "256 descriptors",
            &connections,
            (&flooder, &machine),
            card(1),
        );
    });
    let log = std::fs::read_to_string(daemon.program().log()).unwrap();
    assert!(
        log.contains("few files may be open"),
        "nobody was told: {log}"
    );
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
