//! Why it is not certain that this database is the newest one, and ours alone.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

/// Why it is not certain that this database is the newest one, and ours alone.
#[derive(Debug, Clone, Error)]
pub enum LineageError {
    /// The mark can't be read or written.
    #[error(
        "wanted to keep the mark of the database in {}, but can't: make the state directory \
         writable; what was not acknowledged may be asked for again",
        path.display()
    )]
    Mark {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Arc<io::Error>,
    },
    /// The mark is something else.
    #[error(
        "wanted a mark of the database in {}, got something else: remove it and start; the \
         database then has to be confirmed (drover database confirm)",
        path.display()
    )]
    MalformedMark {
        /// The file.
        path: PathBuf,
    },
    /// Another database answers than at the start, or an older copy of it.
    #[error(
        "wanted to go on with the database {place}, but it was exchanged for another or an older \
         one while the daemon ran: nothing is done to a machine before a person has confirmed it \
         (drover database status)"
    )]
    Exchanged {
        /// The database.
        place: Arc<str>,
    },
    /// Another daemon works on the same database.
    #[error(
        "wanted the database {place} for this daemon alone, but another works on it: {holder}. End \
         it first, or give this one a database of its own"
    )]
    Held {
        /// The database.
        place: Arc<str>,
        /// Which daemon, where, since when.
        holder: String,
    },
    /// The file of the database has several names.
    #[error(
        "wanted a database file with one name, got {names} hard links of {}: each name has a \
         write-ahead log of its own, and two of them damage the database. Find them (find DIRECTORY \
         -xdev -samefile {}) and remove all but the one that drover is given, or give it a copy (cp)",
        path.display(), path.display()
    )]
    Linked {
        /// The name that was given.
        path: PathBuf,
        /// How many names there are.
        names: u64,
    },
    /// The lock on the database can't be had.
    #[error("wanted to lock the database by {}, but can't", path.display())]
    Lock {
        /// The file of the lock.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: Arc<io::Error>,
    },
    /// No randomness for the name of a database.
    #[error("wanted random bytes for the name of the database, but the system gives none: {why}")]
    NoRandomness {
        /// What it says.
        why: String,
    },
}
