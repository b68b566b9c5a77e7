//! Packets of a session, sealed and opened: AES-CBC-128 within an HMAC (§13.28.4, §13.29).
//!
//! What comes is verified before anything of it is used, decrypted after that.

use zeroize::Zeroizing;

use crate::cipher::{decrypt, encrypt};
use crate::error::Ignored;
use crate::rakp::SessionKeys;
use crate::rmcp::{self, SessionPacket};

/// `message` as packet number `sequence` of the BMC's session `session`.
pub(crate) fn seal(
    keys: &SessionKeys,
    session: u32,
    sequence: u32,
    iv: [u8; 16],
    message: &[u8],
) -> Vec<u8> {
    // The pad counts up from 1; its length follows, on a multiple of 16 bytes.
    let pad = 15 - message.len() % 16;
    let plain: Zeroizing<Vec<u8>> = Zeroizing::new(
        message
            .iter()
            .copied()
            .chain((1_u8..).take(pad))
            .chain(u8::try_from(pad))
            .collect(),
    );
    let payload = [&iv[..], &encrypt(cipher_key(keys), iv, &plain)].concat();
    rmcp::session(session, sequence, &payload, |body| {
        let mut code = keys.suite.code(&keys.integrity, &[body]).to_vec();
        code.truncate(keys.suite.check_length());
        code
    })
}

/// The message in `packet`, if the session's keys made it.
pub(crate) fn open(keys: &SessionKeys, packet: &SessionPacket<'_>) -> Result<Vec<u8>, Ignored> {
    let (signed, code) = packet
        .body
        .len()
        .checked_sub(keys.suite.check_length())
        .and_then(|length| packet.body.split_at_checked(length))
        .ok_or(Ignored::Malformed)?;
    if !keys.suite.verify(&keys.integrity, &[signed], code) {
        return Err(Ignored::Forged);
    }
    unpad(packet, cipher_key(keys)).ok_or(Ignored::Malformed)
}

fn unpad(packet: &SessionPacket<'_>, key: [u8; 16]) -> Option<Vec<u8>> {
    let (iv, cipher) = packet.payload.split_first_chunk::<16>()?;
    if cipher.len() % 16 != 0 {
        return None;
    }
    let mut plain = decrypt(key, *iv, cipher);
    let pad = usize::from(plain.pop()?);
    plain.truncate(plain.len().checked_sub(pad)?);
    Some(plain)
}

fn cipher_key(keys: &SessionKeys) -> [u8; 16] {
    keys.confidentiality
        .first_chunk::<16>()
        .copied()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::CipherSuite;
    use crate::rmcp::Packet;
    use proptest::prelude::*;

    fn keys(suite: CipherSuite) -> SessionKeys {
        SessionKeys::derive(suite, b"a session key of 20b")
    }

    fn opened(keys: &SessionKeys, datagram: &[u8]) -> Result<Vec<u8>, Ignored> {
        match Packet::decode(datagram)? {
            Packet::Session(packet) => open(keys, &packet),
            other => panic!("{other:?}"),
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(message: Vec<u8>, iv: [u8; 16], sequence: u32) {
            for suite in [CipherSuite::Suite3, CipherSuite::Suite17] {
                let keys = keys(suite);
                let datagram = seal(&keys, 1, sequence, iv, &message);
                prop_assert_eq!(opened(&keys, &datagram), Ok(message.clone()));
            }
        }

        #[test]
        fn no_bit_can_be_changed(message: Vec<u8>, place: proptest::sample::Index, bit in 0_u32..8) {
            for suite in [CipherSuite::Suite3, CipherSuite::Suite17] {
                let keys = keys(suite);
                let mut datagram = seal(&keys, 0x0101_0101, 1, [7; 16], &message);
                // The two bytes that RMCP does not use are not looked at.
                let place = place.index(datagram.len());
                prop_assume!(place != 1 && place != 2);
                datagram[place] ^= 1_u8 << bit;
                let opened = Packet::decode(&datagram).and_then(|packet| match packet {
                    Packet::Session(packet) => open(&keys, &packet),
                    _ => Err(Ignored::AnotherMessage),
                });
                prop_assert!(opened.is_err(), "bit {} of byte {}", bit, place);
            }
        }
    }

    /// Get Chassis Status, sealed with Python's `hmac` and OpenSSL's AES under the session key that is
    /// the 20 bytes of `keys`.
    #[test]
    fn packets_are_those_of_another_implementation() {
        for (suite, packet) in [
            (
                CipherSuite::Suite17,
                "0600ff0706c00122334405000000200007070707070707070707070707070707\
                 334894a724948837a78b082eb831a8d1ffff02072e4306fe4026cff760827515f40ad41e",
            ),
            (
                CipherSuite::Suite3,
                "0600ff0706c00122334405000000200007070707070707070707070707070707\
                 9d4967759122e7812f0fc8f37c5aff45ffff02078a7d1e1559558a6ef53381e6",
            ),
        ] {
            let message = [0x20, 0x00, 0xe0, 0x81, 0x14, 0x01, 0x6a];
            let datagram = seal(&keys(suite), 0x4433_2201, 5, [7; 16], &message);
            let hex = |text: String, byte: &u8| format!("{text}{byte:02x}");
            assert_eq!(datagram.iter().fold(String::new(), hex), packet);
        }
    }

    #[test]
    fn another_suites_code_is_refused() {
        let datagram = seal(&keys(CipherSuite::Suite3), 1, 1, [7; 16], b"message");
        assert_eq!(
            opened(&keys(CipherSuite::Suite17), &datagram),
            Err(Ignored::Forged)
        );
    }
}
