//! How much a session may do: the least that the commands here need is asked for.

use std::fmt;

/// How much a session may do (§6.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Privilege {
    /// Look, and drive power and boot order: all that is needed here (appendix G).
    Operator,
    /// Everything.
    Administrator,
}

impl Privilege {
    /// Its number.
    pub(crate) const fn level(self) -> u8 {
        match self {
            Self::Operator => 3,
            Self::Administrator => 4,
        }
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        })
    }
}
