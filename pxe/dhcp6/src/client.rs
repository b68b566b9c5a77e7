//! Who asks, and on what firmware: a packet as the rest of Drover sees it.
//!
//! Everything here is a claim by whoever is on the wire. A broken option is never a reason to drop a
//! packet, but for those that a message can't be without (RFC 8415 §16).

use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};

use machine_core::client_class::{ArchCode, VendorClass};
use machine_core::duid::Duid;
use machine_core::hardware::{MacAddress, SystemUuid};
use machine_core::network::ClientKey;
use machine_core::topology::Origin;

use crate::ask::{Ask, ServerPort, duid};
use crate::association::{self, Association};
use crate::claim::{CardClaim, CardSource, UuidOrder, card_in, card_of, uuid_of};
use crate::dropped::Dropped;
use crate::message::Message;
use crate::option::{self, OptionCode, Options, texts};
use crate::relay::{Relay, Relayed};

/// So many codes of option 6 are read: there are fewer options that a boot needs.
const MOST_REQUESTED: usize = 64;

/// How a packet came to us: what the socket knows and the bytes don't say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// To which port.
    pub port: ServerPort,
    /// From where.
    pub source: SocketAddrV6,
    /// Whether it was sent to our own address, and not to all servers (`ff02::1:2`, `ff05::1:3`).
    pub unicast: bool,
}

/// A client that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootClient {
    /// How its packet came.
    pub arrival: Arrival,
    /// The relays that carried it, from the one that wrote to us to the one beside the client.
    pub relays: Vec<Relay>,
    /// What it asks for.
    pub ask: Ask,
    /// The transaction.
    pub transaction: [u8; 3],
    /// Who it says that it is; none only where it asks for information. The ROM, iPXE and the system
    /// of one machine say different things.
    pub duid: Option<Duid>,
    /// The server that it asks, if it asks one.
    pub server: Option<Duid>,
    /// What it wants addresses for.
    pub associations: Vec<Association>,
    /// What it wants prefixes for, which are not given.
    pub prefixes: Vec<u32>,
    /// Which network boot it does (option 16).
    pub vendor_class: VendorClass,
    /// Whether it is iPXE (option 15): chained by us, or in the card's own ROM.
    pub is_ipxe: bool,
    /// Its architecture code, if it sent any: the first that Drover can boot, else the first.
    pub arch_code: Option<ArchCode>,
    /// Type and version of its network interface (option 62).
    pub interface: Option<[u8; 3]>,
    /// Since when it asks, in hundredths of a second: a large figure says that it has been waiting.
    pub elapsed: u16,
    /// Which options it asks for (option 6).
    pub requested: Vec<OptionCode>,
    /// The cards that its packet speaks of, those that go furthest first.
    pub cards: Vec<CardClaim>,
    /// The UUID of its board, if its DUID is made of one.
    pub uuid: Option<SystemUuid>,
}

impl BootClient {
    /// The client behind a UDP payload.
    pub fn decode(bytes: &[u8], arrival: Arrival) -> Result<Self, Dropped> {
        let Relayed { relays, message } = Relayed::decode(bytes)?;
        let Message { kind, options, .. } = message;
        let ask = Ask::of(&message, arrival.port)?;
        let is_alone = arrival.unicast && relays.is_empty() && arrival.port == ServerPort::Dhcp;
        if is_alone && !ask.is_for_one() {
            return Err(Dropped::Unicast { kind });
        }
        let client = duid(options, OptionCode::CLIENT_ID);
        if client.is_none() && ask != Ask::Inform {
            return Err(Dropped::NoClientId { kind });
        }
        let peer = relays
            .last()
            .map_or_else(|| *arrival.source.ip(), |it| it.peer_address);
        let cards = cards(relays.last(), peer, client.as_ref());
        let (vendor_class, is_ipxe) = (vendor_class(options), is_ipxe(options));
        let order = uuid_order(vendor_class, is_ipxe);
        Ok(Self {
            uuid: client.as_ref().and_then(|it| uuid_of(it, order)),
            server: duid(options, OptionCode::SERVER_ID),
            associations: Association::all(options),
            prefixes: association::prefixes(options),
            arch_code: arch_code(options),
            interface: read(options, OptionCode::CLIENT_INTERFACE),
            elapsed: read(options, OptionCode::ELAPSED_TIME).map_or(0, u16::from_be_bytes),
            requested: requested(options),
            transaction: message.transaction,
            arrival,
            relays,
            ask,
            duid: client,
            vendor_class,
            is_ipxe,
            cards,
        })
    }

    /// Whose lease an association is.
    pub fn key(&self, association: &Association) -> Option<ClientKey> {
        Some(ClientKey::Duid {
            duid: self.duid.clone()?,
            iaid: association.iaid,
        })
    }

    /// The address of the client itself, or of whoever carried its message to the relay beside it.
    pub fn peer(&self) -> Ipv6Addr {
        let source = *self.arrival.source.ip();
        self.relays.last().map_or(source, |it| it.peer_address)
    }

