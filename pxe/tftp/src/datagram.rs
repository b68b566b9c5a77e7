//! What goes on the wire: a batch as a value, and its datagrams as borrowed slices.
//!
//! No byte of content is copied here. A DATA packet has two parts that the shell sends as one
//! (`sendmsg`, `sendmmsg`, or segmentation offload over a whole window).

/// What to put on the wire now. `Transfer::datagrams` turns it into packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "what is not sent is lost"]
pub enum Outgoing {
    /// Nothing.
    Nothing,
    /// The OACK.
    OptionAcknowledgement,
    /// A run of blocks, in one batch.
    Blocks {
        /// The first, counted from 1 and not modulo 65536.
        first: u64,
        /// How many, at least one.
        count: u16,
    },
    /// An ERROR: the transfer was cancelled.
    Cancellation,
}

/// A datagram, in up to two parts that go out as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram<'a> {
    /// A DATA packet: its header, and a slice of the content.
    Data {
        /// Opcode and block number.
        header: [u8; 4],
        /// A slice of the content, not copied.
        payload: &'a [u8],
    },
    /// A packet in one piece.
    Whole(&'a [u8]),
}

impl<'a> Datagram<'a> {
    /// Its parts in order, for vectored I/O; the second may be empty.
    pub fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Data { header, payload } => [header, payload],
            Self::Whole(packet) => [packet, &[]],
        }
    }

    /// Its content, if it is a DATA packet.
    pub fn payload(&self) -> &'a [u8] {
        match self {
            Self::Data { payload, .. } => payload,
            Self::Whole(_) => &[],
        }
    }
}
