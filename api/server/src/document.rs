//! The YAML documents that people apply: what is wrong in one is told with its file and line, what
//! was wanted and what came.

pub mod bmc;
pub mod cluster;
pub(crate) mod disk;
pub mod machine_spec;
pub mod machines;
mod once;

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_saphyr::{Error, Spanned};
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
        wanted: Cow<'static, str>,
        /// What came.
        got: String,
    },
    /// Several mistakes of one document, in the order of their lines.
    #[error("{}", lines(.0))]
    Several(Vec<Self>),
}

impl DocumentError {
    /// These mistakes as one; none are none.
    pub(crate) fn all(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Self::Several(errors)),
        }
    }
}

fn lines(errors: &[DocumentError]) -> String {
    let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What the reader says of a field that is not known, without what is no name: a blank that was
/// forgotten behind a colon makes one text of `password` and its value.
fn without_values(why: &str) -> String {
    const UNKNOWN: &str = "unknown field `";
    let Some((before, rest)) = why.split_once(UNKNOWN) else {
        return why.to_owned();
    };
    let Some((field, after)) = rest.split_once('`') else {
        return before.to_owned();
    };
    let is_name = field
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_name {
        return why.to_owned();
    }
    let name: String = field
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    format!(
        "{before}{UNKNOWN}{name}…`{after} (the rest is not shown: it may be secret; is a blank \
         missing behind a colon?)"
    )
}

/// Reads documents of one file, and knows its name for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
}

impl Reader<'_> {
    pub(crate) fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, DocumentError> {
        serde_saphyr::from_str(text).map_err(|error| {
            let error = error.without_snippet();
            let line = error.location().map_or(0, |location| location.line());
            let why = match error {
                Error::DuplicateMappingKey { key: Some(key), .. } => repeated(text, key, error),
                other => without_values(&other.to_string()),
            };
            self.malformed(line, why)
        })
    }

    fn malformed(&self, line: u64, why: String) -> DocumentError {
        DocumentError::Malformed {
            file: self.file.to_owned(),
            line,
            why,
        }
    }

    pub(crate) fn wrong<T>(
        &self,
        value: &Spanned<T>,
        field: &'static str,
        wanted: impl Into<Cow<'static, str>>,
        got: impl Into<String>,
    ) -> DocumentError {
        self.wrong_at(value.referenced.line(), field, wanted, got)
    }

    pub(crate) fn wrong_at(
        &self,
        line: u64,
        field: &'static str,
        wanted: impl Into<Cow<'static, str>>,
        got: impl Into<String>,
    ) -> DocumentError {
        DocumentError::Value {
            file: self.file.to_owned(),
            line,
            field,
            wanted: wanted.into(),
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

/// A key that stands twice in one mapping, with the line where it stands first. Written in lines of
/// their own, both begin in the same column; elsewhere only the second is told.
fn repeated(text: &str, key: &str, error: &Error) -> String {
    let at = error.location().map(|at| (at.line(), at.column()));
    let first = at.and_then(|(line, column)| {
        let before = text
            .lines()
            .take(usize::try_from(line).ok()?.saturating_sub(1));
        let indent = usize::try_from(column).ok()?.saturating_sub(1);
        let is_same = |line: &str| {
            let head = line.get(..indent).unwrap_or("x");
            let rest = line.get(indent..).and_then(|it| it.strip_prefix(key));
            head.chars().all(|c| c == ' ' || c == '-') && rest.is_some_and(|it| it.starts_with(':'))
        };
        before
            .collect::<Vec<_>>()
            .iter()
            .rposition(|line| is_same(line))
    });
    match first {
        Some(first) => format!("{key} stands twice: in line {} already", first + 1),
        None => format!("{key} stands twice in one mapping"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_that_was_forgotten_shows_no_password() {
        let told = without_values("unknown field `password:CANARY`, expected one of `ipmi`");
        assert!(!told.contains("CANARY"), "{told}");
        assert!(told.starts_with("unknown field `password…`, expected one of `ipmi`"));
        let plain = "unknown field `disks`, expected `disk`";
        assert_eq!(without_values(plain), plain);
    }
}
