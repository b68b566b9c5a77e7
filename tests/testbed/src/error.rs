//! What can go wrong with a lab, one variant for each thing that a reader would do differently.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use thiserror::Error;

/// Why the lab could not do what was asked of it.
#[derive(Debug, Error)]
pub enum LabError {
    /// Namespaces and taps are for root only.
    #[error("a lab needs root: network namespaces and taps are made")]
    NotRoot,
    /// Files are followed by tasks.
    #[error("this needs to be called within a Tokio runtime")]
    NoRuntime,
    /// Programs are not installed.
    #[error("not installed: {programs}; run scripts/install-packages {group}")]
    NotInstalled {
        /// The programs, with their Debian packages.
        programs: String,
        /// The group of packages that holds them all.
        group: &'static str,
    },
    /// One of this workspace's own programs is not built.
    #[error("{} is not there; run `cargo build -p {package}` with the profile of this test", path.display())]
    NotBuilt {
        /// Where it was looked for.
        path: PathBuf,
        /// The package that builds it.
        package: &'static str,
    },
    /// A value cannot be racked or attached as it was described.
    #[error("{what}: wanted {wanted}, got {got:?}")]
    Unfit {
        /// What was described.
        what: &'static str,
        /// What would have been accepted.
        wanted: &'static str,
        /// What came.
        got: String,
    },
    /// The operating system refused.
    #[error("cannot {doing}")]
    System {
        /// What was being done.
        doing: String,
        /// What it said.
        source: io::Error,
    },
    /// A program ended badly.
    #[error("`{command}` ended with {status}: {said}")]
    Failed {
        /// Its command line.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// Its last words.
        said: String,
    },
    /// Something did not come in time.
    #[error("no {wanted} within {within:?}; the last was: {last}")]
    Late {
        /// What was waited for.
        wanted: String,
        /// How long.
        within: Duration,
        /// The last thing seen.
        last: String,
    },
    /// A process ended before it was ready.
    #[error("{name} ended with {status} before it was ready; it said in {}: {said}", log.display())]
    Ended {
        /// Which.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// Its log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },
    /// QEMU's monitor refused or spoke another language.
    #[error("the machine's monitor answered {said} to {command}")]
    Monitor {
        /// What was asked.
        command: String,
        /// What it answered.
        said: String,
    },
    /// A file of the lab does not hold what was written to it.
    #[error("{} is not a {wanted}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
        /// Where it differs.
        source: serde_json::Error,
    },
}

impl LabError {
    /// For `map_err`: the operating system's refusal, and what was being done.
    pub(crate) fn system(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::System { doing, source }
    }

    /// The sentence with its cause, for those who print only one line.
    pub fn with_cause(&self) -> String {
        let mut sentence = self.to_string();
        if let Some(cause) = std::error::Error::source(self) {
            sentence.push_str(": ");
            sentence.push_str(&cause.to_string());
        }
        sentence
    }

    /// For `map_err`: a refusal about one file.
    pub(crate) fn file(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        Self::system(format!("{verb} {}", path.display()))
    }
}

/// The command line of `command`, for messages.
pub(crate) fn command_line(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}
