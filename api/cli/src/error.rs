//! What can go wrong with a command: one sentence for the person who typed it.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::patience::Silence;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CommandError {
    /// No daemon answers on the socket.
    #[error(
        "can't reach the daemon at {socket}: {why} (is `drover serve` running, and is this its \
         state directory? --socket names another)"
    )]
    NoDaemon {
        /// Where.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The socket is there, and another user's.
    #[error(
        "can't open the daemon's socket {socket}: only the user that the daemon runs as may, which \
         is root as a rule: type it with sudo"
    )]
    Forbidden {
        /// Where.
        socket: PathBuf,
    },
    /// The daemon refused.
    #[error("{message}")]
    Refused {
        /// In its words.
        message: String,
    },
    /// A file can't be read.
    #[error("can't read {path}: {why}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A person has not confirmed what can't be undone.
    #[error("not confirmed: {how}")]
    NotConfirmed {
        /// What came instead.
        how: &'static str,
    },
    /// A file can't be written.
    #[error("can't write {path}: {why}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The output can't be written: the reader has gone.
    #[error("can't write the output")]
    Output(#[from] std::io::Error),
    /// The output can't be written as YAML.
    #[error("can't write the output as YAML: {0}")]
    Yaml(String),
    /// The daemon is there and does not answer.
    #[error(transparent)]
    Silent(#[from] Silence),
    /// The connection ended before the answer did.
    #[error("the connection to the daemon broke: {why}; look whether it still runs")]
    Broken {
        /// What was heard of it.
        why: String,
    },
    /// What is waited for will not come by itself.
    #[error("{name}: {why}")]
    Lost {
        /// Of whom.
        name: String,
        /// Why.
        why: String,
    },
    /// What was waited for did not come in time.
    #[error("{name}: not so after {} s: {why}", timeout.as_secs())]
    TimedOut {
        /// Of whom.
        name: String,
        /// How long it was waited for.
        timeout: Duration,
        /// What it waits for.
        why: String,
    },
    /// No random bytes for the request's key.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl CommandError {
    /// What the program ends with: 3 if only the time is over, 4 if the daemon has the request and
    /// does not answer, else 1. (2 is for a command that is typed wrongly.)
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::TimedOut { .. } => 3,
            Self::NoDaemon { .. } | Self::Forbidden { .. } => 1,
            Self::Refused { .. } | Self::Unreadable { .. } => 1,
            Self::Output(_) | Self::Yaml(_) | Self::NoRandomness(_) => 1,
            Self::Silent(_) => 4,
            Self::Broken { .. } | Self::Lost { .. } => 1,
            Self::NotConfirmed { .. } | Self::Unwritable { .. } => 1,
        }
    }

    /// Whether whoever read the output has gone, as `head` does: nobody is to be told.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }
}

impl From<tonic::Status> for CommandError {
    fn from(status: tonic::Status) -> Self {
        // What the daemon itself says has no source; what the transport says has.
        if let Some(source) = std::error::Error::source(&status) {
            let cause = innermost(source);
            return match cause.downcast_ref::<Silence>() {
                Some(silence) => Self::Silent(silence.clone()),
                None => Self::Broken {
                    why: cause.to_string(),
                },
            };
        }
        Self::Refused {
            message: status.message().to_owned(),
        }
    }
}

fn innermost<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> &'a (dyn std::error::Error + 'static) {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner
}
