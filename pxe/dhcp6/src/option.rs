//! Options of DHCPv6 (RFC 8415 §21.1): a code of two bytes, a length of two bytes, a value.
//!
//! Reading borrows the packet and copies nothing, so that no packet costs more memory than it has
//! bytes. What is cut off at the end is left out; whatever came before stands, and an option whose
//! value means nothing hides no other.

use std::net::Ipv6Addr;

/// The code of an option (IANA "DHCPv6 Option Codes").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OptionCode(pub u16);

impl OptionCode {
    /// Who the client is: its DUID (RFC 8415 §21.2).
    pub const CLIENT_ID: Self = Self(1);
    /// Who the server is: its DUID (§21.3).
    pub const SERVER_ID: Self = Self(2);
    /// An identity association for addresses, `IA_NA` (§21.4).
    pub const IA_NA: Self = Self(3);
    /// An address of an association (§21.6).
    pub const IA_ADDRESS: Self = Self(5);
    /// Which options the client asks for (§21.7).
    pub const REQUESTED: Self = Self(6);
    /// How much a server wants to be chosen (§21.8).
    pub const PREFERENCE: Self = Self(7);
    /// Since when the client asks, in hundredths of a second (§21.9).
    pub const ELAPSED_TIME: Self = Self(8);
    /// The message that a relay carries (§21.10).
    pub const RELAY_MESSAGE: Self = Self(9);
    /// How it went (§21.13).
    pub const STATUS: Self = Self(13);
    /// An exchange of two messages instead of four (§21.14).
    pub const RAPID_COMMIT: Self = Self(14);
    /// What the client is used for (§21.15). iPXE says `iPXE`.
    pub const USER_CLASS: Self = Self(15);
    /// What the client is made of (§21.16): an enterprise number and texts.
    pub const VENDOR_CLASS: Self = Self(16);
    /// The port of a relay that a packet came in by, to be given back as it is (§21.18).
    pub const INTERFACE_ID: Self = Self(18);
    /// Name servers (RFC 3646 §3).
    pub const DNS_SERVERS: Self = Self(23);
    /// Where hosts look for names without dots (RFC 3646 §4).
    pub const DOMAIN_LIST: Self = Self(24);
    /// An identity association for prefixes, `IA_PD` (RFC 8415 §21.21).
    pub const IA_PD: Self = Self(25);
    /// The URL of a boot file (RFC 5970 §3.1).
    pub const BOOT_FILE_URL: Self = Self(59);
    /// What is said to the boot file (RFC 5970 §3.2).
    pub const BOOT_FILE_PARAMETERS: Self = Self(60);
    /// Architecture codes (RFC 5970 §3.3).
    pub const CLIENT_ARCH: Self = Self(61);
    /// The network interface's type and version (RFC 5970 §3.4).
    pub const CLIENT_INTERFACE: Self = Self(62);
    /// The client's link-layer address, as its relay saw it (RFC 6939 §4).
    pub const CLIENT_LINK_LAYER: Self = Self(79);
    /// A relay that does not listen on 547 (RFC 8357 §4).
    pub const RELAY_PORT: Self = Self(135);
}

/// Options as they are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options<'a>(&'a [u8]);

impl<'a> Options<'a> {
    /// The options in these bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Codes and values in order.
    pub const fn iter(self) -> Walk<'a> {
        Walk(self.0)
    }

    /// The value of an option, the first if there are several.
    pub fn get(self, code: OptionCode) -> Option<&'a [u8]> {
        self.all(code).next()
    }

    /// The values of all options with this code.
    pub fn all(self, code: OptionCode) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(found, _)| *found == code)
            .map(|(_, value)| value)
    }

    /// Whether it has an option, however empty.
    pub fn contains(self, code: OptionCode) -> bool {
        self.get(code).is_some()
    }
}

impl<'a> IntoIterator for Options<'a> {
    type Item = (OptionCode, &'a [u8]);
    type IntoIter = Walk<'a>;

    fn into_iter(self) -> Walk<'a> {
        self.iter()
    }
}

/// A walk over options.
#[derive(Debug, Clone)]
pub struct Walk<'a>(&'a [u8]);

impl<'a> Iterator for Walk<'a> {
    type Item = (OptionCode, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (code, rest) = self.0.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((OptionCode(u16::from_be_bytes(*code)), value))
    }
}

/// Texts with a length of two bytes before each, as classes have them (RFC 8415 §21.15). A text that
/// is cut off ends them.
pub fn texts(mut value: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = value.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (text, rest) = rest.split_at_checked(length)?;
        value = rest;
        Some(text)
    })
}

/// The address that begins a value, and what is behind it.
pub fn address(value: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let (octets, rest) = value.split_first_chunk::<16>()?;
    Some((Ipv6Addr::from(*octets), rest))
}

/// The number of four bytes that begins a value, and what is behind it.
pub fn number(value: &[u8]) -> Option<(u32, &[u8])> {
    let (bytes, rest) = value.split_first_chunk()?;
    Some((u32::from_be_bytes(*bytes), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(bytes: &[u8]) -> Vec<(u16, Vec<u8>)> {
        let options = Options::new(bytes).iter();
        options
            .map(|(code, value)| (code.0, value.to_vec()))
            .collect()
    }

    #[test]
    fn options_come_in_order_and_stay_apart() {
        let bytes = [0, 3, 0, 1, 7, 0, 14, 0, 0, 0, 3, 0, 2, 8, 9];
        assert_eq!(
            walked(&bytes),
            [(3, vec![7]), (14, vec![]), (3, vec![8, 9])]
        );
        let options = Options::new(&bytes);
        assert_eq!(options.get(OptionCode::IA_NA), Some(&[7][..]));
        assert_eq!(options.all(OptionCode::IA_NA).count(), 2);
        assert!(options.contains(OptionCode::RAPID_COMMIT));
        assert!(!options.contains(OptionCode::STATUS));
    }

    #[test]
    fn what_is_cut_off_hides_nothing_before_it() {
        for rest in [
            &[0][..],
            &[0, 1],
            &[0, 1, 0],
            &[0, 1, 0, 2, 9],
            &[0, 1, 255, 255, 9],
        ] {
            let bytes = [&[0, 7, 0, 1, 5][..], rest].concat();
            assert_eq!(walked(&bytes), [(7, vec![5])], "{rest:?}");
        }
    }

    #[test]
    fn lengths_that_mean_nothing_hide_no_other_option() {
        // dhcproto 0.15 reads an option 7 of two bytes as one, and loses all that is behind it.
        let bytes = [0, 7, 0, 2, 0, 0, 0, 61, 0, 2, 0, 16];
        assert_eq!(walked(&bytes), [(7, vec![0, 0]), (61, vec![0, 16])]);
    }

    #[test]
    fn texts_end_where_one_is_cut_off() {
        let all = |value| texts(value).map(<[u8]>::to_vec).collect::<Vec<_>>();
        assert_eq!(all(b"\0\x04iPXE\0\x01x"), [b"iPXE".to_vec(), b"x".to_vec()]);
        assert_eq!(all(b"\0\0\0\x04iPX"), [b"".to_vec()]);
        assert!(all(b"iPXE").is_empty());
    }
}
