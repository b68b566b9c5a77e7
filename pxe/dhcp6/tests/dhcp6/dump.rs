//! A client and a reply as people read them: the form of the golden files.

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use pxe_dhcp6::client::BootClient;
use pxe_dhcp6::dropped::Dropped;
use pxe_dhcp6::message_kind::MessageKind;
use pxe_dhcp6::option::{OptionCode, Options, texts};
use pxe_dhcp6::reply::Reply;

/// What is made of a packet.
pub(crate) fn client(client: &BootClient) -> String {
    let mut text = format!("asks {:?}\n", client.ask);
    for association in &client.associations {
        let key = client.key(association).unwrap();
        writeln!(text, "for {key} {:?}", association.addresses).unwrap();
    }
    for claim in &client.cards {
        writeln!(text, "card {} by {}", claim.card, claim.source).unwrap();
    }
    if let Some(uuid) = client.uuid {
        writeln!(text, "board {uuid}").unwrap();
    }
    if client.boots() {
        writeln!(text, "loads {:?}", client.load()).unwrap();
    }
    writeln!(text, "asked in {:?}", client.origin()).unwrap();
    text
}

/// A reply, or why there is none.
pub(crate) fn reply(reply: &Result<Reply, Dropped>) -> String {
    match reply {
        Err(dropped) => format!("no reply: {dropped}\n"),
        Ok(reply) => {
            let route = reply.route;
            let way = format!("{:?} port {}", route.destination, route.port);
            let length = reply.bytes.len();
            let mut text = format!("{} to {way}\n", reply.kind);
            writeln!(text, "{length} bytes, left out {:?}", reply.left_out).unwrap();
            message(&mut text, 0, &reply.bytes);
            text
        }
    }
}

fn message(text: &mut String, depth: usize, bytes: &[u8]) {
    let kind = MessageKind::from_code(bytes[0]).unwrap();
    let indent = "  ".repeat(depth);
    if kind == MessageKind::RelayReply {
        let address =
            |at: usize| Ipv6Addr::from(<[u8; 16]>::try_from(&bytes[at..at + 16]).unwrap());
        let (link, peer) = (address(2), address(18));
        writeln!(
            text,
            "{indent}{kind} hops {} link {link} peer {peer}",
            bytes[1]
        )
        .unwrap();
        return options(text, depth + 1, &bytes[34..]);
    }
    writeln!(text, "{indent}{kind} {}", hex(&bytes[1..4])).unwrap();
    options(text, depth + 1, &bytes[4..]);
}

fn options(text: &mut String, depth: usize, bytes: &[u8]) {
    let indent = "  ".repeat(depth);
    for (code, value) in Options::new(bytes) {
        write!(text, "{indent}{}", code.0).unwrap();
        let (line, inner) = readable(code, value);
        writeln!(text, " {line}").unwrap();
        match code {
            OptionCode::RELAY_MESSAGE => message(text, depth + 1, value),
            _ => options(text, depth + 1, inner),
        }
    }
}

/// What an option says, and the options in it.
fn readable(code: OptionCode, value: &[u8]) -> (String, &[u8]) {
    let number = |at: usize| u32::from_be_bytes(value[at..at + 4].try_into().unwrap());
    let addresses = || {
        let all = value.chunks(16);
        let all = all.map(|it| Ipv6Addr::from(<[u8; 16]>::try_from(it).unwrap()).to_string());
        all.collect::<Vec<_>>().join(" ")
    };
    match code {
        OptionCode::IA_NA | OptionCode::IA_PD => {
            let line = format!("{:08x} T1 {} s T2 {} s", number(0), number(4), number(8));
            (line, &value[12..])
        }
        OptionCode::IA_ADDRESS => {
            let address = Ipv6Addr::from(<[u8; 16]>::try_from(&value[..16]).unwrap());
            let line = format!(
                "{address} preferred {} s valid {} s",
                number(16),
                number(20)
            );
            (line, &value[24..])
        }
        OptionCode::STATUS => {
            let code = u16::from_be_bytes([value[0], value[1]]);
            (format!("{code} {}", quoted(&value[2..])), &[])
        }
        OptionCode::VENDOR_CLASS => {
            let classes: Vec<String> = texts(&value[4..]).map(quoted).collect();
            (format!("{} {}", number(0), classes.join(" ")), &[])
        }
        OptionCode::DNS_SERVERS => (addresses(), &[]),
        OptionCode::BOOT_FILE_URL | OptionCode::DOMAIN_LIST => (quoted(value), &[]),
        OptionCode::RELAY_MESSAGE => (format!("{} bytes", value.len()), &[]),
        _ => (hex(value), &[]),
    }
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
