//! The YAML documents that people apply: what is wrong in one is told with its file and line, what
//! was wanted and what came.

pub mod bmc;
pub mod cluster;
pub(crate) mod disk;
mod forms;
pub mod machine_spec;
pub mod machines;
mod once;

use std::borrow::Cow;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_saphyr::Spanned;
use thiserror::Error;

use crate::yaml::Form;
use crate::yaml::reading::read;

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

/// Reads documents of one file, and knows its name for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a str,
}

impl Reader<'_> {
    /// The first document of the file, and the others.
    pub(crate) fn documents<T: DeserializeOwned>(
        &self,
        text: &str,
        form: &Form,
    ) -> Result<(Spanned<T>, Vec<Spanned<T>>), DocumentError> {
        let documents = read(text, form).map_err(|it| self.malformed(it.line, it.why))?;
        let mut documents = documents.into_iter();
        let Some(first) = documents.next() else {
            let wanted = form.wanted("").unwrap_or("a document");
            return Err(self.malformed(1, format!("wanted {wanted}, got nothing")));
        };
        Ok((first, documents.collect()))
    }

    pub(crate) fn malformed(&self, line: u64, why: String) -> DocumentError {
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

/// Names of machines and clusters are DNS labels (RFC 1123 §2.1): they become host names.
fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=63).contains(&text.len())
        && text.chars().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
