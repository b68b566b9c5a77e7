//! The options that a client may put into its request.
//!
//! An option that we do not know, or whose value makes no sense, is ignored: a server leaves out of
//! its OACK what it does not accept (RFC 2347), and firmware must boot even when it asks for odd
//! things. Names are case-insensitive. RFC 2348 (blksize), 2349 (timeout, tsize), 7440 (windowsize).

use std::time::Duration;

/// What a client asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `blksize`: bytes of content in a DATA packet.
    pub block_size: Option<u32>,
    /// `tsize`: whether it wants to know the size of the file.
    pub transfer_size: bool,
    /// `timeout`: how long we wait before we send again.
    pub timeout: Option<Duration>,
    /// `windowsize`: blocks between two acknowledgements.
    pub window: Option<u16>,
}

impl Options {
    /// Takes up one option. The first of a name wins: RFC 2347 allows each only once.
    pub(crate) fn note(&mut self, name: &[u8], value: &[u8]) {
        let value = number(value);
        match name.to_ascii_lowercase().as_slice() {
            b"blksize" => self.block_size = self.block_size.or_else(|| at_least_eight(value)),
            b"tsize" => self.transfer_size |= value.is_some(),
            b"timeout" => self.timeout = self.timeout.or_else(|| seconds(value)),
            b"windowsize" => self.window = self.window.or_else(|| blocks(value)),
            _ => {}
        }
    }
}

/// RFC 2348: 8 to 65464. Larger values are cut to our limit later, not refused.
fn at_least_eight(value: Option<u32>) -> Option<u32> {
    value.filter(|size| *size >= 8)
}

/// RFC 2349: 1 to 255 seconds.
fn seconds(value: Option<u32>) -> Option<Duration> {
    let value = value.filter(|seconds| (1..=255).contains(seconds))?;
    Some(Duration::from_secs(value.into()))
}

/// RFC 7440: 1 to 65535 blocks.
fn blocks(value: Option<u32>) -> Option<u16> {
    let value = value.filter(|blocks| *blocks >= 1)?;
    u16::try_from(value).ok()
}

/// Decimal digits only: no sign, no blanks.
fn number(value: &[u8]) -> Option<u32> {
    let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(options: &[(&str, &str)]) -> Options {
        let mut noted = Options::default();
        for (name, value) in options {
            noted.note(name.as_bytes(), value.as_bytes());
        }
        noted
    }

    #[test]
    fn what_edk2_asks_for() {
        let options = noted(&[("tsize", "0"), ("blksize", "1468"), ("windowsize", "4")]);
        assert_eq!(
            options,
            Options {
                block_size: Some(1468),
                transfer_size: true,
                timeout: None,
                window: Some(4),
            }
        );
    }

    #[test]
    fn values_that_make_no_sense_are_ignored() {
        for (name, value) in [
            ("blksize", "7"),
            ("blksize", ""),
            ("blksize", "-8"),
            ("blksize", "+512"),
            ("blksize", " 512"),
            ("blksize", "99999999999"),
            ("blksize", "5\u{661}2"),
            ("tsize", ""),
            ("tsize", "zero"),
            ("timeout", "0"),
            ("timeout", "256"),
            ("windowsize", "0"),
            ("windowsize", "65536"),
            ("multicast", ""),
            ("", "1"),
        ] {
            assert_eq!(
                noted(&[(name, value)]),
                Options::default(),
                "{name}={value}"
            );
        }
    }

    #[test]
    fn names_have_no_case_and_the_first_wins() {
        let options = noted(&[("BlkSize", "1024"), ("blksize", "512"), ("TIMEOUT", "5")]);
        assert_eq!(options.block_size, Some(1024));
        assert_eq!(options.timeout, Some(Duration::from_secs(5)));
    }
}
