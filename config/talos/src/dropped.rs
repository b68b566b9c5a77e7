//! What came from the network and was not taken, and why. Bad input is a value: it is counted and
//! told by the receiver, and never ends anything but itself.

use thiserror::Error;

/// Something that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Error)]
pub enum Dropped {
    /// A log line, or datagram, beyond the limit.
    #[error("wanted a line of at most {limit} bytes, got a longer one")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line that was begun and not finished in time, or at the end of its connection.
    #[error("wanted a whole line, got {bytes} bytes of one")]
    LineUnfinished {
        /// How much of it came.
        bytes: usize,
    },
    /// A line that is not one JSON object.
    #[error("wanted a JSON object, got {got:?}")]
    NotAnObject {
        /// Its beginning, cleaned.
        got: String,
    },
    /// An object without a message.
    #[error("wanted a message in the field \"msg\", got none")]
    NoMessage,
    /// A connection beyond what one peer may hold.
    #[error("wanted at most {limit} connections of one peer, got another")]
    TooManyOfPeer {
        /// The limit.
        limit: usize,
    },
    /// A connection beyond what all peers may hold together.
    #[error("wanted at most {limit} connections in all, got another")]
    TooManyInAll {
        /// The limit.
        limit: usize,
    },
}
