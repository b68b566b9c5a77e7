//! Tokens for attempts: nothing is stored to mint one, and nobody without the key can.
//!
//! A token is the attempt's id and an HMAC-SHA256 over it, cut to 16 bytes (RFC 2104 §5), in URL-safe
//! Base64 (RFC 4648 §5): 43 characters. What it permits stands on the attempt.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use machine_core::id::AttemptId;
use machine_core::time::Timestamp;
use sha2::Sha256;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::db::Db;
use crate::error::StoreError;
use crate::place::Place;
use crate::seal::{SealError, SealKey, random};
use crate::secrets;
use machine_core::sabotage::Sabotage;

/// The key that mints and verifies tokens.
#[derive(Clone)]
pub struct TokenKey {
    bytes: Zeroizing<[u8; KEY]>,
}

/// Why there is no token key.
#[derive(Debug, Clone, Error)]
pub enum TokenKeyError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key can't be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What is stored opens, but is no key.
    #[error("wanted a token key of {KEY} bytes, got {0} bytes: restore a backup")]
    Length(usize),
}

impl TokenKey {
    /// The key of this database; drawn and sealed at the first time, one for all replicas.
    pub async fn load_or_make(
        db: &Db,
        seal: &SealKey,
        now: Timestamp,
    ) -> Result<Self, TokenKeyError> {
        let place = Place::new("token", "attempt", "key");
        let sealed = if let Some(sealed) = secrets::find(db, &place).await? {
            sealed
        } else {
            let drawn = seal.seal(&place, random::<KEY>()?.as_slice())?;
            secrets::put_if_absent(db, &place, &drawn, now).await?;
            // Another replica may have been first: what is stored counts.
            secrets::find(db, &place).await?.unwrap_or(drawn)
        };
        let opened = seal.unseal(&place, &sealed)?;
        let mut bytes = Zeroizing::new([0; KEY]);
        if opened.expose().len() != bytes.len() {
            return Err(TokenKeyError::Length(opened.expose().len()));
        }
        bytes.copy_from_slice(opened.expose());
        Ok(Self { bytes })
    }

    /// The token of an attempt.
    pub fn mint(&self, attempt: AttemptId) -> String {
        let full = self.authenticator(attempt).finalize().into_bytes();
        let token: Vec<u8> = attempt
            .as_bytes()
            .iter()
            .chain(full.iter().take(LENGTH))
            .copied()
            .collect();
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The attempt that a token is for; `None` for everything that this key did not mint. Takes
    /// the same time for every wrong authenticator.
    pub fn verify(&self, token: &str) -> Option<AttemptId> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (id, code) = bytes.split_first_chunk::<16>()?;
        if code.len() != LENGTH {
            return None;
        }
        let attempt = AttemptId::from_bytes(*id);
        let checked = self.authenticator(attempt).verify_truncated_left(code);
        (checked.is_ok() || Sabotage::ForgedTokenAccepted.is_on()).then_some(attempt)
    }

    fn authenticator(&self, attempt: AttemptId) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new((&*self.bytes).into());
        code.update(b"drover attempt token 1");
        code.update(attempt.as_bytes());
        code
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey")
    }
}

/// Bytes of the key: a block of SHA-256, which HMAC takes as it is.
const KEY: usize = 64;
/// Bytes of the authenticator that a token carries.
const LENGTH: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> TokenKey {
        TokenKey {
            bytes: Zeroizing::new([byte; KEY]),
        }
    }

    proptest! {
        #[test]
        fn what_was_minted_is_known(id: [u8; 16]) {
            let attempt = AttemptId::from_bytes(id);
            let token = key(1).mint(attempt);
            prop_assert_eq!(token.len(), 43);
            prop_assert_eq!(key(1).verify(&token), Some(attempt));
            prop_assert_eq!(key(2).verify(&token), None);
        }

        #[test]
        fn every_other_token_is_not(id: [u8; 16], at in 0_usize..43, other in "[A-Za-z0-9_-]") {
            let token = key(1).mint(AttemptId::from_bytes(id));
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(key(1).verify(&changed).is_some(), changed == token);
        }

        #[test]
        fn no_text_panics(text: String) {
            prop_assert_eq!(key(1).verify(&text), None);
        }
    }

    #[test]
    fn a_shorter_or_longer_authenticator_is_refused() {
        let token = key(1).mint(AttemptId::from_bytes([3; 16]));
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for length in [16, 17, 31] {
            let short = URL_SAFE_NO_PAD.encode(&bytes[..length]);
            assert_eq!(key(1).verify(&short), None, "{length}");
        }
        let long = URL_SAFE_NO_PAD.encode([bytes.as_slice(), &[0]].concat());
        assert_eq!(key(1).verify(&long), None);
    }

    #[test]
    fn the_key_is_never_printed() {
        assert_eq!(format!("{:?}", key(90)), "TokenKey");
    }
}
