//! Typed identifiers, one per noun, so that a boot's id cannot be passed for a machine's.
//!
//! Each is 128 random bits. The caller draws them (this crate has no random source); the text form
//! is 32 lower-case hexadecimal digits, safe in a URL, a file name and a kernel command line.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A text that is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted 32 hexadecimal digits, got {got:?}")]
pub struct ParseIdError {
    /// What came, at most its first 64 characters.
    pub got: String,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 16]);

        impl $name {
            /// An identifier of these 16 bytes, which the caller drew at random.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse(text).map(Self)
            }
        }
    )*};
}

ids! {
    /// One physical server, for as long as Drover knows it.
    MachineId;
    /// One cluster.
    ClusterId;
    /// One boot of a machine: from a DISCOVER of its firmware to whatever it ends in.
    ///
    /// Unguessable, because the URL of the boot's script carries it.
    BootId;
    /// One try at bringing a machine to where its intent wants it.
    AttemptId;
    /// One thing that a person or a policy wants of a machine.
    IntentId;
    /// One thing that is done once, step by step, such as the Bootstrap of a cluster.
    OperationId;
    /// One database, from its first start on.
    DatabaseId;
}

impl AttemptId {
    /// The name of the tag that a rendered config gives its node's log lines: whoever hears one
    /// knows by it on which attempt's config the node runs.
    pub const LOG_TAG: &'static str = "drover-attempt";
}

impl BootId {
    /// The name of the argument on the kernel line of every network boot, `drover.boot=` and the id.
    /// A system that runs from its disk has none.
    pub const KERNEL_ARGUMENT: &'static str = "drover.boot";

    /// Its first digits, by which people name it.
    pub fn short(&self) -> String {
        self.to_string().chars().take(8).collect()
    }
}

fn parse(text: &str) -> Result<[u8; 16], ParseIdError> {
    let refused = || ParseIdError {
        got: text.chars().take(64).collect(),
    };
    let digits: Vec<u8> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or_else(refused)?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| match pair {
            [high, low] => Some(high << 4 | low),
            _ => None,
        })
        .collect();
    if digits.len() != 32 {
        return Err(refused());
    }
    bytes.try_into().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_back(bytes: [u8; 16]) {
            let id = MachineId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<MachineId>(), Ok(id));
        }

        #[test]
        fn any_text_is_an_id_or_an_error(text: String) {
            if let Ok(id) = text.parse::<BootId>() {
                prop_assert_eq!(id.to_string(), text.to_lowercase());
            }
        }
    }

    #[test]
    fn wrong_lengths_and_digits_are_refused() {
        for text in [
            "",
            "0",
            "00112233445566778899aabbccddeef",
            "00112233445566778899aabbccddeeffg",
            "0011223344556677-899aabbccddeeff",
        ] {
            assert!(text.parse::<AttemptId>().is_err(), "{text}");
        }
    }
}
