//! A DHCPv4 packet on the wire (RFC 2131 §2), read and written.
//!
//! Reading checks the header first (length, operation, `hlen`, cookie) and takes options as they
//! come. Writing puts option 53 first, 82 last and unchanged (RFC 3046 §2.2), pads to the 300
//! bytes of BOOTP, and never exceeds what the client said it takes: options that no longer fit are
//! left out, later ones first.

use std::net::Ipv4Addr;

use machine_core::hardware::MacAddress;

use crate::dropped::Dropped;
use crate::option::OptionCode;
use crate::option_list::OptionList;

/// The longest message that every client takes without saying so: a 576-byte datagram less its IP
/// and UDP headers (RFC 2131 §2).
pub const MINIMUM_LIMIT: usize = 576 - 28;

/// The longest message that we send: one Ethernet frame. EDK2 ignores what is longer than 1472.
pub const MAXIMUM_LIMIT: usize = 1472;

/// BOOTP messages have at least this length; some relays and ROMs drop shorter ones.
const PADDED: usize = 300;

const MAGIC_COOKIE: [u8; 4] = [99, 130, 83, 99];

/// Who speaks: the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A client.
    Request,
    /// A server.
    Reply,
}

impl Operation {
    const fn code(self) -> u8 {
        match self {
            Self::Request => 1,
            Self::Reply => 2,
        }
    }
}

/// `htype`, `hlen` and `chaddr`: mirrored in every reply, whatever they hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HardwareAddress {
    kind: u8,
    length: u8,
    bytes: [u8; 16],
}

impl HardwareAddress {
    /// Ethernet's number (`htype`).
    pub const ETHERNET: u8 = 1;

    /// An address of at most 16 bytes.
    pub fn new(kind: u8, address: &[u8]) -> Option<Self> {
        let mut bytes = [0; 16];
        bytes.get_mut(..address.len())?.copy_from_slice(address);
        let length = u8::try_from(address.len()).ok()?;
        Some(Self {
            kind,
            length,
            bytes,
        })
    }

    /// `htype`.
    pub const fn kind(&self) -> u8 {
        self.kind
    }

    /// The address, `hlen` bytes of it.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// A packet. Option 52 does not occur: what `file` and `sname` held of options is in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Client or server.
    pub operation: Operation,
    /// The client's hardware address.
    pub hardware: HardwareAddress,
    /// How many relays it came through.
    pub hops: u8,
    /// The transaction, chosen by the client.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// Bit 15 asks for a broadcast reply.
    pub flags: u16,
    /// The client's address, if it can answer ARP there.
    pub ciaddr: Ipv4Addr,
    /// "Your" address: what is offered or granted.
    pub yiaddr: Ipv4Addr,
    /// The next server: where the boot file is.
    pub siaddr: Ipv4Addr,
    /// The relay.
    pub giaddr: Ipv4Addr,
    /// The name of the next server, ended by a NUL.
    pub sname: [u8; 64],
    /// The name of the boot file, ended by a NUL.
    pub file: [u8; 128],
    /// The options.
    pub options: OptionList,
}

/// The Ethernet address that a payload has in its header, even if nothing else of it can be read:
/// to say who sends what is broken.
pub fn claimed_hardware_address(payload: &[u8]) -> Option<MacAddress> {
    let [_, HardwareAddress::ETHERNET, 6, rest @ ..] = payload else {
        return None;
    };
    // `chaddr` begins at byte 28 (RFC 2131 §2).
    let mac: [u8; 6] = *rest.get(25..)?.first_chunk()?;
    (mac != [0; 6]).then(|| MacAddress::new(mac))
}

/// Bytes for the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// The UDP payload.
    pub bytes: Vec<u8>,
    /// The options that found no room.
    pub left_out: Vec<OptionCode>,
}

impl Packet {
    /// The flag that asks for a broadcast reply (RFC 2131 §2).
    pub const BROADCAST: u16 = 0x8000;

    /// Reads a UDP payload.
    pub fn decode(bytes: &[u8]) -> Result<Self, Dropped> {
        let mut reader = Reader(bytes);
        Self::read(&mut reader).unwrap_or(Err(Dropped::TooShort {
            length: bytes.len(),
        }))
    }

