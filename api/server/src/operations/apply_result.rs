//! What a document made of one of its entries.

/// What became of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApplyResult {
    /// It was not there, and is.
    Created,
    /// Its record was changed.
    Configured,
    /// Its record said so already: nothing was written.
    Unchanged,
}

impl ApplyResult {
    /// `created`, `configured` or `unchanged`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
        }
    }

    /// What was kept of an earlier request. Those of earlier versions say `made` and `changed`, or
    /// nothing.
    pub(crate) fn kept(word: &str) -> Self {
        match word {
            "created" | "made" => Self::Created,
            "unchanged" => Self::Unchanged,
            _ => Self::Configured,
        }
    }
}
