//! Every packet of `tests/packets` and its right answer, which stands in the file beside it: in
//! `NAME.hex` the packet, in `NAME.answer` how it comes (`port`, `from`, `after`) and what is made of
//! it. A machine that sends it is one that is to boot from the network.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pxe_dhcp::ask::{Ask, ServerPort};
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::load::Load;
use pxe_dhcp::offers::Offers;
use pxe_dhcp::option::OptionCode;
use pxe_dhcp::packet::Packet;
use pxe_dhcp::reply::{BootInstruction, ProxySchool, Reply};
use pxe_dhcp::route::Destination;

use crate::scene::{answer, authoritative, broadcast, loader, script, source, url};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/packets");

/// A packet, and its answer.
struct Files {
    name: &'static str,
    packet: &'static str,
    answer: &'static str,
}

macro_rules! files {
    ($($name:literal,)*) => {
        &[$(Files {
            name: $name,
            packet: include_str!(concat!("../packets/", $name, ".hex")),
            answer: include_str!(concat!("../packets/", $name, ".answer")),
        },)*]
    };
}

const FILES: &[Files] = files![
    "cisco-ios-xr-ztp-discover",
    "flexboot-no-userclass-discover",
    "hyperv-gen1-bios-discover-hops2",
    "infiniband-ipoib-discover-hlen0",
    "ipxe-userclass-list-second-entry",
    "oracle-bios-rom-uuid-is-mac-text",
    "pi-request-without-60",
    "pxe-bios-request-without-60",
    "pxe4011-request-boot-item-8000",
    "rom-ipxe-no-http-discover",
    "rpi3-netboot-discover",
    "smbios24-uuid-ipxe-discover",
    "smbios24-uuid-rom-discover",
    "uboot-riscv64-discover",
    "uefi-http-discover",
];

fn files(name: &str) -> &'static Files {
    FILES.iter().find(|files| files.name == name).unwrap()
}

/// The bytes of a packet in hexadecimal digits; `#` begins a line about it.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let digits: Vec<char> = lines.flat_map(str::chars).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap())
        .collect()
}

/// The files of the folder that end so, without that end.
fn names(end: &str) -> Vec<String> {
    let files = std::fs::read_dir(FOLDER).unwrap();
    let mut names: Vec<String> = files
        .filter_map(|file| {
            let name = file.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(end).map(ToOwned::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// How a packet comes, and what is to be made of it.
struct Case {
    arrival: Arrival,
    after: Option<String>,
    expected: String,
}

impl Case {
    fn read(name: &str) -> Self {
        let text = files(name).answer;
        let lines: BTreeMap<&str, &str> = text
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .collect();
        let arrival = match (lines.get("port"), lines.get("from")) {
            (Some(&"4011"), Some(from)) => Arrival {
                port: ServerPort::BootService,
                source: source(from),
                unicast: true,
            },
            (None, None) => broadcast(),
            _ => unreachable!("{name}: it comes to port 4011 from an address, or to 67"),
        };
        let is_input = |line: &&str| {
            ["port: ", "from: ", "after: "]
                .iter()
                .any(|key| line.starts_with(key))
        };
        Self {
            arrival,
            after: lines.get("after").map(|&it| it.to_owned()),
            expected: text
                .lines()
                .filter(|line| !is_input(line))
                .fold(String::new(), |all, line| all + line + "\n"),
        }
    }
}

fn client(name: &str, arrival: Arrival) -> Result<BootClient, Dropped> {
    BootClient::from_packet(&Packet::decode(&bytes(files(name).packet))?, arrival)
}

/// The answer to a client, as the lines of a file.
fn told(name: &str, case: &Case) -> String {
    let mut offers = Offers::default();
    if let Some(before) = &case.after {
        offers.offered(&client(before, broadcast()).unwrap());
    }
    let client = match client(name, case.arrival) {
        Ok(client) => offers.completed(client),
        Err(dropped) => return format!("dropped: {dropped}\nlogged: {}\n", dropped.is_told()),
    };
    let mut told = String::new();
    let (loads, boot) = loads(&client);
    writeln!(told, "loads: {loads}").unwrap();
    let reply = answer(
        &authoritative(),
        &client,
        &boot,
        ProxySchool::DiscoveryControl,
    );
    match reply {
        Ok(reply) => describe(&mut told, &reply),
        Err(dropped) => writeln!(told, "no reply: {dropped}").unwrap(),
    }
    told
}

fn loads(client: &BootClient) -> (String, BootInstruction) {
    if !client.is_netboot() {
        return ("nothing".to_owned(), BootInstruction::NoBoot);
    }
    match client.load() {
        Load::Script => ("a script".to_owned(), script()),
        Load::Loader(arch, firmware) => {
            let file = format!("{}-{}", arch.as_str(), firmware.as_str());
            if client.is_http() {
                let told = format!("the loader {file}, over HTTP");
                return (told, url(&file));
            }
            (format!("a loader for {arch} {firmware}"), loader(&file))
        }
        Load::Nothing(why) => (why.to_string(), BootInstruction::NoBoot),
    }
}

fn describe(told: &mut String, reply: &Reply) {
    let packet = &reply.packet;
    let to = match reply.route.destination {
        Destination::Relay(address) => format!("the relay {address}"),
        Destination::Client(address) => address.to_string(),
        Destination::Broadcast => "everybody".to_owned(),
        Destination::Link { mac, .. } => mac.to_string(),
    };
    writeln!(
        told,
        "reply: {} to {to} port {}",
        reply.kind, reply.route.port
    )
    .unwrap();
    writeln!(told, "address: {}", packet.yiaddr).unwrap();
    let file = packet.options.get(OptionCode::BOOT_FILE);
    let file = file.map_or_else(|| "none".to_owned(), |it| it.escape_ascii().to_string());
    writeln!(told, "file: {file}").unwrap();
    let vendor = packet.options.get(OptionCode::VENDOR);
    writeln!(told, "option 43: {:?}", vendor.unwrap_or_default()).unwrap();
}

#[test]
fn each_file_of_the_folder_is_a_case() {
    let cases: Vec<&str> = FILES.iter().map(|files| files.name).collect();
    assert_eq!(names(".hex"), cases);
    assert_eq!(names(".answer"), cases);
}

#[test]
fn each_packet_of_the_folder_gets_its_right_answer() {
    let mut wrong = String::new();
    for Files { name, .. } in FILES {
        let case = Case::read(name);
        let told = told(name, &case);
        if told != case.expected {
            let expected = &case.expected;
            write!(wrong, "{name}\n-- wanted\n{expected}-- got\n{told}\n").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The packets that follow one another are of one machine, or their case says nothing.
#[test]
fn what_follows_a_packet_is_its_transaction() {
    for Files { name, .. } in FILES {
        let case = Case::read(name);
        if let Some(before) = case.after {
            let (before, after) = (
                client(&before, broadcast()).unwrap(),
                client(name, case.arrival).unwrap(),
            );
            assert_eq!(before.ask, Ask::Discover, "{name}");
            assert_eq!(before.mac, after.mac, "{name}");
            assert_eq!(before.header.xid, after.header.xid, "{name}");
        }
    }
}
