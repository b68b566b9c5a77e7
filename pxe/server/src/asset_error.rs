//! Why a file did not become an asset.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a file did not become an asset.
#[derive(Debug, Error)]
pub enum AssetError {
    /// It can't be read.
    #[error("can't read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not the file that was wanted.
    #[error("{path} has the wrong hash: wanted SHA-256 {wanted}, got {got}")]
    WrongHash {
        /// Which file.
        path: PathBuf,
        /// What the settings say.
        wanted: String,
        /// What it has.
        got: String,
    },
    /// Somebody asked to stop meanwhile.
    #[error("stopped before {path} was read to its end")]
    Stopped {
        /// Which file.
        path: PathBuf,
    },
    /// The cache can't be written.
    #[error("can't write the image cache {path}")]
    Unwritable {
        /// Which file of the cache.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
