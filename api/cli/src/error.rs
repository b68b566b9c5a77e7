//! What can go wrong with a command: one sentence for the person who typed it.

use std::path::PathBuf;

use thiserror::Error;

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
    /// A file can't be written.
    #[error("can't write {path}: {why}")]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The output can't be written: the reader has gone.
    #[error("can't write the output: {0}")]
    Output(#[from] std::io::Error),
    /// No random bytes for the request's key.
    #[error("the system gives no random bytes: {0}")]
    NoRandomness(String),
}

impl From<tonic::Status> for CommandError {
    fn from(status: tonic::Status) -> Self {
        Self::Refused {
            message: status.message().to_owned(),
        }
    }
}
