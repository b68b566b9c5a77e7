//! Safe mode: why nothing may be done to a machine at the moment, whatever the records say.
//!
//! Machines are still discovered, addresses leased and boots sent to their local disk. No
//! permission is opened, no config released, no power switched.

use std::fmt;

use crate::generation::Doubt;

/// Why nothing may be done to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SafeMode {
    /// The records may be wrong ones, until a person confirms them.
    Doubted(Doubt),
    /// Another daemon may work on the same database, until it is ours alone again.
    NotAlone,
}

impl SafeMode {
    /// What to do about it.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Doubted(_) => {
                "stop the daemon and restore the newest copy, or confirm this one (drover database \
                 confirm)"
            }
            Self::NotAlone => "it ends by itself once the database answers again",
        }
    }
}

impl fmt::Display for SafeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("safe mode: nothing is installed, released or switched, because ")?;
        match self {
            Self::Doubted(doubt) => doubt.fmt(f),
            Self::NotAlone => f.write_str("the lock on the database was lost"),
        }
    }
}
