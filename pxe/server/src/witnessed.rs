//! A packet that passed, as it is kept.

use std::net::SocketAddrV4;

use machine_core::time::Timestamp;

/// A packet that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// When.
    pub at: Timestamp,
    /// Whether it came in; otherwise it went out.
    pub inbound: bool,
    /// From whom.
    pub from: SocketAddrV4,
    /// To whom.
    pub to: SocketAddrV4,
    /// The UDP payload.
    pub payload: Box<[u8]>,
    /// Why it got no answer, if that is so.
    pub unanswered: Option<String>,
}
