//! Why a measurement could not be made.

use std::error::Error;
use std::io;

use testbed::error::LabError;
use thiserror::Error;

/// Why a measurement could not be made.
#[derive(Debug, Error)]
pub(crate) enum BenchError {
    /// The lab refused.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The system refused.
    #[error("cannot {doing}")]
    System {
        /// What was being done.
        doing: String,
        /// What it said.
        source: io::Error,
    },
    /// A program or server did not say what it should.
    #[error("{who}: wanted {wanted}, got {got:?}")]
    Unexpected {
        /// Who.
        who: String,
        /// What would have been right.
        wanted: &'static str,
        /// What came.
        got: String,
    },
    /// A server did not answer.
    #[error("no answer from {who} within {seconds} s")]
    Silent {
        /// Who.
        who: String,
        /// How long was waited.
        seconds: u64,
    },
}

impl BenchError {
    /// For `map_err`: the system's refusal, and what was being done.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source }
    }
}

/// The sentence with all its causes.
pub(crate) fn with_causes(error: &BenchError) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        sentence.push_str(": ");
        sentence.push_str(&source.to_string());
        cause = source.source();
    }
    sentence
}
