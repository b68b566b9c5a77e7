//! A packet as people read it: the form of the golden files.

use std::fmt::{self, Write as _};

use pxe_dhcp::option::{MessageKind, OptionCode};
use pxe_dhcp::packet::Packet;
use pxe_dhcp::reply::Reply;

/// Prints a reply: its way, its length on the wire, and the packet that a client would read.
pub(crate) struct Dump<'a>(pub(crate) &'a Reply);

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = self.0.encode();
        let packet = Packet::decode(&encoded.bytes).unwrap();
        writeln!(
            f,
            "{} to {:?} port {}",
            self.0.kind, self.0.route.destination, self.0.route.port
        )?;
        writeln!(
            f,
            "{} bytes, left out {:?}",
            encoded.bytes.len(),
            encoded.left_out
        )?;
        writeln!(f, "chaddr {}", hex(packet.hardware.as_bytes()))?;
        writeln!(
            f,
            "xid {:08x} secs {} flags {:04x}",
            packet.xid, packet.secs, packet.flags
        )?;
        for (name, address) in [
            ("ciaddr", packet.ciaddr),
            ("yiaddr", packet.yiaddr),
            ("siaddr", packet.siaddr),
            ("giaddr", packet.giaddr),
        ] {
            writeln!(f, "{name} {address}")?;
        }
        writeln!(f, "sname {}", text(until_nul(&packet.sname)))?;
        writeln!(f, "file {}", text(until_nul(&packet.file)))?;
        for (code, value) in packet.options.iter() {
            writeln!(f, "{} {}", code.0, readable(code, value))?;
        }
        Ok(())
    }
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap()
}

fn readable(code: OptionCode, value: &[u8]) -> String {
    match code {
        OptionCode::MESSAGE_TYPE => MessageKind::from_code(value[0]).unwrap().to_string(),
        OptionCode::SUBNET_MASK
        | OptionCode::ROUTER
        | OptionCode::DNS
        | OptionCode::BROADCAST
        | OptionCode::SERVER => {
            let addresses: Vec<String> = value
                .chunks(4)
                .map(|it| it.iter().map(u8::to_string).collect::<Vec<_>>().join("."))
                .collect();
            addresses.join(" ")
        }
        OptionCode::LEASE_TIME | OptionCode::RENEWAL_TIME | OptionCode::REBINDING_TIME => {
            format!("{} s", u32::from_be_bytes(value.try_into().unwrap()))
        }
        OptionCode::VENDOR_CLASS
        | OptionCode::TFTP_SERVER
        | OptionCode::BOOT_FILE
        | OptionCode::MESSAGE => text(value),
        _ => hex(value),
    }
}

fn text(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}
