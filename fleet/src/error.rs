//! What can go wrong while the daemon works: something did not come about, and it is tried again.

use machine_core::lifecycle::Refused;
use machine_core::safe_mode::SafeMode;
use machine_store::error::StoreError;
use thiserror::Error;

use crate::random::NoRandomness;

/// A step that did not come about. Its source says why.
#[derive(Debug, Error)]
pub enum StepError {
    /// The records can't be read or written.
    #[error("the records are not available")]
    Store(#[from] StoreError),
    /// No randomness for an id.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The lifecycle does not permit it.
    #[error(transparent)]
    Lifecycle(#[from] Refused),
    /// A secret can't be sealed or opened.
    #[error("{what} can't be opened: {why}")]
    Sealed {
        /// Which secret.
        what: &'static str,
        /// Why.
        why: String,
    },
    /// A config can't be rendered.
    #[error("the config can't be rendered: {why}")]
    Render {
        /// Why; never a value of the config.
        why: String,
    },
    /// A record that must be there is not.
    #[error("{what} is gone")]
    Gone {
        /// Which record.
        what: &'static str,
    },
    /// Nothing may be done to a machine at the moment.
    #[error("{0}; {advice}", advice = .0.advice())]
    SafeMode(SafeMode),
    /// It is not done until a person changes what is on record.
    #[error("{0}")]
    Refused(String),
    /// Something outside did not do what it was asked.
    #[error("{0}")]
    Outside(String),
}

impl StepError {
    /// The error and what caused it, on one line.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// An error and what caused it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
