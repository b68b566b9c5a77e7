//! Who is on the wire of a rack, what he says, and what he reads.

use std::net::IpAddr;

use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use pxe_server::directory::{DocumentRequest, ScriptAnswer};

pub(super) const CARD: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x77, 0, 1]);
pub(super) const FOREIGN: MacAddress = MacAddress::new([0x52, 0x54, 0, 0x66, 0, 6]);
pub(super) const UUID: &str = "4c4c4544-0000-4000-8000-000000000001";

/// Who is on the wire, and what it says.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// The card that its frames carry, and that the neighbour table shows.
    pub(super) card: MacAddress,
    /// The card that DHCP and iPXE say; its own unless it lies.
    pub(super) said: MacAddress,
    pub(super) address: IpAddr,
    pub(super) uuid: Option<SystemUuid>,
    pub(super) serial: Option<SerialNumber>,
    pub(super) listed: Vec<MacAddress>,
    pub(super) manufacturer: Option<String>,
}

/// The machine itself.
pub(super) fn machine() -> Who {
    Who {
        card: CARD,
        said: CARD,
        address: IpAddr::from([10, 77, 0, 50]),
        uuid: Some(UUID.parse().unwrap()),
        serial: Some("S1".parse().unwrap()),
        listed: Vec::new(),
        manufacturer: None,
    }
}

/// Somebody with another card and address.
pub(super) fn stranger() -> Who {
    Who {
        card: FOREIGN,
        said: FOREIGN,
        address: IpAddr::from([10, 77, 0, 66]),
        uuid: None,
        serial: None,
        listed: Vec::new(),
        manufacturer: None,
    }
}

/// The token of an installer's kernel line.
pub(super) fn token(answer: &ScriptAnswer) -> Option<String> {
    let ScriptAnswer::Boot { arguments, .. } = answer else {
        return None;
    };
    let (_, rest) = arguments.iter().find_map(|it| it.split_once("/c/"))?;
    Some(rest.split_once('/')?.0.to_owned())
}

/// What the console of an answer shows.
pub(super) fn console(answer: &ScriptAnswer) -> &str {
    match answer {
        ScriptAnswer::Wait { because } | ScriptAnswer::LocalDisk { because } => because,
        ScriptAnswer::Boot { .. } => "boots",
    }
}

pub(super) fn request(who: &Who, token: &str) -> DocumentRequest {
    DocumentRequest {
        token: token.to_owned(),
        name: config_render::talos::machine::MACHINE_CONFIG.to_owned(),
        peer: who.address,
        hardware: Some(who.card),
        uuid: None,
        serial: None,
    }
}
