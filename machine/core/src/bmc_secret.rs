//! What one logs in to a BMC with: the user's password and, where one is set, the BMC's own key.
//!
//! It is sealed as one text: the password alone, or password, NUL and the key in hexadecimal digits.
//! So what was sealed before there was a key is a password still.

use std::fmt;

use zeroize::Zeroizing;

/// How long the BMC's own key is, in bytes (IPMI 2.0 §13.31); a shorter one is filled up with zeros.
pub const KEY_LENGTH: usize = 20;

/// Between password and key: a password has none.
const BETWEEN: char = '\0';

/// A password, and the key of the BMC if it has one.
#[derive(Clone, PartialEq, Eq)]
pub struct BmcSecret {
    /// The user's password.
    pub password: Zeroizing<String>,
    /// The BMC's own key (`K_G`).
    pub k_g: Option<Zeroizing<[u8; KEY_LENGTH]>>,
}

impl BmcSecret {
    /// As it is sealed.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(self.password.as_str().to_owned());
        if let Some(key) = &self.k_g {
            text.push(BETWEEN);
            for byte in key.iter() {
                for digit in [byte >> 4, byte & 0x0f] {
                    text.extend(char::from_digit(u32::from(digit), 16));
                }
            }
        }
        text
    }

    /// What was sealed; `None` if it is no text, or its key is none.
    pub fn of_text(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (password, key) = match text.split_once(BETWEEN) {
            Some((password, digits)) => (password, Some(key_of_digits(digits)?)),
            None => (text, None),
        };
        Some(Self {
            password: Zeroizing::new(password.to_owned()),
            k_g: key,
        })
    }
}

/// Neither is printed.
impl fmt::Debug for BmcSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BmcSecret(redacted)")
    }
}

/// The key of so many hexadecimal digits, filled up with zeros; `None` if they are none, or too many.
pub fn key_of_digits(digits: &str) -> Option<Zeroizing<[u8; KEY_LENGTH]>> {
    let mut key = Zeroizing::new([0; KEY_LENGTH]);
    let is_whole = digits.len().is_multiple_of(2) && digits.len() <= 2 * KEY_LENGTH;
    if digits.is_empty() || !is_whole || !digits.is_ascii() {
        return None;
    }
    for (slot, at) in key.iter_mut().zip((0..digits.len()).step_by(2)) {
        let pair = digits.get(at..at + 2)?;
        let is_digit = |it: char| it.is_ascii_hexdigit();
        if !pair.chars().all(is_digit) {
            return None;
        }
        *slot = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_comes_back_and_an_old_password_is_one_still() {
        let key = key_of_digits("00ff17").unwrap();
        assert_eq!(key[..4], [0x00, 0xff, 0x17, 0x00]);
        for k_g in [None, Some(key)] {
            let secret = BmcSecret {
                password: Zeroizing::new("tuna-cowbell".to_owned()),
                k_g,
            };
            let text = secret.to_text();
            assert_eq!(BmcSecret::of_text(text.as_bytes()), Some(secret.clone()));
            assert!(!format!("{secret:?}").contains("tuna"));
        }
        let old = BmcSecret::of_text(b"secret123").unwrap();
        assert_eq!((old.password.as_str(), old.k_g), ("secret123", None));
        for broken in [&b"a\0"[..], b"a\0zz", b"a\0+1", b"a\x80", b"a\0abc"] {
            assert_eq!(BmcSecret::of_text(broken), None, "{broken:?}");
        }
        assert_eq!(key_of_digits(&"00".repeat(21)), None);
    }
}
