//! Machines that boot while somebody floods the daemon: every step is answered, and what is left of
//! the flood is bounded. How long the boots take is printed.

mod attacker;

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::namespace::Namespace;
use testbed::network::SERVER;

use crate::dhcp::{DhcpClient, bios, boot_file, broadcaster, ipxe};
use crate::place::{AUTHORITATIVE, LONG, Place, card, give_address};
use crate::web::get;
use attacker::{
    Attacker, claimants, connections, declines, discovers_of_one_card, discovers_of_strangers,
};

/// A loader of a few hundred blocks.
const LOADER: usize = 100_001;

/// Something that somebody does again and again.
type Flood<'a> = &'a (dyn Fn(&mut Attacker<'_>) + Sync);

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
