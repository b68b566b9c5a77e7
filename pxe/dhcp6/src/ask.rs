//! What a client asks for, and whether its message is one that a server may answer (RFC 8415 §16).
//!
//! | message             | client | server | associations |
//! |---------------------|--------|--------|--------------|
//! | SOLICIT             | yes    | no     | may          |
//! | REQUEST, RENEW      | yes    | yes    | may          |
//! | REBIND              | yes    | no     | may          |
//! | CONFIRM             | yes    | no     | must         |
//! | RELEASE, DECLINE    | yes    | yes    | must         |
//! | INFORMATION-REQUEST | may    | may    | no           |
//!
//! On port 4011 EDK2 asks for its boot file by the REQUEST that it sent before, without its
//! associations (`PxeBcRequestBootService`).

use machine_core::duid::Duid;

use crate::dropped::Dropped;
use crate::message::Message;
use crate::message_kind::MessageKind;
use crate::option::{OptionCode, Options};

/// The port that a packet came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerPort {
    /// 547.
    Dhcp,
    /// 4011, where EDK2 asks for boot files.
    BootService,
}

/// What a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// Is there a server?
    Solicit {
        /// Whether it takes what it is offered without asking again.
        rapid_commit: bool,
    },
    /// It takes what this server offers.
    Request,
    /// It was away, and asks whether its addresses belong to this link.
    Confirm,
    /// It wants to keep its address, and asks the server that gave it.
    Renew,
    /// It wants to keep its address, and asks any server.
    Rebind,
    /// It gives its address back.
    Release,
    /// Its address is in use by another.
    Decline,
    /// It needs no address, and asks for the rest.
    Inform,
    /// It has an address and asks for its boot file, on port 4011.
    BootService,
}

impl Ask {
    /// What a message asks for.
    pub(crate) fn of(message: &Message<'_>, port: ServerPort) -> Result<Self, Dropped> {
        let (kind, options) = (message.kind, message.options);
        let ask = match (kind, port) {
            (MessageKind::Request, ServerPort::BootService) => Self::BootService,
            (_, ServerPort::BootService) => return Err(Dropped::UnexpectedMessage { kind }),
            (MessageKind::Solicit, ServerPort::Dhcp) => Self::Solicit {
                rapid_commit: options.contains(OptionCode::RAPID_COMMIT),
            },
            (MessageKind::Request, ServerPort::Dhcp) => Self::Request,
            (MessageKind::Confirm, ServerPort::Dhcp) => Self::Confirm,
            (MessageKind::Renew, ServerPort::Dhcp) => Self::Renew,
            (MessageKind::Rebind, ServerPort::Dhcp) => Self::Rebind,
            (MessageKind::Release, ServerPort::Dhcp) => Self::Release,
            (MessageKind::Decline, ServerPort::Dhcp) => Self::Decline,
            (MessageKind::InformationRequest, ServerPort::Dhcp) => Self::Inform,
            (
                MessageKind::Advertise
                | MessageKind::Reply
                | MessageKind::Reconfigure
                | MessageKind::RelayForward
                | MessageKind::RelayReply,
                ServerPort::Dhcp,
            ) => return Err(Dropped::UnexpectedMessage { kind }),
        };
        ask.check(kind, options)?;
        Ok(ask)
    }

    fn check(self, kind: MessageKind, options: Options<'_>) -> Result<(), Dropped> {
        let has = |code| options.contains(code);
        let has_associations = has(OptionCode::IA_NA);
        match self {
            Self::Solicit { .. } | Self::Confirm | Self::Rebind if has(OptionCode::SERVER_ID) => {
                Err(Dropped::Misplaced { kind })
            }
            Self::Inform if has_associations || has(OptionCode::IA_PD) => {
                Err(Dropped::Misplaced { kind })
            }
            Self::Confirm | Self::Release | Self::Decline if !has_associations => {
                Err(Dropped::NoAddress { kind })
            }
            Self::Request | Self::Renew | Self::Release | Self::Decline
                if duid(options, OptionCode::SERVER_ID).is_none() =>
            {
                Err(Dropped::NoServerId { kind })
            }
            Self::Solicit { .. }
            | Self::Request
            | Self::Confirm
            | Self::Renew
            | Self::Rebind
            | Self::Release
            | Self::Decline
            | Self::Inform
            | Self::BootService => Ok(()),
        }
    }

    /// Whether it is for one server, which is reached by multicast all the same: no client was told
    /// to write to us alone, so it is told not to (RFC 8415 §18.4).
    pub(crate) const fn is_for_one(self) -> bool {
        matches!(
            self,
            Self::Request | Self::Renew | Self::Release | Self::Decline
        )
    }

    /// Whether its answer is an offer: addresses are proposed, and committed only when the client
    /// comes back. In any other answer they are committed.
    pub fn is_offered(self) -> bool {
        self == Self::Solicit {
            rapid_commit: false,
        }
    }

    /// The kind of message that it came in.
    pub const fn kind(self) -> MessageKind {
        match self {
            Self::Solicit { .. } => MessageKind::Solicit,
            Self::Request | Self::BootService => MessageKind::Request,
            Self::Confirm => MessageKind::Confirm,
            Self::Renew => MessageKind::Renew,
            Self::Rebind => MessageKind::Rebind,
            Self::Release => MessageKind::Release,
            Self::Decline => MessageKind::Decline,
            Self::Inform => MessageKind::InformationRequest,
        }
    }
}

/// The DUID in an option.
pub(crate) fn duid(options: Options<'_>, code: OptionCode) -> Option<Duid> {
    Duid::new(options.get(code)?).ok()
}
