//! How long access lasts, as it is typed: `8h`, `30m`, `7d`.

use std::str::FromStr;

use thiserror::Error;

/// A length of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    seconds: i64,
}

impl Lifetime {
    /// Seconds.
    pub const fn as_seconds(self) -> i64 {
        self.seconds
    }
}

/// A text that is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a whole number with s, m, h or d, such as 8h")]
pub struct ParseLifetimeError;

impl FromStr for Lifetime {
    type Err = ParseLifetimeError;

    fn from_str(text: &str) -> Result<Self, ParseLifetimeError> {
        let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400)];
        let found = units
            .into_iter()
            .find_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
        let (digits, unit) = found.ok_or(ParseLifetimeError)?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseLifetimeError);
        }
        let number: i64 = digits.parse().map_err(|_| ParseLifetimeError)?;
        let seconds = number.checked_mul(unit).ok_or(ParseLifetimeError)?;
        if seconds == 0 {
            return Err(ParseLifetimeError);
        }
        Ok(Self { seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("8h", 28_800), ("7d", 604_800)] {
            assert_eq!(text.parse::<Lifetime>().unwrap().as_seconds(), seconds);
        }
        for text in [
            "",
            "8",
            "h",
            "0h",
            "-1h",
            "+1h",
            "1.5h",
            "8 h",
            "99999999999999999d",
            "8w",
        ] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
