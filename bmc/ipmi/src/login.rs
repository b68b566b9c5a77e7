//! Who logs in, and with what: the two secrets are never printed, and wiped when dropped.

use machine_core::endpoint::IpmiWorkarounds;
use machine_core::secret::Secret;

/// The longest password of IPMI 2.0, in bytes (§22.30).
pub const LONGEST_PASSWORD: usize = 20;

/// The longest password of IPMI 1.5, in bytes: what some BMCs keep of a longer one without a word
/// (§22.30).
pub const LONGEST_OLD_PASSWORD: usize = 16;

/// The longest user name of IPMI 2.0, in bytes (§22.28).
pub const LONGEST_USERNAME: usize = 16;

/// A BMC's password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Password(Secret<Vec<u8>>);

impl Password {
    /// The password of this text.
    pub fn new(text: impl Into<Vec<u8>>) -> Self {
        Self(Secret::new(text.into()))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// The key of the BMC itself (`K_G`, §13.31), which some sites set beside the users' passwords.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BmcKey(Secret<[u8; 20]>);

impl BmcKey {
    /// The key of these bytes; a shorter one is filled up with zeros.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(Secret::new(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.expose()
    }
}

/// A user of a BMC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Login {
    /// Its name, at most 16 bytes; empty for the anonymous user.
    pub username: String,
    /// Its password, at most 20 bytes.
    pub password: Password,
    /// The BMC's own key, if one is set.
    pub bmc_key: Option<BmcKey>,
    /// What the BMC's firmware needs beside.
    pub workarounds: IpmiWorkarounds,
}

impl Login {
    /// The name as the messages and their codes carry it. Firmware behind `intel20` fills it up with
    /// zeros, though §22.28 allows none in it.
    pub(crate) fn name(&self) -> Vec<u8> {
        let mut name = self.username.as_bytes().to_vec();
        if self.workarounds.intel20 {
            name.resize(LONGEST_USERNAME, 0);
        }
        name
    }

    /// This login with what a BMC with room for passwords of IPMI 1.5 keeps of its password; `None`
    /// if that is all of it.
    pub(crate) fn cut(&self) -> Option<Self> {
        let kept = self.password.as_bytes().get(..LONGEST_OLD_PASSWORD)?;
        (kept.len() < self.password.as_bytes().len()).then(|| Self {
            password: Password::new(kept),
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
        let login = Login {
            username: "ADMIN".to_owned(),
            password: Password::new("tuna-cowbell"),
            bmc_key: Some(BmcKey::from_bytes(*b"a-key-of-twenty-byte")),
            workarounds: IpmiWorkarounds::default(),
        };
        let text = format!("{login:?} {login:#?}");
        assert!(text.contains("ADMIN"));
        for secret in ["tuna", "key-of", "116", "97"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
