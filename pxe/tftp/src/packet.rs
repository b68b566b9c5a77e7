//! Packets on the port of a transfer: what a client sends there, and what we answer.
//!
//! A client packet is read in place; bytes after its end are padding (tunnels add some) and are
//! ignored. Only acknowledgements and errors mean anything here. RFC 1350 §5 and its appendix.

use std::fmt;

use thiserror::Error;

/// The opcodes of RFC 1350 and 2347.
pub(crate) mod opcode {
    pub(crate) const READ: u16 = 1;
    pub(crate) const WRITE: u16 = 2;
    pub(crate) const DATA: u16 = 3;
    pub(crate) const ACKNOWLEDGEMENT: u16 = 4;
    pub(crate) const ERROR: u16 = 5;
    pub(crate) const OPTION_ACKNOWLEDGEMENT: u16 = 6;
}

/// What a client sends to the port of its transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientPacket {
    /// Everything up to the block with this number (modulo 65536) has arrived.
    Acknowledgement(u16),
    /// The client gives up.
    Error {
        /// Its error code.
        code: u16,
        /// What it says.
        message: ClientMessage,
    },
}

/// A packet that has no meaning on the port of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnexpectedPacket {
    /// Less than its fixed fields.
    #[error("wanted at least {wanted} bytes, got {got}")]
    Short {
        /// How many bytes its fixed fields need.
        wanted: usize,
        /// How many came.
        got: usize,
    },
    /// Neither an acknowledgement nor an error.
    #[error("wanted an ACK or an ERROR, got opcode {opcode}")]
    Opcode {
        /// The opcode that came.
        opcode: u16,
    },
}

impl ClientPacket {
    /// Reads a packet that came to the port of a transfer.
    pub fn decode(packet: &[u8]) -> Result<Self, UnexpectedPacket> {
        let short = |wanted| UnexpectedPacket::Short {
            wanted,
            got: packet.len(),
        };
        let (opcode, rest) = packet.split_first_chunk().ok_or_else(|| short(2))?;
        let opcode = u16::from_be_bytes(*opcode);
        let number = || {
            let (number, rest) = rest.split_first_chunk().ok_or_else(|| short(4))?;
            Ok((u16::from_be_bytes(*number), rest))
        };
        match opcode {
            opcode::ACKNOWLEDGEMENT => Ok(Self::Acknowledgement(number()?.0)),
            opcode::ERROR => {
                let (code, text) = number()?;
                let message = ClientMessage::new(text);
                Ok(Self::Error { code, message })
            }
            _ => Err(UnexpectedPacket::Opcode { opcode }),
        }
    }
}

/// A text from the network, made fit for one line of a log: printable ASCII, the rest escaped.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientMessage(String);

impl ClientMessage {
    /// Of the bytes up to the first NUL, at most 128.
    fn new(bytes: &[u8]) -> Self {
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        Self(text.escape_ascii().map(char::from).take(128).collect())
    }

    /// The escaped text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// The error codes that we send (RFC 1350, appendix).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// 0: see the message.
    Undefined,
    /// 1: there is no such file.
    FileNotFound,
    /// 2: we only serve reads.
    AccessViolation,
    /// 4: the request is not one.
    IllegalOperation,
}

impl ErrorCode {
    const fn number(self) -> u16 {
        match self {
            Self::Undefined => 0,
            Self::FileNotFound => 1,
            Self::AccessViolation => 2,
            Self::IllegalOperation => 4,
        }
    }

    /// The ERROR packet with this code. A NUL in the message ends it.
    pub fn packet(self, message: &str) -> Vec<u8> {
        let text = message.split('\0').next().unwrap_or_default();
        let [a, b] = opcode::ERROR.to_be_bytes();
        let [c, d] = self.number().to_be_bytes();
        let mut packet = vec![a, b, c, d];
        packet.extend_from_slice(text.as_bytes());
        packet.push(0);
        packet
    }
}

/// The header of a DATA packet; the content follows it.
pub(crate) const fn data_header(block: u16) -> [u8; 4] {
    let [a, b] = opcode::DATA.to_be_bytes();
    let [c, d] = block.to_be_bytes();
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn error(code: u16, message: &[u8]) -> ClientPacket {
        let message = ClientMessage::new(message);
        ClientPacket::Error { code, message }
    }

    #[test]
    fn client_packets() {
        let cases: [(&[u8], Result<ClientPacket, UnexpectedPacket>); 9] = [
            (b"\0\x04\x12\x34", Ok(ClientPacket::Acknowledgement(0x1234))),
            (b"\0\x04\0\x01padding", Ok(ClientPacket::Acknowledgement(1))),
            (b"\0\x05\0\x08User aborted\0", Ok(error(8, b"User aborted"))),
            (b"\0\x05\0\x00unterminated", Ok(error(0, b"unterminated"))),
            (b"\0\x05\0\x00", Ok(error(0, b""))),
            (
                b"\0\x03\0\x01x",
                Err(UnexpectedPacket::Opcode { opcode: 3 }),
            ),
            (
                b"\xff\xff",
                Err(UnexpectedPacket::Opcode { opcode: 0xffff }),
            ),
            (
                b"\0\x04\0",
                Err(UnexpectedPacket::Short { wanted: 4, got: 3 }),
            ),
            (b"\0", Err(UnexpectedPacket::Short { wanted: 2, got: 1 })),
        ];
        for (packet, expected) in cases {
            assert_eq!(ClientPacket::decode(packet), expected, "{packet:?}");
        }
    }

    #[test]
    fn a_message_is_one_short_line() {
        let message = ClientMessage::new("a\nb\u{202e}\x1b[2J".as_bytes());
        assert_eq!(message.as_str(), "a\\nb\\xe2\\x80\\xae\\x1b[2J");
        assert_eq!(ClientMessage::new(&[0xff; 2000]).as_str().len(), 128);
    }

    #[test]
    fn error_packets() {
        assert_eq!(
            ErrorCode::AccessViolation.packet("read only"),
            b"\0\x05\0\x02read only\0"
        );
        assert_eq!(ErrorCode::FileNotFound.packet("a\0b"), b"\0\x05\0\x01a\0");
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_value(packet: Vec<u8>) {
            if let Ok(ClientPacket::Error { message, .. }) = ClientPacket::decode(&packet) {
                prop_assert!(message.as_str().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
        }
    }
}
