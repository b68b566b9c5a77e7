//! Envelope encryption of what must not be readable in the database or its backups.
//!
//! Each value has a key of its own, which is wrapped by the one key of the key file; both layers
//! are XChaCha20-Poly1305 (RFC 8439 with the 192-bit nonce of draft-irtf-cfrg-xchacha), whose
//! nonces are long enough to be drawn at random. Both authenticate the place of the value and the
//! version of this format, so a value that was moved, or that another key sealed, does not open.

use std::fmt;

use machine_core::secret::Secret;
use std::str::FromStr;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::place::Place;

/// Why a value can't be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SealError {
    /// Sealed by another key.
    #[error(
        "wanted to open the secret {place} with key {got}, but key {wanted} sealed it: restore the key file that belongs to this database"
    )]
    OtherKey {
        /// Where the value is.
        place: Place,
        /// The key that sealed it.
        wanted: KeyId,
        /// The key at hand.
        got: KeyId,
    },
    /// Changed, or moved here from another place.
    #[error(
        "wanted the secret {place}, but what is stored there was changed or belongs elsewhere: restore a backup"
    )]
    NotAuthentic {
        /// Where the value is.
        place: Place,
    },
    /// Sealed by a newer program.
    #[error(
        "wanted the secret {place} in format 1, got format {found}: start the newer version that sealed it"
    )]
    OtherFormat {
        /// Where the value is.
        place: Place,
        /// Its format.
        found: i64,
    },
    /// The system gave no random bytes.
    #[error("wanted random bytes for a key, but the system gave none")]
    NoRandom,
}

/// Names a sealing key without telling anything of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for KeyId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten();
        number.map(|number| Self(number.to_be_bytes())).ok_or(())
    }
}

/// The key that wraps all others: 32 random bytes, kept in a file of their own.
#[derive(Clone)]
pub struct SealKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealKey({})", self.id)
    }
}

/// A sealed value; worth nothing without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub(crate) version: i64,
    pub(crate) key_id: KeyId,
    /// The nonce of the wrapping, then the wrapped key of the value.
    pub(crate) wrapped_key: Vec<u8>,
    pub(crate) nonce: [u8; NONCE],
    pub(crate) ciphertext: Vec<u8>,
}

impl Sealed {
    /// Which key sealed it.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }
}

pub(crate) const NONCE: usize = 24;
const VERSION: i64 = 1;
const WRAPPED: &str = "drover sealed key 1";
const VALUE: &str = "drover sealed value 1";

impl SealKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, SealError> {
        random().map(Self::from_bytes)
    }

    pub(crate) fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"drover key id 1");
        hash.update(bytes.as_slice());
        let mut id = [0; 8];
        id.iter_mut()
            .zip(hash.finalize())
            .for_each(|(to, from)| *to = from);
        Self {
            id: KeyId(id),
            bytes,
        }
    }

    pub(crate) const fn bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.bytes
    }

    /// Its name.
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// Seals a value for its place.
    pub fn seal(&self, place: &Place, plaintext: &[u8]) -> Result<Sealed, SealError> {
        let key = random::<32>()?;
        let (nonce, ciphertext) = encrypt(&key, &place.authenticated(VALUE), plaintext)?;
        let (wrapping, wrapped) =
            encrypt(&self.bytes, &place.authenticated(WRAPPED), key.as_slice())?;
        Ok(Sealed {
            version: VERSION,
            key_id: self.id,
            wrapped_key: [wrapping.as_slice(), &wrapped].concat(),
            nonce,
            ciphertext,
        })
    }

    /// Opens what was sealed for this place.
    pub fn unseal(&self, place: &Place, sealed: &Sealed) -> Result<Secret<Vec<u8>>, SealError> {
        let place_of = || place.clone();
        if sealed.version != VERSION {
            let (place, found) = (place_of(), sealed.version);
            return Err(SealError::OtherFormat { place, found });
        }
        if sealed.key_id != self.id {
            return Err(SealError::OtherKey {
                place: place_of(),
                wanted: sealed.key_id,
                got: self.id,
            });
        }
        let not_authentic = || SealError::NotAuthentic { place: place_of() };
        let (wrapping, wrapped) = sealed
            .wrapped_key
            .split_first_chunk::<NONCE>()
            .ok_or_else(not_authentic)?;
        let key = decrypt(
            &self.bytes,
            wrapping,
            &place.authenticated(WRAPPED),
            wrapped,
        )
        .ok_or_else(not_authentic)?;
        let mut bytes = Zeroizing::new([0; 32]);
        if key.len() != bytes.len() {
            return Err(not_authentic());
        }
        bytes.copy_from_slice(&key);
        let value = place.authenticated(VALUE);
        decrypt(&bytes, &sealed.nonce, &value, &sealed.ciphertext)
            .map(Secret::from)
            .ok_or_else(not_authentic)
    }
}

pub(crate) fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, SealError> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|_| SealError::NoRandom)?;
    Ok(bytes)
}

fn encrypt(
    key: &[u8; 32],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<([u8; NONCE], Vec<u8>), SealError> {
    let nonce = *random::<NONCE>()?;
    let payload = Payload {
        msg: plaintext,
        aad,
    };
    // Fails only beyond 256 GiB.
    let ciphertext = XChaCha20Poly1305::new(key.into())
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| SealError::NoRandom)?;
    Ok((nonce, ciphertext))
}

fn decrypt(
    key: &[u8; 32],
    nonce: &[u8; NONCE],
    aad: &[u8],
    ciphertext: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let payload = Payload {
        msg: ciphertext,
        aad,
    };
    XChaCha20Poly1305::new(key.into())
        .decrypt(&XNonce::from(*nonce), payload)
        .ok()
        .map(Zeroizing::new)
}

#[cfg(test)]
mod tests;
