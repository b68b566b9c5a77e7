//! Who asks, and on what firmware: a packet as the rest of Drover sees it.
//!
//! Everything here is a claim by whoever is on the wire. Bytes that are only mirrored stay raw;
//! what goes further is a checked type or nothing at all. A missing or broken option is never a
//! reason to drop a packet, but for the message type and the hardware address.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};

use machine_core::client_class::{ArchCode, VendorClass};
use machine_core::hardware::{Arch, Firmware, MacAddress, SystemUuid};
use machine_core::network::ClientKey;
use machine_core::topology::Origin;

use crate::ask::{self, Ask, ServerPort};
use crate::dropped::Dropped;
use crate::hostname::HostName;
use crate::ipxe::Ipxe;
use crate::option::{self, OptionCode};
use crate::option_list::OptionList;
use crate::packet::{HardwareAddress, MAXIMUM_LIMIT, MINIMUM_LIMIT, Operation, Packet};
use crate::raspberry_pi::is_raspberry_pi;
use crate::vendor_options::BOOT_ITEM;

/// How a packet came to us: what the socket knows and the bytes don't say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// To which port.
    pub port: ServerPort,
    /// From where.
    pub source: SocketAddrV4,
    /// Whether it was sent to our own address, and not to everybody.
    pub unicast: bool,
}

/// The fields of the header that replies mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// `htype`, `hlen`, `chaddr`.
    pub hardware: HardwareAddress,
    /// The transaction.
    pub xid: u32,
    /// Seconds since the client began: a large figure says that it has been waiting.
    pub secs: u16,
    /// Bit 15 asks for a broadcast reply.
    pub flags: u16,
    /// The client's address, or 0.0.0.0.
    pub ciaddr: Ipv4Addr,
    /// The relay's address, or 0.0.0.0.
    pub giaddr: Ipv4Addr,
}

impl Header {
    /// Whether the client wants a broadcast. OVMF does.
    pub const fn wants_broadcast(&self) -> bool {
        self.flags & Packet::BROADCAST != 0
    }
}

/// A client that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootClient {
    /// How its packet came.
    pub arrival: Arrival,
    /// What it asks for.
    pub ask: Ask,
    /// Whose lease it is about.
    pub key: ClientKey,
    /// Its hardware address.
    pub mac: MacAddress,
    /// What replies mirror.
    pub header: Header,
    /// What the relay added (option 82), to be given back as it is.
    pub relay_information: Option<Vec<u8>>,
    /// Where it asks: link selection (82.5, RFC 3527), else subnet selection (118, RFC 3011), else the
    /// relay; its own address if it wrote to us alone, since a renewal from behind a relay comes by
    /// ordinary routing; else the link.
    pub origin: Origin,
    /// The address that it would like (option 50).
    pub requested: Option<IpAddr>,
    /// The client identifier (option 61). ROM, iPXE and system of one machine send different ones,
    /// so it is only recorded.
    pub identifier: Option<Vec<u8>>,
    /// Which network boot it does.
    pub vendor_class: VendorClass,
    /// Its architecture code, if it sent any: the first that Drover can boot, else the first.
    pub arch_code: Option<ArchCode>,
    /// Its SMBIOS UUID, if it sent one that can identify anything.
    pub uuid: Option<SystemUuid>,
    /// Option 97 as it came, to be mirrored (RFC 4578 §2.3); none if it was malformed. Some Intel
    /// cards leave it out.
    pub machine_identifier: Option<[u8; 17]>,
    /// Which boot server it asks for, and which of its files: the four bytes of option 43.71, to be
    /// given back as they are (PXE 2.1 §2.4.4).
    pub boot_item: Option<[u8; 4]>,
    /// What iPXE says of itself, if it is iPXE.
    pub ipxe: Option<Ipxe>,
    /// Its name.
    pub hostname: Option<HostName>,
    /// Which options it asks for (option 55).
    pub parameters: Vec<u8>,
    /// The longest reply that it takes, in bytes of UDP payload.
    pub reply_limit: usize,
}

