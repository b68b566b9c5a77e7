//! What can go wrong in the first process.

use node::command_line::BootRefused;
use node::disk::NoSuchDisk;
use node::partition_table::DiskTooSmall;
use thiserror::Error;

/// Any of it.
#[derive(Debug, Error)]
pub(crate) enum InitError {
    #[error("input or output failed")]
    Io(#[from] std::io::Error),
    #[error("{what} failed: {errno}")]
    System {
        what: String,
        errno: nix::errno::Errno,
    },
    #[error(transparent)]
    BootRefused(#[from] BootRefused),
    #[error(transparent)]
    NoSuchDisk(#[from] NoSuchDisk),
    #[error(transparent)]
    DiskTooSmall(#[from] DiskTooSmall),
    #[error("what was written to {place} reads back differently")]
    Differs { place: String },
    #[error("certificates: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("transport: {0}")]
    Transport(#[from] tonic::transport::Error),
    #[error("trustd: {0}")]
    Trust(Box<tonic::Status>),
    #[error("{0}")]
    Http(String),
}

impl From<tonic::Status> for InitError {
    fn from(status: tonic::Status) -> Self {
        Self::Trust(Box::new(status))
    }
}
