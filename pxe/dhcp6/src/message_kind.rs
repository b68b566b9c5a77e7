//! What a message is: its first byte.

use std::fmt;

/// The kinds of message (RFC 8415 §7.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// Is there a server?
    Solicit,
    /// There is, and it would give this.
    Advertise,
    /// I take it.
    Request,
    /// Is my address right on this link?
    Confirm,
    /// I want to keep my address, and ask who gave it.
    Renew,
    /// I want to keep my address, and ask any server.
    Rebind,
    /// The answer.
    Reply,
    /// I give my address back.
    Release,
    /// My address is in use by another.
    Decline,
    /// A server wants to be asked again.
    Reconfigure,
    /// I have an address, and ask for the rest.
    InformationRequest,
    /// A relay carries a message to a server.
    RelayForward,
    /// A relay carries a message to a client.
    RelayReply,
}

impl MessageKind {
    const ALL: [Self; 13] = [
        Self::Solicit,
        Self::Advertise,
        Self::Request,
        Self::Confirm,
        Self::Renew,
        Self::Rebind,
        Self::Reply,
        Self::Release,
        Self::Decline,
        Self::Reconfigure,
        Self::InformationRequest,
        Self::RelayForward,
        Self::RelayReply,
    ];

    /// The kind with this code.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// Its code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::Solicit => 1,
            Self::Advertise => 2,
            Self::Request => 3,
            Self::Confirm => 4,
            Self::Renew => 5,
            Self::Rebind => 6,
            Self::Reply => 7,
            Self::Release => 8,
            Self::Decline => 9,
            Self::Reconfigure => 10,
            Self::InformationRequest => 11,
            Self::RelayForward => 12,
            Self::RelayReply => 13,
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Solicit => "SOLICIT",
            Self::Advertise => "ADVERTISE",
            Self::Request => "REQUEST",
            Self::Confirm => "CONFIRM",
            Self::Renew => "RENEW",
            Self::Rebind => "REBIND",
            Self::Reply => "REPLY",
            Self::Release => "RELEASE",
            Self::Decline => "DECLINE",
            Self::Reconfigure => "RECONFIGURE",
            Self::InformationRequest => "INFORMATION-REQUEST",
            Self::RelayForward => "RELAY-FORW",
            Self::RelayReply => "RELAY-REPL",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_their_codes() {
        let codes: Vec<u8> = MessageKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes, (1..=13).collect::<Vec<u8>>());
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::from_code(kind.code()), Some(kind));
        }
        assert_eq!(MessageKind::from_code(0), None);
        assert_eq!(MessageKind::from_code(14), None);
    }
}
