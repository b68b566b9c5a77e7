//! DHCP unique identifiers (RFC 8415 §11): what a DHCPv6 client or server calls itself.
//!
//! For leases a DUID is a name and nothing else (§11: "treat DUIDs as opaque values"): the ROM,
//! iPXE and the system of one machine have different ones. What it seems to say of a card or a
//! UUID is a claim, and is read in `pxe/dhcp6`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// The shortest: a type of two bytes and one more (RFC 8415 §11.1).
const SHORTEST: usize = 3;

/// The longest: a type of two bytes and 128 more (RFC 8415 §11.1).
const LONGEST: usize = 130;

/// Bytes or a text that are not a DUID.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DuidError {
    /// There are too few bytes or too many.
    #[error("wanted a DUID of {SHORTEST} to {LONGEST} bytes, got {got}")]
    Length {
        /// How many came.
        got: usize,
    },
    /// The text is not how a DUID is printed.
    #[error("wanted a DUID such as 00:03:00:01:52:54:00:77:00:01, got {got:?}")]
    Text {
        /// What came, at most its first 64 characters.
        got: String,
    },
}

/// A DUID of 3 to 130 bytes, its type included. Prints as `00:03:00:01:52:54:00:77:00:01`.
///
/// A copy shares the bytes. It is as small as a pointer, so that the keys of leases are: most are of
/// DHCPv4, and hold none.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Duid(Arc<Box<[u8]>>);

impl Duid {
    /// A DUID as it is on the wire.
    pub fn new(bytes: &[u8]) -> Result<Self, DuidError> {
        let got = bytes.len();
        if !(SHORTEST..=LONGEST).contains(&got) {
            return Err(DuidError::Length { got });
        }
        Ok(Self(Arc::new(bytes.into())))
    }

    /// Its bytes, as on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Duid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Duid({self})")
    }
}

/// Accepts what [`Duid`] prints, in either case.
impl FromStr for Duid {
    type Err = DuidError;

    fn from_str(text: &str) -> Result<Self, DuidError> {
        let octet = |text: &str| {
            let is_octet = text.len() == 2 && text.bytes().all(|it| it.is_ascii_hexdigit());
            is_octet
                .then(|| u8::from_str_radix(text, 16).ok())
                .flatten()
        };
        let octets: Option<Vec<u8>> = text.split(':').take(LONGEST + 1).map(octet).collect();
        let octets = octets.ok_or_else(|| DuidError::Text {
            got: text.chars().take(64).collect(),
        })?;
        Self::new(&octets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_those_of_the_rfc() {
        for (length, is_right) in [(0, false), (2, false), (3, true), (130, true), (131, false)] {
            let duid = Duid::new(&vec![7; length]);
            assert_eq!(duid.is_ok(), is_right, "{length}");
            if let Err(error) = duid {
                assert_eq!(error, DuidError::Length { got: length });
            }
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        for length in [3, 10, 18, 130] {
            let bytes: Vec<u8> = (0..length).map(|it: u8| it.wrapping_mul(37)).collect();
            let duid = Duid::new(&bytes).unwrap();
            assert_eq!(duid.to_string().parse(), Ok(duid.clone()));
            assert_eq!(duid.as_bytes(), bytes);
        }
        let upper: Duid = "00:03:00:01:AB:CD:00:77:00:01".parse().unwrap();
        assert_eq!(upper.to_string(), "00:03:00:01:ab:cd:00:77:00:01");
    }

    #[test]
    fn other_texts_are_refused_with_what_came() {
        let long = vec!["00"; 131].join(":");
        assert_eq!(long.parse::<Duid>(), Err(DuidError::Length { got: 131 }));
        for text in [
            "",
            ":",
            "00:03:1",
            "00:03:+1",
            "00:03:0g",
            "00-03-01",
            "00:03:01:",
            "000301",
        ] {
            let got = text.to_owned();
            assert_eq!(text.parse::<Duid>(), Err(DuidError::Text { got }), "{text}");
        }
    }
}
