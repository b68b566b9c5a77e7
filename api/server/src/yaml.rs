//! YAML as people write it: reads the documents of one text, and says what is wrong in words of its
//! own: the line, the field, what was wanted and what came.
//!
//! The library that reads YAML says where it stopped and why, in the words of its own parts. Where
//! it stopped is looked up in the `tree` of the text; `words` says what stands there. No value
//! is told that may be secret.

pub mod nearest;
pub mod plain;
pub mod reading;
mod syntax;
mod tree;
mod words;

/// What a text can't be read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1; 0 if there is none.
    pub line: u64,
    /// Which field, what was wanted and what came.
    pub why: String,
}

/// What documents of one kind hold, as far as messages need it.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// What is wanted of a field. A field is named by the last two names of its path (`nics.mac`),
    /// an entry of a list by `[]` behind them (`machines.nics[]`), a whole document by nothing.
    pub fields: &'static [(&'static str, &'static str)],
    /// Sections whose single values are not repeated: a password may be among them.
    pub secret: &'static [&'static str],
    /// Fields at the top of a document of another kind, and what to do with such a document.
    pub others: &'static [(&'static str, &'static str)],
}

impl Form {
    /// What is wanted of this field.
    pub(crate) fn wanted(&self, field: &str) -> Option<&'static str> {
        let found = self.fields.iter().find(|(name, _)| *name == field);
        found.map(|(_, wanted)| *wanted)
    }
}
