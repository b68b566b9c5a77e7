//! What a client asks for: the kinds of message, and the four meanings of a REQUEST.
//!
//! RFC 2131 §4.3.2 tells them apart by which addresses are filled in:
//!
//! | state      | server (54) | requested (50) | ciaddr | sent to   |
//! |------------|-------------|----------------|--------|-----------|
//! | selecting  | yes         | yes            | no     | broadcast |
//! | init-reboot| no          | yes            | no     | broadcast |
//! | renewing   | no          | no             | yes    | us        |
//! | rebinding  | no          | no             | yes    | broadcast |

use std::net::{IpAddr, Ipv4Addr};

use crate::dropped::Dropped;
use crate::option::{self, MessageKind, OptionCode};
use crate::packet::Packet;

/// The port that a packet came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerPort {
    /// 67.
    Dhcp,
    /// 4011, where PXE asks for boot files (PXE 2.1 §2.2.3, "boot server discovery").
    BootService,
}

impl ServerPort {
    /// Its number.
    pub const fn number(self) -> u16 {
        match self {
            Self::Dhcp => 67,
            Self::BootService => 4011,
        }
    }
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Is there a server?
    Discover,
    /// An address, new or old.
    Request(RequestKind),
    /// It has an address, and asks for the rest.
    Inform {
        /// Its address.
        address: IpAddr,
    },
    /// It has an address and asks for its boot file, on port 4011.
    BootService,
    /// The address that it got is in use by another.
    Decline {
        /// Who gave it.
        server: Option<IpAddr>,
        /// Which address.
        address: IpAddr,
    },
    /// It gives its address back.
    Release {
        /// Who gave it.
        server: Option<IpAddr>,
        /// Which address.
        address: IpAddr,
    },
}

/// The meanings of a REQUEST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// It takes the offer of one server and so declines all others.
    Selecting {
        /// Whose offer.
        server: IpAddr,
        /// Which address.
        address: IpAddr,
    },
    /// It has started again and would like its old address.
    InitReboot {
        /// Which address.
        address: IpAddr,
    },
    /// It wants to keep its address, and asks the server that gave it.
    Renewing {
        /// Which address.
        address: IpAddr,
    },
    /// It wants to keep its address, and asks any server.
    Rebinding {
        /// Which address.
        address: IpAddr,
    },
}

impl RequestKind {
    /// The address that the client wants.
    pub const fn address(&self) -> IpAddr {
        match self {
            Self::Selecting { address, .. }
            | Self::InitReboot { address }
            | Self::Renewing { address }
            | Self::Rebinding { address } => *address,
        }
    }
}

impl Ask {
    /// What a packet asks for. `unicast`: whether it was sent to our own address.
    pub(crate) fn from_packet(
        packet: &Packet,
        port: ServerPort,
        unicast: bool,
    ) -> Result<Self, Dropped> {
        let kind = message_kind(packet)?;
        let filled = Filled::from_packet(packet);
        let no_address = Dropped::NoAddress { kind };
        match (kind, port) {
            (MessageKind::Request | MessageKind::Inform, ServerPort::BootService) => {
                Ok(Self::BootService)
            }
            (_, ServerPort::BootService) => Err(Dropped::UnexpectedMessage { kind }),
            (MessageKind::Discover, ServerPort::Dhcp) => Ok(Self::Discover),
            (MessageKind::Request, ServerPort::Dhcp) => {
                filled.request(unicast).map(Self::Request).ok_or(no_address)
            }
            (MessageKind::Inform, ServerPort::Dhcp) => {
                let address = filled.current.ok_or(no_address)?;
                Ok(Self::Inform { address })
            }
            (MessageKind::Decline, ServerPort::Dhcp) => {
                let address = filled.requested.ok_or(no_address)?;
                Ok(Self::Decline {
                    server: filled.server,
                    address,
                })
            }
            (MessageKind::Release, ServerPort::Dhcp) => {
                let address = filled.current.ok_or(no_address)?;
                Ok(Self::Release {
                    server: filled.server,
                    address,
                })
            }
            (MessageKind::Offer | MessageKind::Ack | MessageKind::Nak, ServerPort::Dhcp) => {
                Err(Dropped::UnexpectedMessage { kind })
            }
        }
    }

    /// The kind of message that it came in.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::Discover => MessageKind::Discover,
            Self::Request(_) | Self::BootService => MessageKind::Request,
            Self::Inform { .. } => MessageKind::Inform,
            Self::Decline { .. } => MessageKind::Decline,
            Self::Release { .. } => MessageKind::Release,
        }
    }
}

/// Which of the three addresses of a message are filled in.
struct Filled {
    server: Option<IpAddr>,
    requested: Option<IpAddr>,
    current: Option<IpAddr>,
}

impl Filled {
    fn from_packet(packet: &Packet) -> Self {
        Self {
            server: address_option(packet, OptionCode::SERVER),
            requested: address_option(packet, OptionCode::REQUESTED_ADDRESS),
            current: Some(packet.ciaddr)
                .filter(|it| *it != Ipv4Addr::UNSPECIFIED)
                .map(IpAddr::V4),
        }
    }

    /// Liberal where clients stray: with a server identifier it is a selection even if the address
    /// stands in `ciaddr`, and a filled `ciaddr` wins over option 50.
    fn request(&self, unicast: bool) -> Option<RequestKind> {
        match (self.server, self.requested, self.current) {
            (Some(server), Some(address), _) | (Some(server), None, Some(address)) => {
                Some(RequestKind::Selecting { server, address })
            }
            (None, _, Some(address)) if unicast => Some(RequestKind::Renewing { address }),
            (None, _, Some(address)) => Some(RequestKind::Rebinding { address }),
            (None, Some(address), None) => Some(RequestKind::InitReboot { address }),
            (_, None, None) => None,
        }
    }
}

/// The address in option `code`, if there is one.
pub(crate) fn address_option(packet: &Packet, code: OptionCode) -> Option<IpAddr> {
    packet
        .options
        .get(code)
        .and_then(option::address)
        .map(IpAddr::V4)
}

fn message_kind(packet: &Packet) -> Result<MessageKind, Dropped> {
    match packet.options.get(OptionCode::MESSAGE_TYPE) {
        Some([code]) => MessageKind::from_code(*code).ok_or(Dropped::NoMessageType),
        _ => Err(Dropped::NoMessageType),
    }
}
