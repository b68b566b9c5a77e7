//! The two cipher suites that are spoken here, and the codes they make (§13.28 to §13.32, §22.15.2).
//!
//! Suite 0 has no authentication at all, 1 and 2 no encryption, 6 to 14 MD5, 15 and 16 no
//! encryption, and IPMI 1.5 sends nothing better: none of them exists in this crate.

use std::fmt;

use aes::Aes128;
use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::digest::common::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

/// A code or a key, wiped when dropped.
pub(crate) type Code = Zeroizing<Vec<u8>>;

/// A cipher suite (§22.15.2, table 22-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CipherSuite {
    /// RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128.
    Suite17,
    /// RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128.
    Suite3,
}

impl CipherSuite {
    /// Its number.
    pub const fn id(self) -> u8 {
        match self {
            Self::Suite17 => 17,
            Self::Suite3 => 3,
        }
    }

    /// The numbers of its algorithms: authentication, integrity, confidentiality.
    pub(crate) const fn algorithms(self) -> [u8; 3] {
        match self {
            Self::Suite17 => [3, 4, 1],
            Self::Suite3 => [1, 1, 1],
        }
    }

    /// The length of a whole code, as RAKP-2 and RAKP-3 carry it.
    pub(crate) const fn code_length(self) -> usize {
        match self {
            Self::Suite17 => 32,
            Self::Suite3 => 20,
        }
    }

    /// The length of a cut code, as RAKP-4 and each packet of the session carry it.
    pub(crate) const fn check_length(self) -> usize {
        match self {
            Self::Suite17 => 16,
            Self::Suite3 => 12,
        }
    }

    /// The code of `parts`, one after the other, under `key`.
    pub(crate) fn code(self, key: &[u8], parts: &[&[u8]]) -> Code {
        match self {
            Self::Suite17 => finish(fed::<Hmac<Sha256>>(key, parts)),
            Self::Suite3 => finish(fed::<Hmac<Sha1>>(key, parts)),
        }
    }

    /// Whether `code`, whole or cut, is that of `parts` under `key`; in constant time.
    pub(crate) fn verify(self, key: &[u8], parts: &[&[u8]], code: &[u8]) -> bool {
        if code.len() != self.code_length() && code.len() != self.check_length() {
            return false;
        }
        match self {
            Self::Suite17 => fed::<Hmac<Sha256>>(key, parts).verify_truncated_left(code),
            Self::Suite3 => fed::<Hmac<Sha1>>(key, parts).verify_truncated_left(code),
        }
        .is_ok()
    }
}

impl fmt::Display for CipherSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id())
    }
}

/// No key here is longer than a block of its hash (20 or 32 of 64 bytes), and a shorter one filled
/// up with zeros is the same key (RFC 2104 §2).
fn fed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> M {
    let mut block = Key::<M>::default();
    block
        .iter_mut()
        .zip(key)
        .for_each(|(slot, byte)| *slot = *byte);
    let mut mac = <M as KeyInit>::new(&block);
    block.as_mut_slice().zeroize();
    for part in parts {
        mac.update(part);
    }
    mac
}

fn finish<M: Mac>(mac: M) -> Code {
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// `plain` under AES-CBC-128; its length must be a multiple of 16.
pub(crate) fn encrypt(key: [u8; 16], iv: [u8; 16], plain: &[u8]) -> Vec<u8> {
    let mut mode = cbc::Encryptor::<Aes128>::new(&key.into(), &iv.into());
    through(plain, |block| mode.encrypt_block(block))
}

/// What `encrypt` was given.
pub(crate) fn decrypt(key: [u8; 16], iv: [u8; 16], cipher: &[u8]) -> Vec<u8> {
    let mut mode = cbc::Decryptor::<Aes128>::new(&key.into(), &iv.into());
    through(cipher, |block| mode.decrypt_block(block))
}

fn through(bytes: &[u8], mut turn: impl FnMut(&mut Block<Aes128>)) -> Vec<u8> {
    let (blocks, _) = bytes.as_chunks::<16>();
    blocks
        .iter()
        .flat_map(|bytes| {
            let mut block = Block::<Aes128>::from(*bytes);
            turn(&mut block);
            <[u8; 16]>::from(block)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// RFC 2202 §3 (SHA-1) and RFC 4231 §4.3 (SHA-256), test case 2.
    #[test]
    fn codes_are_those_of_the_rfcs() {
        for (suite, code) in [
            (
                CipherSuite::Suite3,
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                CipherSuite::Suite17,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ] {
            let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
            let made = suite.code(b"Jefe", &parts);
            assert_eq!(hex(&made), code);
            assert!(suite.verify(b"Jefe", &parts, &made));
            assert!(suite.verify(b"Jefe", &parts, &made[..suite.check_length()]));
            assert!(!suite.verify(b"Jefe", &parts, &made[..suite.check_length() - 1]));
            assert!(!suite.verify(b"Jefe", &parts, &[]));
            assert!(!suite.verify(b"jefe", &parts, &made));
        }
    }

    /// NIST SP 800-38A, F.2.1.
    #[test]
    fn aes_cbc_is_that_of_nist() {
        let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
        let iv = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
        let plain = [
            0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a_u128.to_be_bytes(),
            0xae2d_8a57_1e03_ac9c_9eb7_6fac_45af_8e51_u128.to_be_bytes(),
        ]
        .concat();
        let cipher = encrypt(key, iv, &plain);
        assert_eq!(
            hex(&cipher),
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
        );
        assert_eq!(decrypt(key, iv, &cipher), plain);
    }
}
