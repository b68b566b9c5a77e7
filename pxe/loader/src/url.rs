//! Addresses that iPXE is sent to.
//!
//! Only what one token of a script can hold and iPXE of 2019 passes on unchanged: `http` or `tftp`,
//! an authority, no fragment, no user, no white space, no `$` or braces (settings), no `\`. There is
//! no percent sign either: until November 2021 iPXE decoded a URL and encoded it anew by other
//! rules, so that an encoded `&` or `/` arrived as a plain one. A path may hold the token of an
//! attempt, so neither `Debug` nor an error shows it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A URL that a script can name.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(String);

/// A text that no script can name as a URL. Its text stays out of the error.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidUrl {
    /// Not a scheme that every iPXE has.
    #[error("wanted a URL that begins with http:// or tftp://, got another beginning")]
    Scheme,
    /// No host.
    #[error("wanted a host after the scheme, got none")]
    Host,
    /// A character that a script or iPXE would change.
    #[error(
        "wanted letters, digits and -._~/:?=&,+@[]!* in a URL, got {character:?} at {position}"
    )]
    Character {
        /// Which.
        character: char,
        /// Where, counted in bytes from 0.
        position: usize,
    },
    /// Too long.
    #[error("wanted a URL of at most {MOST_BYTES} bytes, got {length}")]
    Long {
        /// Its length in bytes.
        length: usize,
    },
}

impl Url {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has a query already.
    pub(crate) fn has_query(&self) -> bool {
        self.0.contains('?')
    }

    /// Scheme and authority.
    fn origin(&self) -> &str {
        let authority = self.0.find("://").map_or(0, |at| at + 3);
        let path = self
            .0
            .get(authority..)
            .and_then(|rest| rest.find(['/', '?']));
        let end = path.map_or(self.0.len(), |at| authority + at);
        self.0.get(..end).unwrap_or_default()
    }
}

impl FromStr for Url {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        if text.len() > MOST_BYTES {
            return Err(InvalidUrl::Long { length: text.len() });
        }
        let rest = ["http://", "tftp://"]
            .iter()
            .find_map(|scheme| text.strip_prefix(scheme))
            .ok_or(InvalidUrl::Scheme)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~/:?=&,+@[]!*".contains(c);
        if let Some((position, character)) = text.char_indices().find(|(_, c)| !allowed(*c)) {
            return Err(InvalidUrl::Character {
                character,
                position,
            });
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.is_empty() || authority.starts_with(':') || authority.contains('@') {
            return Err(InvalidUrl::Host);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({}/…)", self.origin())
    }
}

const MOST_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urls_that_we_make() {
        for text in [
            "http://10.77.0.1:8080/script/0123456789abcdef",
            "http://[fd77::1]:8080/assets/00ff/kernel?boot=01&x=2",
            "tftp://10.77.0.1/vmlinuz",
            "http://boot.example.net",
        ] {
            assert_eq!(text.parse::<Url>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_a_script_cannot_name() {
        use InvalidUrl::{Character, Host, Long, Scheme};
        let character = |character, position| Character {
            character,
            position,
        };
        let long = format!("http://h/{}", "a".repeat(1020));
        for (text, expected) in [
            ("", Scheme),
            ("https://h/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("--name http://h/", Scheme),
            ("http://", Host),
            ("http:///path", Host),
            ("http://:80/path", Host),
            ("http://user@h/", Host),
            ("http://h/a b", character(' ', 10)),
            ("http://h/a\nboot", character('\n', 10)),
            ("http://h/${uuid}", character('$', 9)),
            ("http://h/a#b", character('#', 10)),
            ("http://h/a\\", character('\\', 10)),
            ("http://h/a%26b", character('%', 10)),
            ("http://h/a;b", character(';', 10)),
            ("http://h/\u{202e}", character('\u{202e}', 9)),
            (&long, Long { length: 1029 }),
        ] {
            assert_eq!(text.parse::<Url>(), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        for text in ["http://h:80/c/SECRET/x", "http://h:80?SECRET"] {
            let shown = format!("{:?}", text.parse::<Url>().unwrap());
            assert_eq!(shown, "Url(http://h:80/…)");
        }
    }
}