    /// The card that goes furthest of those in the packet and the one that the neighbour table has
    /// for [`Self::peer`].
    pub fn card(&self, neighbour: Option<MacAddress>) -> Option<CardClaim> {
        let source = CardSource::Neighbour;
        let seen = neighbour.map(|card| CardClaim { source, card });
        self.cards.iter().copied().chain(seen).min()
    }

    /// Whether it does UEFI HTTP boot.
    pub fn is_http(&self) -> bool {
        let says = self.vendor_class == VendorClass::Http;
        !self.is_ipxe && (says || self.arch_code.is_some_and(ArchCode::is_http))
    }

    /// Whether it would load a boot file or run a script: firmware, or iPXE.
    pub fn boots(&self) -> bool {
        self.is_ipxe || self.is_http() || self.vendor_class == VendorClass::Pxe
    }

    /// Whether it is firmware of our link that will look for a route to its boot server: EDK2 waits
    /// for one (see [`crate::router_advertisement`]). Its REQUEST is early enough.
    pub fn looks_for_a_route(&self) -> bool {
        let is_firmware = self.boots() && !self.is_ipxe;
        let is_here = matches!(self.origin(), Origin::Link { .. });
        is_firmware && is_here && self.ask == Ask::Request
    }

    /// Where it asks: in the subnet of the address that the relay nearest to it names. A relay that
    /// names none leaves that to the next (RFC 8415 §13.1). If none does, they are switches of our own
    /// link (RFC 6221 §5.1).
    pub fn origin(&self) -> Origin {
        let mut links = self.relays.iter().rev().map(|it| it.link_address);
        match links.find(|it| !it.is_unspecified()) {
            Some(link) => Origin::Relay {
                relay: IpAddr::V6(link),
                selected: None,
            },
            None => Origin::Link { selected: None },
        }
    }
}

/// What the packet says of cards. The relay beside the client saw its frames; the others saw those of
/// relays.
fn cards(relay: Option<&Relay>, peer: Ipv6Addr, duid: Option<&Duid>) -> Vec<CardClaim> {
    let claims = [
        (CardSource::Relay, relay.and_then(|it| it.card)),
        (CardSource::LinkLocal, card_in(peer)),
        (CardSource::Duid, duid.and_then(card_of)),
    ];
    let claim = |(source, card): (CardSource, Option<MacAddress>)| {
        card.map(|card| CardClaim { source, card })
    };
    claims.into_iter().filter_map(claim).collect()
}

/// The class in option 16: an enterprise and texts. Firmware says its class under Intel's number, 343
/// (`PxeBcDhcp6.h`); under which number it is said is nothing to us.
fn vendor_class(options: Options<'_>) -> VendorClass {
    let classes = options.all(OptionCode::VENDOR_CLASS);
    let classes = classes.filter_map(class_texts).flatten();
    let known = classes.map(VendorClass::from_bytes);
    let mut known = known.filter(|it| *it != VendorClass::None);
    known.next().unwrap_or(VendorClass::None)
}

fn class_texts(value: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let (_enterprise, rest) = option::number(value)?;
    Some(texts(rest))
}

fn is_ipxe(options: Options<'_>) -> bool {
    let mut classes = options.all(OptionCode::USER_CLASS).flat_map(texts);
    classes.any(|class| class == b"iPXE")
}

/// iPXE sends EDK2's class and its own order, so its name comes first.
fn uuid_order(class: VendorClass, is_ipxe: bool) -> UuidOrder {
    match class {
        VendorClass::Pxe | VendorClass::Http if !is_ipxe => UuidOrder::Swapped,
        VendorClass::Pxe | VendorClass::Http | VendorClass::None => UuidOrder::Printed,
    }
}

/// The first code that Drover boots. A class says one too, and counts only beside option 61 or 62: a
/// system may say of which kind its boot was.
fn arch_code(options: Options<'_>) -> Option<ArchCode> {
    let listed = options.get(OptionCode::CLIENT_ARCH).unwrap_or_default();
    let mut classes = options
        .all(OptionCode::VENDOR_CLASS)
        .filter_map(class_texts);
    ArchCode::list(listed)
        .find(|code| code.platform().is_some())
        .or_else(|| ArchCode::list(listed).next())
        .or_else(|| {
            let is_firmware = options.contains(OptionCode::CLIENT_ARCH)
                || options.contains(OptionCode::CLIENT_INTERFACE);
            let class = classes.find_map(|mut it| it.find_map(ArchCode::from_vendor_class));
            class.filter(|_| is_firmware)
        })
}

fn requested(options: Options<'_>) -> Vec<OptionCode> {
    let value = options.get(OptionCode::REQUESTED).unwrap_or_default();
    let (codes, _half) = value.as_chunks::<2>();
    let codes = codes
        .iter()
        .map(|code| OptionCode(u16::from_be_bytes(*code)));
    codes.take(MOST_REQUESTED).collect()
}

/// A value of one length.
fn read<const LENGTH: usize>(options: Options<'_>, code: OptionCode) -> Option<[u8; LENGTH]> {
    options.get(code)?.try_into().ok()
}
