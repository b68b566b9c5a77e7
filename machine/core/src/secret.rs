//! What must not be shown: keys, tokens, passwords and whole configs.
//!
//! It is wiped when it is dropped, prints as `Secret(…)`, and is read only where the call says
//! `expose`.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// A text, or bytes, that never show themselves.
#[derive(Clone, PartialEq, Eq, Hash, Zeroize, ZeroizeOnDrop)]
pub struct Secret<T: Zeroize = String>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes it over.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// What it holds, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl Secret<Vec<u8>> {
    /// Its bytes, for those who own what they send: they are wiped when the last of them is gone.
    pub fn into_zeroizing(mut self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(std::mem::take(&mut self.0))
    }
}

/// As documents hold it. There is no way back: a secret is never written by being serialised.
impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// Takes it over, without a copy that stays behind.
impl From<Zeroizing<Vec<u8>>> for Secret<Vec<u8>> {
    fn from(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(std::mem::take(&mut *bytes))
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", Secret::new("key".to_owned())), "Secret(…)");
        let bytes = Secret::new(vec![0x6b_u8, 0x65]);
        assert_eq!(format!("{bytes:?}"), "Secret(…)");
        assert_eq!(bytes.into_zeroizing().as_slice(), [0x6b, 0x65]);
    }
}
