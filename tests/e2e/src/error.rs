//! What can go wrong with a scenario, one variant for each thing that a reader would do differently.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use testbed::error::LabError;
use thiserror::Error;

/// Why a scenario could not go on.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The lab could not do it.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// Something was waited for and did not come.
    #[error("wanted {wanted} within {}, got {last}", humantime::format_duration(*within))]
    Late {
        /// What.
        wanted: String,
        /// For how long.
        within: Duration,
        /// What was there instead.
        last: String,
    },
    /// A machine cannot go on without a person.
    #[error("{machine} failed: {why}")]
    MachineFailed {
        /// Which machine.
        machine: String,
        /// What its timeline says.
        why: String,
    },
    /// A command of `drover` failed.
    #[error("`drover {command}` failed: {said}")]
    Command {
        /// Its words.
        command: String,
        /// What it said.
        said: String,
    },
    /// A command of `drover` printed something else than what was asked for.
    #[error("`drover {command}` printed what is no {wanted}: {got}")]
    Printed {
        /// Its words.
        command: String,
        /// What was wanted.
        wanted: &'static str,
        /// What it printed.
        got: String,
    },
    /// A program that lays cables failed.
    #[error("`{command}` failed: {said}")]
    Cables {
        /// Its words.
        command: String,
        /// What it said.
        said: String,
    },
    /// There is no node image.
    #[error("no node image in {}: run tests/node/image/build", path.display())]
    NoImage {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is no PostgreSQL server, or it can't make its files.
    #[error("no PostgreSQL server can be made: run scripts/install-packages test")]
    NoPostgres,
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Nobody in the scenario has this name.
    #[error("no machine {0} in this scenario")]
    Nobody(String),
}

impl ScenarioError {
    /// A file that could not be read or written.
    pub(crate) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}
