//! The first packet of a transfer, as it arrives on port 69.
//!
//! Read requests become a [`Request`]; all else becomes a [`Malformed`] that says what was wrong and
//! which error packet, if any, answers it. A file name is bytes: firmware sends what DHCP gave it,
//! and an unterminated option 67 brings the 0xff that ends DHCP's options along. RFC 1350 §5.

use std::fmt;

use thiserror::Error;

use crate::option::Options;
use crate::packet::{ErrorCode, opcode};

/// A client that wants to read a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which file.
    pub file: FileName,
    /// In which mode.
    pub mode: Mode,
    /// With which options.
    pub options: Options,
}

/// How a client wants the content.
///
/// Either way it gets the very bytes of the file: what a boot asks for is never a text whose line
/// ends could be translated, whatever old firmware says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Bytes.
    Octet,
    /// A text; served as bytes.
    Netascii,
}

/// A file name as it came, without the padding (0x00, 0xff) at its end. Prints escaped, on one line.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FileName(Vec<u8>);

impl FileName {
    /// Its bytes, to be looked up in a table: never to be opened as a path.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A packet on port 69 that is not a read request.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Someone wants to write.
    #[error("wanted a read request, got a write request")]
    Write,
    /// No request at all.
    #[error("wanted a read request, got opcode {opcode}")]
    Opcode {
        /// The opcode that came.
        opcode: u16,
    },
    /// It ends before its file name or its mode does.
    #[error("wanted a file name and a mode, got {length} bytes that end before")]
    Truncated {
        /// How long the packet is.
        length: usize,
    },
    /// A file name without a byte.
    #[error("wanted a file name, got an empty one")]
    NoFileName,
    /// A file name that no file of ours could have.
    #[error("wanted a file name of at most {MAX_NAME} bytes, got {length}")]
    LongFileName {
        /// How long it is.
        length: usize,
    },
    /// Neither octet nor netascii.
    #[error("wanted mode octet or netascii, got \"{}\"", mode.escape_ascii())]
    Mode {
        /// At most the first 16 bytes of what came.
        mode: Vec<u8>,
    },
}

impl Malformed {
    /// The error packet that answers it, never more than 32 bytes. What is not even a request gets
    /// none, so that two servers never answer each other.
    pub fn answer(&self) -> Option<Vec<u8>> {
        let (code, message) = match self {
            Self::Write => (ErrorCode::AccessViolation, "read only"),
            Self::Mode { .. } => (ErrorCode::IllegalOperation, "unknown mode"),
            Self::NoFileName => (ErrorCode::IllegalOperation, "no file name"),
            Self::LongFileName { .. } => (ErrorCode::FileNotFound, "file not found"),
            Self::Opcode { .. } | Self::Truncated { .. } => return None,
        };
        Some(code.packet(message))
    }
}

impl Request {
    /// Reads a packet that came to port 69.
    pub fn decode(packet: &[u8]) -> Result<Self, Malformed> {
        let truncated = || Malformed::Truncated {
            length: packet.len(),
        };
        let (opcode, rest) = packet.split_first_chunk().ok_or_else(truncated)?;
        match u16::from_be_bytes(*opcode) {
            opcode::READ => {}
            opcode::WRITE => return Err(Malformed::Write),
            opcode => return Err(Malformed::Opcode { opcode }),
        }
        let (name, rest) = text(rest).ok_or_else(truncated)?;
        let file = file_name(name)?;
        // Some firmware pads the name with more than one NUL.
        let padding = rest.iter().take_while(|byte| **byte == 0).count();
        let (mode, rest) = rest.get(padding..).and_then(text).ok_or_else(truncated)?;
        Ok(Self {
            file,
            mode: mode_of(mode)?,
            options: options_of(rest),
        })
    }
}

fn file_name(name: &[u8]) -> Result<FileName, Malformed> {
    let padding = name.iter().rev().take_while(|byte| **byte == 0xff).count();
    let name = name.get(..name.len() - padding).unwrap_or_default();
    match name.len() {
        0 => Err(Malformed::NoFileName),
        1..=MAX_NAME => Ok(FileName(name.to_vec())),
        length => Err(Malformed::LongFileName { length }),
    }
}

fn mode_of(mode: &[u8]) -> Result<Mode, Malformed> {
    match mode.to_ascii_lowercase().as_slice() {
        b"octet" => Ok(Mode::Octet),
        b"netascii" => Ok(Mode::Netascii),
        _ => Err(Malformed::Mode {
            mode: mode.iter().take(16).copied().collect(),
        }),
    }
}

/// Pairs of name and value; a name without a value, or an empty name (padding), ends the list.
fn options_of(mut rest: &[u8]) -> Options {
    let mut options = Options::default();
    while let Some((name, after)) = text(rest).filter(|(name, _)| !name.is_empty()) {
        let Some((value, after)) = text(after) else {
            break;
        };
        options.note(name, value);
        rest = after;
    }
    options
}

