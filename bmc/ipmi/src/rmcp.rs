//! Datagrams: the RMCP header and the two session headers behind it (§13.1.3, §13.6, table 13-8).
//!
//! Three kinds exist here: a message without a session in the IPMI 1.5 format (only Get Channel
//! Authentication Capabilities is asked that way), the plain packets of the handshake, and the
//! packets of a session, which are always signed and encrypted.

use crate::error::Ignored;
use crate::reader::Reader;

/// RMCP version 1.0, reserved, no RMCP acknowledgement wanted, class IPMI.
const HEADER: [u8; 4] = [0x06, 0x00, 0xff, 0x07];
/// "Authentication type" of the IPMI 1.5 format: none.
const NO_AUTHENTICATION: u8 = 0x00;
/// "Authentication type" of the IPMI 2.0 format.
const RMCP_PLUS: u8 = 0x06;
/// Payload type of an IPMI message, encrypted and signed.
const PROTECTED_MESSAGE: u8 = 0xc0;

/// Payload types of the handshake (table 13-16).
pub(crate) mod payload_type {
    pub(crate) const OPEN_SESSION_REQUEST: u8 = 0x10;
    pub(crate) const OPEN_SESSION_RESPONSE: u8 = 0x11;
    pub(crate) const RAKP_1: u8 = 0x12;
    pub(crate) const RAKP_2: u8 = 0x13;
    pub(crate) const RAKP_3: u8 = 0x14;
    pub(crate) const RAKP_4: u8 = 0x15;
}

/// A datagram, taken apart.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packet<'a> {
    /// A message without a session, IPMI 1.5 format.
    Sessionless(&'a [u8]),
    /// A message of the handshake.
    Handshake { payload_type: u8, payload: &'a [u8] },
    /// A packet of a session, not verified yet.
    Session(SessionPacket<'a>),
}

/// A packet of a session, not verified yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionPacket<'a> {
    pub(crate) session: u32,
    pub(crate) sequence: u32,
    /// Initialisation vector and ciphertext.
    pub(crate) payload: &'a [u8],
    /// From the authentication type to the end of the code.
    pub(crate) body: &'a [u8],
}

impl<'a> Packet<'a> {
    pub(crate) fn decode(datagram: &'a [u8]) -> Result<Self, Ignored> {
        Self::read(datagram).ok_or(Ignored::Malformed)?
    }

    fn read(datagram: &'a [u8]) -> Option<Result<Self, Ignored>> {
        // BMCs are not exact in what they put into the two bytes that IPMI does not use.
        let (&[version, _, _, class], body) = datagram.split_first_chunk::<4>()?;
        let [wanted_version, _, _, wanted_class] = HEADER;
        if (version, class) != (wanted_version, wanted_class) {
            return None;
        }
        let mut reader = Reader::new(body);
        match reader.byte()? {
            NO_AUTHENTICATION => {
                let [_sequence, session] = [reader.take::<4>()?, reader.take::<4>()?];
                let length = usize::from(reader.byte()?);
                let message = reader.slice(length)?;
                Some(if session == [0; 4] {
                    Ok(Self::Sessionless(message))
                } else {
                    Err(Ignored::Unprotected)
                })
            }
            RMCP_PLUS => Self::read_rmcp_plus(body, reader),
            _ => None,
        }
    }

    fn read_rmcp_plus(body: &'a [u8], mut reader: Reader<'a>) -> Option<Result<Self, Ignored>> {
        let payload_type = reader.byte()?;
        let session = u32::from_le_bytes(reader.take()?);
        let sequence = u32::from_le_bytes(reader.take()?);
        let length = usize::from(u16::from_le_bytes(reader.take()?));
        let payload = reader.slice(length)?;
        Some(match (payload_type, session) {
            (PROTECTED_MESSAGE, 1..) => Ok(Self::Session(SessionPacket {
                session,
                sequence,
                payload,
                body,
            })),
            (0x10..=0x1f, 0) => Ok(Self::Handshake {
                payload_type,
                payload,
            }),
            _ => Err(Ignored::Unprotected),
        })
    }
}

/// A message without a session.
pub(crate) fn sessionless(message: &[u8]) -> Vec<u8> {
    let length = u8::try_from(message.len()).unwrap_or(u8::MAX);
    [
        &HEADER[..],
        &[NO_AUTHENTICATION],
        &[0; 8],
        &[length],
        message,
    ]
    .concat()
}

/// A message of the handshake.
pub(crate) fn handshake(payload_type: u8, payload: &[u8]) -> Vec<u8> {
    [&HEADER[..], &header(payload_type, 0, 0, payload)].concat()
}

/// A packet of a session; `sign` makes the code of what it is given.
pub(crate) fn session(
    session: u32,
    sequence: u32,
    payload: &[u8],
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    /// "Next header" after the pad.
    const NEXT_HEADER: u8 = 0x07;
    let mut body = header(PROTECTED_MESSAGE, session, sequence, payload);
    // What is signed ends with the pad, its length and the next header, on a multiple of 4 bytes.
    let pad = (body.len() + 2).next_multiple_of(4) - (body.len() + 2);
    body.resize(body.len() + pad, 0xff);
    body.push(u8::try_from(pad).unwrap_or(0));
    body.push(NEXT_HEADER);
    let code = sign(&body);
    [&HEADER[..], &body, &code].concat()
}

fn header(payload_type: u8, session: u32, sequence: u32, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    [
        &[RMCP_PLUS, payload_type][..],
        &session.to_le_bytes(),
        &sequence.to_le_bytes(),
        &length.to_le_bytes(),
        payload,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_ends_on_a_multiple_of_four() {
        for length in 0..40 {
            let datagram = session(7, 9, &vec![0xaa; length], |body| {
                assert_eq!(body.len() % 4, 0, "payload of {length}");
                vec![0xcc; 12]
            });
            let Ok(Packet::Session(packet)) = Packet::decode(&datagram) else {
                panic!("{datagram:02x?}");
            };
            assert_eq!((packet.session, packet.sequence), (7, 9));
            assert_eq!(packet.payload, vec![0xaa; length]);
            assert_eq!(packet.body, &datagram[4..]);
        }
    }

    #[test]
    fn other_kinds_of_datagrams_are_told_apart() {
        assert!(matches!(
            Packet::decode(&sessionless(b"abc")),
            Ok(Packet::Sessionless(b"abc"))
        ));
        assert!(matches!(
            Packet::decode(&handshake(payload_type::RAKP_2, b"abc")),
            Ok(Packet::Handshake {
                payload_type: 0x13,
                payload: b"abc"
            })
        ));
        // In a session, but not signed, not encrypted, or neither.
        for payload_type in [0x00, 0x40, 0x80] {
            let mut datagram = session(7, 9, &[0; 16], |_| Vec::new());
            datagram[5] = payload_type;
            assert_eq!(Packet::decode(&datagram).unwrap_err(), Ignored::Unprotected);
        }
        // An RMCP acknowledgement (bit 7 of the class), and an ASF pong.
        for class in [0x87, 0x06] {
            let mut datagram = sessionless(b"abc");
            datagram[3] = class;
            assert_eq!(Packet::decode(&datagram).unwrap_err(), Ignored::Malformed);
        }
    }
}
