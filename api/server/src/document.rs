//! The YAML documents that people apply: what is wrong in one is told with its file and line, what
//! was wanted and what came.

pub mod cluster;
pub mod machines;

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use thiserror::Error;

/// A document that can't be used. Never holds a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// It is not YAML, lacks a field, has one that is not known or one of the wrong kind.
    #[error("{file}:{line}: {why}")]
    Malformed {
        /// The document.
        file: String,
        /// From 1; 0 if there is none.
        line: u64,
        /// What was wanted and what came.
        why: String,
    },
    /// A value is what it should be, but nothing can be made with it.
    #[error("{file}:{line}: {field}: {why}")]
    Unusable {
        /// The document.
        file: String,
        /// From 1; 0 if there is none.
        line: u64,
        /// Which field.
        field: &'static str,
        /// What was wanted and what came.
        why: String,
    },
    /// A value is not what it should be.
    #[error("{file}:{line}: {field}: wanted {wanted}, got {got:?}")]
    Value {
        /// The document.
        file: String,
        /// From 1.
        line: u64,
        /// Which field.
        field: &'static str,
        /// What would have been accepted.
        wanted: &'static str,
        /// What came.
        got: String,
    },
}

/// Reads documents of one file, and knows its name for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
}

impl Reader<'_> {
    pub(crate) fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, DocumentError> {
        serde_saphyr::from_str(text).map_err(|error| DocumentError::Malformed {
            file: self.file.to_owned(),
            line: error.location().map_or(0, |location| location.line()),
            why: error.without_snippet().to_string(),
        })
    }

    pub(crate) fn wrong<T>(
        &self,
        value: &Spanned<T>,
        field: &'static str,
        wanted: &'static str,
        got: impl Into<String>,
    ) -> DocumentError {
        let line = value.referenced.line();
        DocumentError::Value {
            file: self.file.to_owned(),
            line,
            field,
            wanted,
            got: got.into(),
        }
    }

    pub(crate) fn parsed<T: FromStr>(
        &self,
        value: &Spanned<String>,
        field: &'static str,
        wanted: &'static str,
    ) -> Result<T, DocumentError> {
        value
            .value
            .parse()
            .map_err(|_| self.wrong(value, field, wanted, value.value.clone()))
    }

    pub(crate) fn name(
        &self,
        value: &Spanned<String>,
        field: &'static str,
    ) -> Result<String, DocumentError> {
        if is_name(&value.value) {
            return Ok(value.value.clone());
        }
        let wanted = "1 to 63 lower-case letters, digits and hyphens, not at the ends";
        Err(self.wrong(value, field, wanted, value.value.clone()))
    }
}

/// Names of machines and clusters are DNS labels (RFC 1123 §2.1): they become host names.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