/// The bytes up to the next NUL, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    let (text, rest) = bytes.split_at_checked(end)?;
    Some((text, rest.get(1..)?))
}

/// The file names that we advertise fit the 128 bytes of the BOOTP header; this leaves room.
const MAX_NAME: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(packet: &[u8]) -> Vec<u8> {
        Request::decode(packet).unwrap().file.as_bytes().to_vec()
    }

    #[test]
    fn edk2_asks_for_its_loader() {
        let packet = b"\0\x01snponly.efi\0octet\0tsize\x000\0blksize\x001468\0windowsize\x004\0";
        let request = Request::decode(packet).unwrap();
        assert_eq!(request.file.as_bytes(), b"snponly.efi");
        assert_eq!(request.mode, Mode::Octet);
        assert!(request.options.transfer_size);
        assert_eq!(request.options.block_size, Some(1468));
        assert_eq!(request.options.window, Some(4));
    }

    #[test]
    fn names_lose_their_padding_only() {
        assert_eq!(file(b"\0\x01a.efi\xff\0octet\0"), b"a.efi");
        assert_eq!(file(b"\0\x01a.efi\xff\xff\0octet\0"), b"a.efi");
        assert_eq!(file(b"\0\x01a.efi\0\0\0octet\0"), b"a.efi");
        assert_eq!(file(b"\0\x01\xffa\xff.efi\0octet\0"), b"\xffa\xff.efi");
        assert_eq!(
            file(b"\0\x01../../etc/shadow\0octet\0"),
            b"../../etc/shadow"
        );
    }

    #[test]
    fn modes_have_no_case() {
        for (mode, expected) in [("OCTET", Mode::Octet), ("NetASCII", Mode::Netascii)] {
            let packet = format!("\0\x01f\0{mode}\0");
            assert_eq!(Request::decode(packet.as_bytes()).unwrap().mode, expected);
        }
    }

    #[test]
    fn the_rest_of_an_odd_list_is_ignored() {
        for tail in ["tsize\0", "tsize", "\0\0\0\0", "\0tsize\x000\0"] {
            let packet = format!("\0\x01f\0octet\0blksize\x001024\0{tail}");
            let options = Request::decode(packet.as_bytes()).unwrap().options;
            assert_eq!(options.block_size, Some(1024), "{tail:?}");
            assert!(!options.transfer_size, "{tail:?}");
        }
    }

    #[test]
    fn what_is_not_a_read_request() {
        let long = [b"\0\x01".as_slice(), &[b'a'; 513], b"\0octet\0"].concat();
        let cases: [(&[u8], Malformed, Option<u8>); 9] = [
            (b"", Malformed::Truncated { length: 0 }, None),
            (b"\0\x01", Malformed::Truncated { length: 2 }, None),
            (b"\0\x01file", Malformed::Truncated { length: 6 }, None),
            (b"\0\x01f\0octet", Malformed::Truncated { length: 9 }, None),
            (b"\0\x02f\0octet\0", Malformed::Write, Some(2)),
            (b"\0\x05\0\0x\0", Malformed::Opcode { opcode: 5 }, None),
            (b"\0\x01\xff\0octet\0", Malformed::NoFileName, Some(4)),
            (
                b"\0\x01f\0mail\0",
                Malformed::Mode {
                    mode: b"mail".to_vec(),
                },
                Some(4),
            ),
            (&long, Malformed::LongFileName { length: 513 }, Some(1)),
        ];
        for (packet, expected, code) in cases {
            let got = Request::decode(packet).unwrap_err();
            assert_eq!(got, expected, "{packet:?}");
            let answer = got.answer();
            assert_eq!(answer.as_ref().map(|answer| answer[3]), code, "{packet:?}");
            assert!(answer.is_none_or(|answer| answer.len() <= 32));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_to_a_value(packet: Vec<u8>) {
            let _ = Request::decode(&packet);
        }

        #[test]
        fn any_tail_of_a_request_decodes_to_a_value(tail: Vec<u8>) {
            let _ = Request::decode(&[b"\0\x01".as_slice(), &tail].concat());
            let _ = Request::decode(&[b"\0\x01f\0octet\0".as_slice(), &tail].concat());
        }

        #[test]
        fn a_name_prints_on_one_line(name in proptest::collection::vec(1_u8.., 1..64)) {
            let packet = [b"\0\x01".as_slice(), &name, b"\0octet\0"].concat();
            if let Ok(request) = Request::decode(&packet) {
                prop_assert!(request.file.to_string().bytes().all(|b| (b' '..=b'~').contains(&b)));
            }
        }
    }
}
