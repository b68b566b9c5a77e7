//! Why a packet gets no answer: a value, for one log line per source and minute.
//!
//! Most of it is no fault: other servers' clients, relays' strays, answers that are meant to be
//! silence.

use std::fmt;
use std::net::IpAddr;

use machine_core::topology::NotServed;

use crate::option::MessageKind;

/// Why a packet gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// It is shorter than a header with its magic cookie.
    TooShort {
        /// How many bytes came.
        length: usize,
    },
    /// It is neither a BOOTREQUEST nor a BOOTREPLY.
    NoOperation {
        /// The first byte.
        code: u8,
    },
    /// It claims a hardware address longer than the field.
    HardwareLength {
        /// `hlen`.
        length: u8,
    },
    /// It is BOOTP without DHCP, or something else (RFC 2131 §3: 63.82.53.63).
    NoMagicCookie,
    /// A server speaks, where clients should.
    NotARequest,
    /// Option 53 is missing or has no meaning.
    NoMessageType,
    /// A kind that clients don't send, or don't send to this port.
    UnexpectedMessage {
        /// What it is.
        kind: MessageKind,
    },
    /// No MAC address, neither in `chaddr` nor in option 61.
    NoHardwareAddress {
        /// `htype`.
        kind: u8,
        /// `hlen`.
        length: u8,
    },
    /// The message is about an address, and names none.
    NoAddress {
        /// What it is.
        kind: MessageKind,
    },
    /// It is addressed to another server.
    ForOtherServer {
        /// Which one.
        server: IpAddr,
    },
    /// The subnet's DHCP is switched off.
    Off,
    /// The subnet has no IPv4 address of ours.
    NotIpv4,
    /// Beside another DHCP server, a REQUEST on port 67 is that server's to answer.
    LeaseOfOtherServer,
    /// Beside another DHCP server, only machines that boot over the network concern us.
    NotBooting,
    /// It should not boot from the network: silence says so.
    NothingToBoot,
    /// There is no address to give.
    NoLease,
    /// It wants to go on using an address of which there is no record (RFC 2131 §4.3.2).
    NoRecord {
        /// Which address.
        address: IpAddr,
    },
    /// It is not in the subnet that it asks in.
    Foreign {
        /// Its address.
        address: IpAddr,
    },
    /// It asks in no subnet that is served.
    NotServed(NotServed),
    /// DECLINE and RELEASE have no reply.
    NeverAnswered {
        /// What it is.
        kind: MessageKind,
    },
}

impl Dropped {
    /// Whether the packet itself is wrong, so that its sender deserves a line in the log.
    pub const fn is_malformed(self) -> bool {
        matches!(
            self,
            Self::TooShort { .. }
                | Self::NoOperation { .. }
                | Self::HardwareLength { .. }
                | Self::NoMagicCookie
                | Self::NoMessageType
                | Self::UnexpectedMessage { .. }
                | Self::NoHardwareAddress { .. }
                | Self::NoAddress { .. }
        )
    }
}

impl Dropped {
    /// Whether it deserves a line in the log, though it may be well formed: somebody waits for an
    /// answer and can only be helped by a person.
    pub const fn is_told(self) -> bool {
        self.is_malformed()
            || matches!(
                self,
                Self::NotServed(NotServed::Relay(_) | NotServed::Selected { .. })
            )
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length } => write!(f, "wanted at least 240 bytes, got {length}"),
            Self::NoOperation { code } => write!(f, "wanted a BOOTP request, got operation {code}"),
            Self::HardwareLength { length } => {
                write!(
                    f,
                    "wanted a hardware address of at most 16 bytes, got {length}"
                )
            }
            Self::NoMagicCookie => f.write_str("wanted the magic cookie of DHCP, got another"),
            Self::NotARequest => f.write_str("wanted a client's message, got a server's"),
            Self::NoMessageType => f.write_str("wanted a message type in option 53, got none"),
            Self::UnexpectedMessage { kind } => write!(f, "wanted no {kind} here"),
            Self::NoHardwareAddress { kind, length } => write!(
                f,
                "wanted a MAC address in chaddr or option 61, got hardware type {kind}{} with \
                 {length} bytes",
                hardware_name(*kind)
            ),
            Self::NoAddress { kind } => write!(f, "wanted an address in the {kind}, got none"),
            Self::ForOtherServer { server } => write!(f, "it is for the server {server}"),
            Self::Off => f.write_str("DHCP is off in this subnet"),
            Self::NotIpv4 => f.write_str("the subnet has no IPv4 address of ours"),
            Self::LeaseOfOtherServer => f.write_str("leases are the other server's here"),
            Self::NotBooting => f.write_str("it does not boot from the network"),
            Self::NothingToBoot => f.write_str("there is nothing for it to boot"),
            Self::NoLease => f.write_str("there is no address for it"),
            Self::NoRecord { address } => write!(f, "no record of a lease of {address}"),
            Self::Foreign { address } => write!(f, "{address} is not in the subnet it asks in"),
            Self::NotServed(why) => why.fmt(f),
            Self::NeverAnswered { kind } => write!(f, "a {kind} has no reply"),
        }
    }
}

/// What a hardware type is called, for one that is met in racks (RFC 4390 for InfiniBand).
const fn hardware_name(kind: u8) -> &'static str {
    match kind {
        32 => " (InfiniBand, which is not served: boot from an Ethernet port)",
        _ => "",
    }
}
