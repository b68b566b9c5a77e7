//! Why a packet gets no answer: a value, for one log line per source and minute.
//!
//! Most of it is no fault: other servers' clients, relays' strays, answers that are meant to be
//! silence.

use std::fmt;
use std::net::IpAddr;

use crate::message_kind::MessageKind;

/// Why a packet gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dropped {
    /// It is shorter than a header.
    TooShort {
        /// How many bytes came.
        length: usize,
    },
    /// The first byte has no meaning.
    NoKind {
        /// The byte.
        code: u8,
    },
    /// It is wrapped more often than any relay does.
    TooManyRelays,
    /// A relay's message that carries none.
    NothingCarried,
    /// A kind that clients don't send, or don't send to this port.
    UnexpectedMessage {
        /// What it is.
        kind: MessageKind,
    },
    /// It does not say who the client is, or says it in no DUID.
    NoClientId {
        /// What it is.
        kind: MessageKind,
    },
    /// It names no server, though it is for one.
    NoServerId {
        /// What it is.
        kind: MessageKind,
    },
    /// It names a server, though it is for all, or an association where there can be none (RFC 8415
    /// §16).
    Misplaced {
        /// What it is.
        kind: MessageKind,
    },
    /// It is about addresses, and names none.
    NoAddress {
        /// What it is.
        kind: MessageKind,
    },
    /// It was sent to us alone, though it is for all servers (RFC 8415 §18.4).
    Unicast {
        /// What it is.
        kind: MessageKind,
    },
    /// It is addressed to another server.
    ForOtherServer,
    /// The subnet's DHCP is switched off.
    Off,
    /// The subnet has no IPv6 address of ours.
    NotIpv6,
    /// Beside another DHCP server, addresses are that server's.
    LeaseOfOtherServer,
    /// Beside another DHCP server, only firmware that boots over the network concerns us.
    NotBooting,
    /// It should not boot from the network: silence says so.
    NothingToBoot,
    /// It is not on the link or in the subnet that it asks in, and came through no relay.
    Foreign {
        /// Its address.
        address: IpAddr,
    },
    /// What relays want back is longer than a packet.
    TooLong,
}

impl Dropped {
    /// Whether the packet itself is wrong, so that its sender deserves a line in the log.
    pub const fn is_malformed(self) -> bool {
        match self {
            Self::TooShort { .. }
            | Self::NoKind { .. }
            | Self::TooManyRelays
            | Self::NothingCarried
            | Self::UnexpectedMessage { .. }
            | Self::NoClientId { .. }
            | Self::NoServerId { .. }
            | Self::Misplaced { .. }
            | Self::NoAddress { .. }
            | Self::Unicast { .. }
            | Self::TooLong => true,
            Self::ForOtherServer
            | Self::Off
            | Self::NotIpv6
            | Self::LeaseOfOtherServer
            | Self::NotBooting
            | Self::NothingToBoot
            | Self::Foreign { .. } => false,
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { length } => {
                write!(
                    f,
                    "wanted a header of 4 bytes, or 34 of a relay, got {length} bytes"
                )
            }
            Self::NoKind { code } => write!(f, "wanted a DHCPv6 message, got kind {code}"),
            Self::TooManyRelays => f.write_str("wanted at most 9 relays in a row, got more"),
            Self::NothingCarried => f.write_str("wanted a message in a relay's, got none"),
            Self::UnexpectedMessage { kind } => write!(f, "wanted no {kind} here"),
            Self::NoClientId { kind } => {
                write!(f, "wanted a DUID in option 1 of the {kind}, got none")
            }
            Self::NoServerId { kind } => {
                write!(f, "wanted a DUID in option 2 of the {kind}, got none")
            }
            Self::Misplaced { kind } => write!(
                f,
                "wanted no server in a {kind} for all servers, and no association where there is \
                 no address, got one"
            ),
            Self::NoAddress { kind } => write!(f, "wanted an address in the {kind}, got none"),
            Self::Unicast { kind } => write!(f, "wanted a {kind} by multicast, got it by unicast"),
            Self::ForOtherServer => f.write_str("it is for another server"),
            Self::Off => f.write_str("DHCP is off in this subnet"),
            Self::NotIpv6 => f.write_str("the subnet has no IPv6 address of ours"),
            Self::LeaseOfOtherServer => f.write_str("leases are the other server's here"),
            Self::NotBooting => f.write_str("it does not boot from the network"),
            Self::NothingToBoot => f.write_str("there is nothing for it to boot"),
            Self::Foreign { address } => {
                write!(
                    f,
                    "{address} is neither on the link nor in the subnet it asks in"
                )
            }
            Self::TooLong => f.write_str("what its relays want back fits into no packet"),
        }
    }
}
