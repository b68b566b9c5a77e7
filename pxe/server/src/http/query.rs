//! What iPXE says of its machine in the query of a script's URL. It is percent-encoded (RFC 3986
//! §2.1) by iPXE's `:uristring`, and every value is parsed into what it should be or left out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use machine_core::hardware::{Arch, Firmware, MacAddress, SerialNumber, SystemUuid};
use machine_core::id::BootId;

use crate::directory::ScriptRequest;

/// How many cards a machine may tell of.
const CARDS: usize = 8;

/// The address of a peer, and the hardware address behind it where the neighbour table knows it.
pub(crate) type Seen = (IpAddr, Option<MacAddress>);

/// The UUID and the serial number that a query names.
pub(crate) fn board(query: &str) -> (Option<SystemUuid>, Option<SerialNumber>) {
    let uuid = value(query, "uuid").and_then(|text| text.parse().ok());
    let serial = value(query, "serial").and_then(|text| text.parse().ok());
    (uuid, serial)
}

/// The request that a query makes.
pub(crate) fn script_request(boot: BootId, seen: Seen, query: &str) -> ScriptRequest {
    let (peer, hardware) = seen;
    let (uuid, serial) = board(query);
    let parsed = |key| value(query, key).and_then(|text| text.parse().ok());
    let macs: BTreeSet<MacAddress> = values(query, "mac")
        .filter_map(|text| text.parse().ok())
        .take(CARDS)
        .collect();
    ScriptRequest {
        boot,
        peer,
        hardware,
        mac: parsed("mac"),
        macs,
        uuid,
        serial,
        manufacturer: value(query, "manufacturer").and_then(|text| printable(&text)),
        product: value(query, "product").and_then(|text| printable(&text)),
        platform: platform(query),
        version: value(query, "version").and_then(|text| printable(&text)),
    }
}

/// `platform` is `pcbios` or `efi`, `buildarch` is `i386`, `x86_64` or `arm64` (iPXE settings). An
/// iPXE of i386 on a BIOS runs on 64-bit machines too: there is no other build for BIOS.
pub(crate) fn platform_of(platform: &str, architecture: &str) -> Option<(Arch, Firmware)> {
    match (platform, architecture) {
        ("pcbios", "i386" | "x86_64") => Some((Arch::X86_64, Firmware::Bios)),
        ("efi", "x86_64") => Some((Arch::X86_64, Firmware::Uefi)),
        ("efi", "arm64") => Some((Arch::Arm64, Firmware::Uefi)),
        _ => None,
    }
}

fn platform(query: &str) -> Option<(Arch, Firmware)> {
    platform_of(&value(query, "platform")?, &value(query, "arch")?)
}

/// The first value of a key, decoded; nothing if it is empty.
pub(crate) fn value(query: &str, key: &str) -> Option<String> {
    values(query, key).next()
}

fn values<'a>(query: &'a str, key: &'a str) -> impl Iterator<Item = String> + 'a {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(name, _)| *name == key)
        .map(|(_, value)| String::from_utf8_lossy(&decode(value.as_bytes())).into_owned())
        .filter(|value| !value.is_empty())
}

/// Percent-decoded bytes; what is not a proper escape stays as it is.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = after;
                    continue;
                }
                _ => decoded.push(b'%'),
            },
            (other, _) => decoded.push(*other),
        }
        rest = after;
    }
    decoded
}

fn digit(character: u8) -> Option<u8> {
    char::from(character)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Text that can be shown on one line: at most 64 characters, no controls.
pub(crate) fn printable(text: &str) -> Option<String> {
    let text = text.trim();
    let clean = text.chars().all(|c| !c.is_control()) && text.is_ascii();
    (clean && !text.is_empty() && text.len() <= 64).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(query: &str) -> ScriptRequest {
        script_request(
            BootId::from_bytes([1; 16]),
            (IpAddr::from([10, 0, 0, 1]), None),
            query,
        )
    }

    #[test]
    fn what_ipxe_says_is_understood() {
        let said = request(
            "uuid=4c4c4544-0000-4000-8000-000000000001&serial=LAB%201&manufacturer=Lab%20Inc.\
             &product=&platform=pcbios&arch=i386&mac=52:54:00:77:00:01&mac=&mac=52%3a54:00:77:00:02",
        );
        assert_eq!(said.serial.unwrap().as_str(), "LAB 1");
        assert_eq!(said.manufacturer.as_deref(), Some("Lab Inc."));
        assert_eq!(said.product, None);
        assert_eq!(said.platform, Some((Arch::X86_64, Firmware::Bios)));
        assert_eq!(said.mac, Some("52:54:00:77:00:01".parse().unwrap()));
        assert_eq!(said.macs.len(), 2);
    }

    #[test]
    fn hostile_values_are_left_out() {
        let said = request(
            "uuid=${uuid}&serial=a%0aboot&manufacturer=%1b[2J&platform=efi&arch=mips&mac=x",
        );
        assert_eq!(said.uuid, None);
        assert_eq!(said.serial, None);
        assert_eq!(said.manufacturer, None);
        assert_eq!(said.platform, None);
        assert_eq!(said.mac, None);
    }

    proptest! {
        #[test]
        fn no_query_panics(query: String) {
            let said = request(&query);
            prop_assert!(said.macs.len() <= CARDS);
        }

        #[test]
        fn decoding_shortens(bytes: Vec<u8>) {
            prop_assert!(decode(&bytes).len() <= bytes.len());
        }
    }
}
