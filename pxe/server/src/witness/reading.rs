//! What a packet says, in a line; and as what whoever looks for a missing step needs of it.

use std::net::Ipv4Addr;

use machine_core::hardware::Firmware;
use pxe_dhcp::ask::{Ask, ServerPort};
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::packet::Packet;
use pxe_dhcp::route::BOOT_SERVICE_PORT;

use crate::witnessed::Witnessed;

/// What a packet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reading {
    /// A client asks.
    Asks(Box<BootClient>),
    /// We answer.
    Answers(Answer),
    /// It makes no sense.
    Nothing(String),
}

/// An answer of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) kind: MessageKind,
    /// From port 4011.
    pub(super) is_boot_service: bool,
    pub(super) address: Option<Ipv4Addr>,
    /// What is to be loaded. A script's URL names the boot, which is that machine's secret.
    pub(super) file: Option<String>,
    /// Whether it says that the file is to be used at once (43.6).
    pub(super) controls: bool,
}

/// Reads a packet.
pub(super) fn read(packet: &Witnessed) -> Reading {
    let decoded = match Packet::decode(&packet.payload) {
        Ok(decoded) => decoded,
        Err(why) => return Reading::Nothing(why.to_string()),
    };
    if !packet.inbound {
        return Reading::Answers(Answer::of(&decoded, packet.from.port()));
    }
    let port = if packet.to.port() == BOOT_SERVICE_PORT {
        ServerPort::BootService
    } else {
        ServerPort::Dhcp
    };
    let arrival = Arrival {
        port,
        source: packet.from,
        unicast: !packet.to.ip().is_broadcast(),
    };
    match BootClient::from_packet(&decoded, arrival) {
        Ok(client) => Reading::Asks(Box::new(client)),
        Err(why) => Reading::Nothing(why.to_string()),
    }
}

impl Answer {
    fn of(packet: &Packet, port: u16) -> Self {
        let options = &packet.options;
        let kind = match options.get(OptionCode::MESSAGE_TYPE) {
            Some([code]) => MessageKind::from_code(*code),
            _ => None,
        };
        let file = options.get(OptionCode::BOOT_FILE).map(|file| {
            let file = String::from_utf8_lossy(file);
            let file = file.trim_end_matches('\0');
            match (file.rsplit_once('/'), file.contains("/loader/")) {
                (Some((_, name)), true) => format!("{name} over HTTP"),
                (Some(_), false) if file.starts_with("http") => "its script".to_owned(),
                _ => file.to_owned(),
            }
        });
        Self {
            kind: kind.unwrap_or(MessageKind::Nak),
            is_boot_service: port == BOOT_SERVICE_PORT,
            address: Some(packet.yiaddr).filter(|it| !it.is_unspecified()),
            file,
            controls: options.contains(OptionCode::VENDOR),
        }
    }
}

/// The packet as a line of an explanation.
pub(super) fn line(packet: &Witnessed) -> String {
    match read(packet) {
        Reading::Nothing(why) => format!("a packet from {}: {why}", packet.from),
        Reading::Answers(answer) => format!("{} to {}: {}", answer.kind, packet.to, told(&answer)),
        Reading::Asks(client) => {
            let asked = format!("{} from {}", asked(&client), packet.from);
            let who = format!("{asked}: {}", who(&client));
            match &packet.unanswered {
                Some(why) => format!("{who}; it got no answer: {why}"),
                None => who,
            }
        }
    }
}

fn asked(client: &BootClient) -> String {
    match client.ask {
        Ask::Discover => "DISCOVER".to_owned(),
        Ask::BootService => "REQUEST on port 4011".to_owned(),
        Ask::Request(request) => format!("REQUEST of {}", request.address()),
        Ask::Inform { address } => format!("INFORM of {address}"),
        Ask::Decline { address, .. } => format!("DECLINE of {address}"),
        Ask::Release { address, .. } => format!("RELEASE of {address}"),
    }
}

fn who(client: &BootClient) -> String {
    let kind = if client.is_ipxe() {
        "iPXE"
    } else if client.is_http() {
        "firmware, UEFI HTTP boot"
    } else if client.is_pxe() {
        "firmware, PXE"
    } else {
        "no network boot"
    };
    let platform = match (client.platform(), client.arch_code) {
        (Some((arch, firmware)), _) => format!(", {arch} {firmware}"),
        (None, Some(code)) => format!(", architecture {code}"),
        (None, None) => String::new(),
    };
    let relay = match client.header.giaddr {
        relay if relay.is_unspecified() => String::new(),
        relay => format!(", through the relay {relay}"),
    };
    format!("{kind}{platform}{relay}")
}

fn told(answer: &Answer) -> String {
    let address = answer.address.map(|it| it.to_string());
    let file = match (&answer.file, answer.controls) {
        (Some(file), true) => format!("{file} (43.6 = 8)"),
        (Some(file), false) => file.clone(),
        (None, _) => "no boot file".to_owned(),
    };
    address
        .into_iter()
        .chain([file])
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether such a client has the choice between the schools of proxyDHCP.
pub(super) fn is_uefi(client: &BootClient) -> bool {
    client
        .platform()
        .is_some_and(|(_, it)| it == Firmware::Uefi)
        && !client.is_ipxe()
}