impl BootClient {
    /// The client behind a packet.
    pub fn from_packet(packet: &Packet, arrival: Arrival) -> Result<Self, Dropped> {
        if packet.operation != Operation::Request {
            return Err(Dropped::NotARequest);
        }
        let options = &packet.options;
        let ask = Ask::from_packet(packet, arrival.port, arrival.unicast)?;
        let mac = hardware_address(packet)?;
        let relay_information = options
            .get(OptionCode::RELAY_INFORMATION)
            .map(<[u8]>::to_vec);
        let machine_identifier = machine_identifier(options);
        Ok(Self {
            arrival,
            ask,
            key: ClientKey::Hardware(mac),
            mac,
            header: Header {
                hardware: packet.hardware,
                xid: packet.xid,
                secs: packet.secs,
                flags: packet.flags,
                ciaddr: packet.ciaddr,
                giaddr: packet.giaddr,
            },
            origin: origin(packet, arrival, relay_information.as_deref()),
            relay_information,
            requested: ask::address_option(packet, OptionCode::REQUESTED_ADDRESS),
            identifier: options
                .get(OptionCode::CLIENT_IDENTIFIER)
                .map(<[u8]>::to_vec),
            vendor_class: options
                .get(OptionCode::VENDOR_CLASS)
                .map_or(VendorClass::None, VendorClass::from_bytes),
            arch_code: arch_code(options),
            uuid: machine_identifier.and_then(|it| system_uuid(it, mac)),
            machine_identifier,
            boot_item: boot_item(options),
            ipxe: Ipxe::from_options(options),
            hostname: options
                .get(OptionCode::HOST_NAME)
                .and_then(HostName::from_bytes),
            parameters: options
                .get(OptionCode::PARAMETERS)
                .unwrap_or_default()
                .to_vec(),
            reply_limit: reply_limit(options),
        })
    }

    /// Its instruction set and firmware, as far as it said and Drover can boot it.
    pub fn platform(&self) -> Option<(Arch, Firmware)> {
        self.arch_code
            .filter(|code| !is_raspberry_pi(self.mac, *code))
            .and_then(ArchCode::platform)
    }

    /// Whether it is iPXE: chained by us, or in the card's own ROM.
    pub const fn is_ipxe(&self) -> bool {
        self.ipxe.is_some()
    }

    /// Whether it does UEFI HTTP boot.
    pub fn is_http(&self) -> bool {
        self.vendor_class == VendorClass::Http || self.arch_code.is_some_and(ArchCode::is_http)
    }

    /// Whether it would load a boot file over TFTP, or run a script: firmware's PXE, or iPXE.
    pub fn is_pxe(&self) -> bool {
        (self.vendor_class == VendorClass::Pxe || self.is_ipxe()) && !self.is_http()
    }

    /// Whether it boots from the network in a way that Drover answers.
    pub fn is_netboot(&self) -> bool {
        self.is_pxe() || self.is_http()
    }

    /// Whether its packet came through a relay.
    pub const fn is_relayed(&self) -> bool {
        !self.header.giaddr.is_unspecified()
    }
}

/// The MAC address: six bytes of `chaddr`, or else the one in option 61. EDK2 with `SendGUID`
/// puts the system's GUID into `chaddr` (`hlen` 16).
fn hardware_address(packet: &Packet) -> Result<MacAddress, Dropped> {
    let in_header: Option<[u8; 6]> = packet.hardware.as_bytes().try_into().ok();
    let identifier = packet.options.get(OptionCode::CLIENT_IDENTIFIER);
    in_header
        .filter(|mac| is_usable(*mac))
        .or_else(|| {
            identifier
                .and_then(mac_in_identifier)
                .filter(|mac| is_usable(*mac))
        })
        .map(MacAddress::new)
        .ok_or_else(|| Dropped::NoHardwareAddress {
            kind: packet.hardware.kind(),
            length: u8::try_from(packet.hardware.as_bytes().len()).unwrap_or(u8::MAX),
        })
}