    /// `None` if the header is cut off.
    fn read(reader: &mut Reader<'_>) -> Option<Result<Self, Dropped>> {
        let [code, kind, length, hops] = reader.take()?;
        let xid = u32::from_be_bytes(reader.take()?);
        let secs = u16::from_be_bytes(reader.take()?);
        let flags = u16::from_be_bytes(reader.take()?);
        let [ciaddr, yiaddr, siaddr, giaddr] = reader.addresses()?;
        let bytes: [u8; 16] = reader.take()?;
        let mut sname: [u8; 64] = reader.take()?;
        let mut file: [u8; 128] = reader.take()?;
        let cookie: [u8; 4] = reader.take()?;
        let operation = match code {
            1 => Operation::Request,
            2 => Operation::Reply,
            _ => return Some(Err(Dropped::NoOperation { code })),
        };
        // dhcproto 0.15 slices `chaddr` by this byte unchecked: one packet of 244 bytes with
        // hlen 17 panics it.
        if length > 16 {
            return Some(Err(Dropped::HardwareLength { length }));
        }
        if cookie != MAGIC_COOKIE {
            return Some(Err(Dropped::NoMagicCookie));
        }
        let (options, overload) = OptionList::parse(reader.0, &file, &sname);
        if overload.sname {
            sname = [0; 64];
        }
        if overload.file {
            file = [0; 128];
        }
        Some(Ok(Self {
            operation,
            hardware: HardwareAddress {
                kind,
                length,
                bytes,
            },
            hops,
            xid,
            secs,
            flags,
            ciaddr,
            yiaddr,
            siaddr,
            giaddr,
            sname,
            file,
            options,
        }))
    }

    /// Writes the UDP payload, at most `limit` bytes (but room for the header, option 53, and the
    /// padding there always is).
    pub fn encode(&self, limit: usize) -> Encoded {
        let relay = self.options.get(OptionCode::RELAY_INFORMATION);
        let mut writer = Writer {
            bytes: Vec::with_capacity(MINIMUM_LIMIT),
            limit: limit.clamp(PADDED, MAXIMUM_LIMIT) - 1,
            left_out: Vec::new(),
        };
        self.write_header(&mut writer.bytes);
        if let Some(kind) = self.options.get(OptionCode::MESSAGE_TYPE) {
            writer.option(OptionCode::MESSAGE_TYPE, kind, 0);
        }
        let reserved = relay.map_or(0, wire_length);
        for (code, value) in self.options.iter() {
            if code != OptionCode::MESSAGE_TYPE && code != OptionCode::RELAY_INFORMATION {
                writer.option(code, value, reserved);
            }
        }
        if let Some(relay) = relay {
            writer.option(OptionCode::RELAY_INFORMATION, relay, 0);
        }
        writer.finish()
    }

    fn write_header(&self, out: &mut Vec<u8>) {
        let HardwareAddress {
            kind,
            length,
            bytes,
        } = self.hardware;
        out.extend([self.operation.code(), kind, length, self.hops]);
        out.extend(self.xid.to_be_bytes());
        out.extend(self.secs.to_be_bytes());
        out.extend(self.flags.to_be_bytes());
        for address in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            out.extend(address.octets());
        }
        out.extend(bytes);
        out.extend(self.sname);
        out.extend(self.file);
        out.extend(MAGIC_COOKIE);
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn addresses(&mut self) -> Option<[Ipv4Addr; 4]> {
        let mut addresses = [Ipv4Addr::UNSPECIFIED; 4];
        for address in &mut addresses {
            *address = Ipv4Addr::from(self.take::<4>()?);
        }
        Some(addresses)
    }
}

struct Writer {
    bytes: Vec<u8>,
    /// Without the end mark.
    limit: usize,
    left_out: Vec<OptionCode>,
}

impl Writer {
    /// Writes an option if it fits and `reserved` more bytes do. Long values are cut into pieces
    /// of 255 (RFC 3396).
    fn option(&mut self, code: OptionCode, value: &[u8], reserved: usize) {
        if self.bytes.len() + wire_length(value) + reserved > self.limit {
            self.left_out.push(code);
            return;
        }
        if value.is_empty() {
            self.bytes.extend([code.0, 0]);
        }
        for piece in value.chunks(255) {
            self.bytes.push(code.0);
            self.bytes.extend(u8::try_from(piece.len()));
            self.bytes.extend_from_slice(piece);
        }
    }

    fn finish(mut self) -> Encoded {
        self.bytes.push(OptionCode::END.0);
        if self.bytes.len() < PADDED {
            self.bytes.resize(PADDED, OptionCode::PAD.0);
        }
        Encoded {
            bytes: self.bytes,
            left_out: self.left_out,
        }
    }
}

fn wire_length(value: &[u8]) -> usize {
    value.len() + 2 * value.len().div_ceil(255).max(1)
}

#[cfg(test)]
mod tests;
