//! URLs of boot files (option 59, RFC 5970 §3.1).
//!
//! EDK2 reads `tftp://[ADDRESS]/NAME` (`PxeBcExtractBootFileUrl`): lower case, the address in
//! brackets, no port; it decodes `%xx` in the name, and refuses a `;mode=` that is not octet. So a
//! name is written as it is, and has to be one that needs no encoding.

use std::fmt;
use std::net::Ipv6Addr;

use thiserror::Error;

/// Longer ones are cut off somewhere: EDK2 reads packets of 1,472 bytes, and a URL is not all that
/// they hold.
const LONGEST: usize = 512;

/// A URL that firmware and iPXE can be given. Its path may hold the token of a boot, so `Debug` does
/// not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct BootUrl(String);

/// A text that is no URL of a boot file. Its text stays out of the error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidBootUrl {
    /// Another scheme.
    #[error("wanted a URL that begins with tftp://, http:// or https://, got another beginning")]
    Scheme,
    /// No host.
    #[error("wanted a host after the scheme and a path behind it, got none")]
    Host,
    /// A character that clients change or stop at.
    #[error("wanted printable ASCII without spaces, %, ; and quotes in a URL, got {character:?}")]
    Character {
        /// Which.
        character: char,
    },
    /// Too long.
    #[error("wanted a URL of at most {LONGEST} bytes, got {length}")]
    Long {
        /// How long it is.
        length: usize,
    },
}

impl BootUrl {
    /// A URL that is checked.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidBootUrl> {
        let text = text.into();
        let length = text.len();
        if length > LONGEST {
            return Err(InvalidBootUrl::Long { length });
        }
        let is_plain = |it: char| it.is_ascii_graphic() && !"%;\"'<>\\`".contains(it);
        if let Some(character) = text.chars().find(|it| !is_plain(*it)) {
            return Err(InvalidBootUrl::Character { character });
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidBootUrl::Scheme)?;
        if !matches!(scheme, "tftp" | "http" | "https") {
            return Err(InvalidBootUrl::Scheme);
        }
        let host = rest.split_once('/').map(|(host, _path)| host);
        host.filter(|it| !it.is_empty())
            .ok_or(InvalidBootUrl::Host)?;
        Ok(Self(text))
    }

    /// A file over TFTP, as EDK2 wants it written.
    pub fn tftp(server: Ipv6Addr, file: &str) -> Result<Self, InvalidBootUrl> {
        Self::new(format!("tftp://[{server}]/{file}"))
    }

    /// A file over HTTP, with the address as it is: firmware often has no name server, and what it
    /// loads may have none either.
    pub fn http(server: Ipv6Addr, port: u16, path: &str) -> Result<Self, InvalidBootUrl> {
        Self::new(format!("http://[{server}]:{port}/{path}"))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is one of TFTP, the only one that EDK2's PXE reads.
    pub(crate) fn is_tftp(&self) -> bool {
        self.0.starts_with("tftp://")
    }
}

impl fmt::Debug for BootUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.0.split('/').nth(2).unwrap_or_default();
        let scheme = self.0.split(':').next().unwrap_or_default();
        write!(f, "BootUrl({scheme}://{host}/…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_written_as_firmware_reads_them() {
        let server = "fd77::1".parse().unwrap();
        let tftp = BootUrl::tftp(server, "snponly.efi").unwrap();
        assert_eq!(tftp.as_str(), "tftp://[fd77::1]/snponly.efi");
        let http = BootUrl::http(server, 8069, "l/snponly.efi").unwrap();
        assert_eq!(http.as_str(), "http://[fd77::1]:8069/l/snponly.efi");
        assert!(tftp.is_tftp() && !http.is_tftp());
    }

    #[test]
    fn what_clients_would_change_is_refused() {
        let long = format!("http://h/{}", "a".repeat(504));
        for (text, error) in [
            ("ftp://h/f", InvalidBootUrl::Scheme),
            ("TFTP://h/f", InvalidBootUrl::Scheme),
            ("tftp:h/f", InvalidBootUrl::Scheme),
            ("tftp:///f", InvalidBootUrl::Host),
            ("tftp://h", InvalidBootUrl::Host),
            ("tftp://h/a b", InvalidBootUrl::Character { character: ' ' }),
            (
                "tftp://h/a%20b",
                InvalidBootUrl::Character { character: '%' },
            ),
            (
                "tftp://h/f;mode=netascii",
                InvalidBootUrl::Character { character: ';' },
            ),
            (
                "tftp://h/\u{e9}",
                InvalidBootUrl::Character {
                    character: '\u{e9}',
                },
            ),
            (
                "tftp://h/f\0",
                InvalidBootUrl::Character { character: '\0' },
            ),
            (&long, InvalidBootUrl::Long { length: 513 }),
        ] {
            assert_eq!(BootUrl::new(text), Err(error), "{text}");
        }
    }

    #[test]
    fn the_path_is_not_shown() {
        let url = BootUrl::new("http://[fd77::1]:8069/b/SECRET").unwrap();
        assert_eq!(format!("{url:?}"), "BootUrl(http://[fd77::1]:8069/…)");
    }
}