const fn is_usable(mac: [u8; 6]) -> bool {
    !matches!(
        mac,
        [0, 0, 0, 0, 0, 0] | [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]
    )
}

/// Option 61 as type 1, Ethernet, and the address (RFC 2132 §9.14).
fn mac_in_identifier(identifier: &[u8]) -> Option<[u8; 6]> {
    match identifier {
        [HardwareAddress::ETHERNET, mac @ ..] => mac.try_into().ok(),
        _ => None,
    }
}

fn origin(packet: &Packet, arrival: Arrival, relay_information: Option<&[u8]>) -> Origin {
    const LINK_SELECTION: OptionCode = OptionCode(5);
    let some = |address: Ipv4Addr| Some(address).filter(|it| !it.is_unspecified());
    let wanted = packet.options.get(OptionCode::SUBNET_SELECTION);
    let wanted = wanted.and_then(option::address).and_then(some);
    if let Some(relay) = some(packet.giaddr) {
        let selected = relay_information.and_then(|information| {
            let sub_options = OptionList::encapsulated(information);
            let address = sub_options.get(LINK_SELECTION).and_then(option::address);
            address.and_then(some)
        });
        return Origin::Relay {
            relay: IpAddr::V4(relay),
            selected: selected.or(wanted).map(IpAddr::V4),
        };
    }
    match some(packet.ciaddr).filter(|_| arrival.unicast) {
        Some(address) => Origin::Client {
            address: IpAddr::V4(address),
        },
        None => Origin::Link {
            selected: wanted.map(IpAddr::V4),
        },
    }
}

/// The first code that Drover boots. Option 60 counts only beside option 93 or 94, which every PXE
/// client sends (RFC 4578 §2): a router may say `PXEClient:Arch:00009` for a boot of its own.
fn arch_code(options: &OptionList) -> Option<ArchCode> {
    let is_pxe_client =
        options.contains(OptionCode::CLIENT_ARCH) || options.contains(OptionCode::CLIENT_INTERFACE);
    let listed = options.get(OptionCode::CLIENT_ARCH).unwrap_or_default();
    ArchCode::list(listed)
        .find(|code| code.platform().is_some())
        .or_else(|| ArchCode::list(listed).next())
        .or_else(|| {
            let class = options
                .get(OptionCode::VENDOR_CLASS)
                .filter(|_| is_pxe_client)?;
            ArchCode::from_vendor_class(class)
        })
}

/// Option 97: type 0 and 16 bytes (RFC 4578 §2.3).
fn machine_identifier(options: &OptionList) -> Option<[u8; 17]> {
    let value: [u8; 17] = options
        .get(OptionCode::MACHINE_IDENTIFIER)?
        .try_into()
        .ok()?;
    matches!(value, [0, ..]).then_some(value)
}

/// Some ROMs send the card's address as text where a UUID should be: that identifies no board.
fn system_uuid(identifier: [u8; 17], mac: MacAddress) -> Option<SystemUuid> {
    let [_kind, raw @ ..] = identifier;
    Some(SystemUuid::from_mixed_endian(raw))
        .filter(|uuid| uuid.is_usable() && !uuid.is_card_as_text(mac))
}

/// Sub-option 71 of option 43, if it has its four bytes.
fn boot_item(options: &OptionList) -> Option<[u8; 4]> {
    let vendor = OptionList::encapsulated(options.get(OptionCode::VENDOR)?);
    vendor.get(BOOT_ITEM)?.try_into().ok()
}

/// Option 57 counts the whole datagram for some clients and the payload for others (iPXE: MTU less
/// 28), so headers are taken off in any case.
fn reply_limit(options: &OptionList) -> usize {
    let said = options
        .get(OptionCode::MAXIMUM_SIZE)
        .and_then(option::number)
        .unwrap_or(0);
    usize::from(said)
        .saturating_sub(28)
        .clamp(MINIMUM_LIMIT, MAXIMUM_LIMIT)
}
