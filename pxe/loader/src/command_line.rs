//! The kernel's command line as a typed value.
//!
//! An argument is `key` or `key=value`, both of printable ASCII that neither iPXE nor the kernel
//! reads as more than itself: no white space, quotes, `$`, backslash or controls. The whole fits
//! what a kernel on x86 keeps (`COMMAND_LINE_SIZE`, 2048 with its NUL), beside the image name that
//! iPXE puts before it under UEFI. Values may hold the token of an attempt, so neither `Debug` nor
//! an error shows them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One argument of a kernel.
#[derive(Clone, PartialEq, Eq)]
pub struct Argument {
    key: String,
    value: Option<String>,
}

/// What cannot be an argument, or not one more. Values stay out of it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidArgument {
    /// Not a key.
    #[error(
        "wanted a key of letters, digits and ._-/: that begins with a letter or digit, got {key:?}"
    )]
    Key {
        /// What came, at most its first 64 characters.
        key: String,
    },
    /// A value with a character that would end it or mean something else.
    #[error(
        "wanted a value of {key} without white space, quotes, $, \\ and controls, got {character:?}"
    )]
    Value {
        /// Whose value.
        key: String,
        /// Which character.
        character: char,
    },
    /// All arguments together are too long.
    #[error("wanted a command line of at most {MOST_BYTES} bytes, got {length}")]
    Long {
        /// Their length in bytes.
        length: usize,
    },
}

impl Argument {
    /// `key`, or `key=value`.
    pub fn new(key: &str, value: Option<&str>) -> Result<Self, InvalidArgument> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
        if !key.starts_with(|c: char| c.is_ascii_alphanumeric()) || !key.chars().all(plain) {
            let key = key.chars().take(64).collect();
            return Err(InvalidArgument::Key { key });
        }
        let stray = |c: &char| !c.is_ascii_graphic() || "\"'`$\\".contains(*c);
        if let Some(character) = value.and_then(|value| value.chars().find(stray)) {
            return Err(InvalidArgument::Value {
                key: key.to_owned(),
                character,
            });
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        })
    }

    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Its value; `key=` has an empty one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

impl FromStr for Argument {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, InvalidArgument> {
        match text.split_once('=') {
            None => Self::new(text, None),
            Some((key, value)) => Self::new(key, Some(value)),
        }
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        match &self.value {
            None => Ok(()),
            Some(value) => write!(f, "={value}"),
        }
    }
}

impl fmt::Debug for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.value {
            None => f.write_str(&self.key),
            Some(_) => write!(f, "{}=…", self.key),
        }
    }
}

/// Arguments that fit a kernel, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandLine(Vec<Argument>);

impl CommandLine {
    /// Of these arguments.
    pub fn new(arguments: Vec<Argument>) -> Result<Self, InvalidArgument> {
        let line = Self(arguments);
        match line.length() {
            length if length > MOST_BYTES => Err(InvalidArgument::Long { length }),
            _ => Ok(line),
        }
    }

    /// With one more at its end.
    pub fn with(self, argument: Argument) -> Result<Self, InvalidArgument> {
        let mut arguments = self.0;
        arguments.push(argument);
        Self::new(arguments)
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[Argument] {
        &self.0
    }

    fn length(&self) -> usize {
        let value = |argument: &Argument| argument.value().map_or(0, |value| value.len() + 1);
        let each = self
            .0
            .iter()
            .map(|argument| argument.key.len() + value(argument));
        each.sum::<usize>() + self.0.len().saturating_sub(1)
    }
}

/// Arguments between white space.
impl FromStr for CommandLine {
    type Err = InvalidArgument;

    fn from_str(text: &str) -> Result<Self, InvalidArgument> {
        let arguments = text.split_whitespace().map(str::parse);
        Self::new(arguments.collect::<Result<_, _>>()?)
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, argument) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{argument}")?;
        }
        Ok(())
    }
}

/// 2048 without the NUL, and without `kernel ` that stands before it under UEFI.
const MOST_BYTES: usize = 2047 - 7;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_systems_are_booted_with() {
        let text = "talos.platform=metal talos.config=http://10.77.0.1:8080/c/t/config?x=1 \
                    console=ttyS0,115200n8 init_on_alloc=1 slab_nomerge rd.live.image ip= \
                    ds=nocloud;s=http://10.77.0.1/ netcfg/get_hostname=a";
        let line: CommandLine = text.parse().unwrap();
        assert_eq!(line.to_string(), text);
        assert_eq!(line.arguments().len(), 9);
        assert_eq!(line.arguments()[6].value(), Some(""));
    }

    #[test]
    fn keys_that_are_more_than_keys() {
        for key in [
            "", "a b", "a\n", "||", "&&", ";", "#a", "-a", "--name", "a\"", "${a}", "ä",
        ] {
            let got = Argument::new(key, None);
            assert!(matches!(got, Err(InvalidArgument::Key { .. })), "{key:?}");
        }
    }

    #[test]
    fn values_that_are_more_than_values() {
        for (value, character) in [
            ("a b", ' '),
            ("a\nboot", '\n'),
            ("a\r", '\r'),
            ("a\tb", '\t'),
            ("${uuid}", '$'),
            ("\"a", '"'),
            ("it's", '\''),
            ("`id`", '`'),
            ("a\\", '\\'),
            ("\0", '\0'),
            ("\u{a0}", '\u{a0}'),
        ] {
            let key = "k".to_owned();
            let expected = Err(InvalidArgument::Value { key, character });
            assert_eq!(Argument::new("k", Some(value)), expected, "{value:?}");
        }
    }

    #[test]
    fn the_whole_has_a_limit() {
        let argument = |length: usize| Argument::new(&"k".repeat(length), None).unwrap();
        let full = CommandLine::new(vec![argument(1000), argument(1039)]).unwrap();
        assert_eq!(full.to_string().len(), MOST_BYTES);
        let got = full.with(argument(1));
        assert_eq!(got, Err(InvalidArgument::Long { length: 2042 }));
    }

    #[test]
    fn a_token_is_not_shown() {
        let line: CommandLine = "quiet talos.config=http://h/c/SECRET".parse().unwrap();
        assert_eq!(format!("{line:?}"), "CommandLine([quiet, talos.config=…])");
        let error = "talos.config=SECRET\"".parse::<CommandLine>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("SECRET"));
    }

    proptest! {
        #[test]
        fn what_is_accepted_comes_back(text: String) {
            if let Ok(line) = text.parse::<CommandLine>() {
                let printed = line.to_string();
                prop_assert_eq!(printed.len(), line.length());
                prop_assert_eq!(printed.parse(), Ok(line));
            }
        }
    }
}
