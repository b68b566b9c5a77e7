//! What becomes of a transfer, and what it cost.
//!
//! The end of a transfer says why in a value, so that a size probe is never logged as a failure.

use std::fmt;

use crate::packet::ClientMessage;

/// Where a transfer stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It goes on.
    Running,
    /// The client acknowledged the last block.
    Done,
    /// It ended before that.
    Aborted(Abort),
}

/// Why a transfer ended before its last acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Abort {
    /// The client only wanted to know the size: it asked for `tsize` and gave up on the answer, as
    /// EDK2 (ERROR 8) and older PXE ROMs (ERROR 0) do before each download. Not a failure.
    SizeProbe,
    /// The client gave up.
    Client {
        /// Its error code.
        code: u16,
        /// What it said.
        message: ClientMessage,
    },
    /// The client stopped answering.
    Silence {
        /// Whether everything had been sent: then likely only the last ACK is missing.
        all_sent: bool,
    },
    /// The client's host or port cannot be reached.
    Unreachable {
        /// Whether everything had been sent: then likely only the last ACK is missing.
        all_sent: bool,
    },
    /// The client answers, but what it needs does not reach it.
    Stalled,
    /// We gave up: the server stops.
    Cancelled,
    /// The client has asked for something else from the same port.
    Replaced,
}

impl fmt::Display for Abort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SizeProbe => f.write_str("the client only asked for the size"),
            Self::Client { code, message } => {
                write!(f, "the client gave up with error {code}: {message}")
            }
            Self::Silence { .. } => f.write_str("the client stopped answering"),
            Self::Unreachable { .. } => f.write_str("the client can't be reached"),
            Self::Stalled => f.write_str(
                "the client answers, but what is sent does not reach it: is the MTU of the way to \
                 it smaller than that of the interface?",
            ),
            Self::Cancelled => f.write_str("the server stops"),
            Self::Replaced => f.write_str("the client asked for something else"),
        }
    }
}

/// How much a transfer moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Datagrams sent, repeated ones included.
    pub datagrams: u64,
    /// Datagrams that were sent again.
    pub repeated: u64,
    /// Packets of the client that meant nothing: stale, foreign or broken.
    pub ignored: u64,
}
