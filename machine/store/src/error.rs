//! Why the store could not do what was asked: one variant per situation, one sentence each.
//!
//! Each sentence says what was wanted, what came and what to do. No error holds a password or a
//! bound value; what a database said is kept as the source.

mod meaning;

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::lineage_error::LineageError;

/// What a database's driver said.
#[derive(Debug, Error)]
#[error(transparent)]
pub enum DatabaseError {
    /// SQLite.
    Sqlite(rusqlite::Error),
    /// PostgreSQL; and SQLite, while its schema is brought up to date.
    Sqlx(sqlx::Error),
}

/// Why the store could not do what was asked.
#[derive(Debug, Clone, Error)]
pub enum StoreError {
    /// The directory of the database file is missing.
    #[error(
        "wanted to keep the database in {}, but its directory does not exist: create it, or name another one",
        path.display()
    )]
    NoDirectory {
        /// The database file.
        path: PathBuf,
    },
    /// The database, or the directory of its file, can't be written.
    #[error(
        "wanted to write to {place}, but it is read-only for this user: permit writing to the file and to its directory (PostgreSQL: name the primary server)"
    )]
    ReadOnly {
        /// The database file or server.
        place: Arc<str>,
    },
    /// No room is left.
    #[error(
        "wanted to write to {place}, but its disk is full: free some space; everything that was acknowledged is kept"
    )]
    DiskFull {
        /// The database file or server.
        place: Arc<str>,
    },
    /// The file is no database, or a damaged one.
    #[error(
        "wanted a SQLite database in {place}, but the file is something else or damaged: keep a copy of it, restore the newest backup in its place, start, and confirm it (drover database confirm); or name another file"
    )]
    NotADatabase {
        /// The file.
        place: Arc<str>,
    },
    /// A database whose pages contradict each other.
    #[error(
        "wanted a sound SQLite database in {place}, got a damaged one ({found}): keep a copy of it, restore the newest backup in its place, start, and confirm it (drover database confirm)"
    )]
    Damaged {
        /// The file.
        place: Arc<str>,
        /// What SQLite found first.
        found: String,
    },
    /// The system could not sync what was written. What it then calls written may be lost.
    #[error(
        "wanted to sync {place} to its disk, but the disk failed: nothing of it was acknowledged; look at the disk (dmesg) before the next start"
    )]
    NotSynced {
        /// The file.
        place: Arc<str>,
        /// What SQLite said.
        #[source]
        source: Arc<DatabaseError>,
    },
    /// It is not certain that this database is the newest one, and ours alone.
    #[error(transparent)]
    Lineage(#[from] LineageError),
    /// Written by a newer program.
    #[error(
        "wanted a database of schema {known} or older in {place}, got schema {found}: start the newer version that wrote it, or restore a backup"
    )]
    NewerSchema {
        /// The database file or server.
        place: Arc<str>,
        /// A schema step that the database has and this program does not know.
        found: i64,
        /// The newest one that this program knows.
        known: i64,
    },
    /// A schema step of this name, but with another text or only half done.
    #[error(
        "wanted schema step {version} as this program has it in {place}, got a different or unfinished one: restore a backup, or name another database"
    )]
    ForeignSchema {
        /// The database file or server.
        place: Arc<str>,
        /// The step.
        version: i64,
    },
    /// Nobody listens there.
    #[error(
        "wanted to connect to {place}, but nothing listens there: start PostgreSQL, or correct the address"
    )]
    Refused {
        /// The server.
        place: Arc<str>,
    },
    /// The server does not let this user in.
    #[error(
        "wanted to log in to {place}, but the server refused the user or the password: correct them in the database URL"
    )]
    NotAuthenticated {
        /// The server.
        place: Arc<str>,
    },
    /// The server has no such database.
    #[error("wanted the database of {place}, but the server has none of that name: create it")]
    NoDatabase {
        /// The server.
        place: Arc<str>,
    },
    /// It did not answer in time, or the connection broke.
    #[error(
        "wanted an answer from {place}, but it did not come: look at the server and the network in between"
    )]
    Unreachable {
        /// The server.
        place: Arc<str>,
        /// What the connection said.
        #[source]
        source: Arc<DatabaseError>,
    },
    /// A text that names no database.
    #[error(
        "wanted a file name or a URL such as postgres://user@host/database, got one that is {why}"
    )]
    BadLocation {
        /// What is wrong with it.
        why: String,
    },
    /// A stored value that this program can't read.
    #[error("wanted a readable value in {table}.{column} of {row}, got {got:?}: restore a backup")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key.
        row: String,
        /// The column.
        column: String,
        /// What came, at most its first 64 characters.
        got: String,
    },
    /// An idempotency key came again with another request.
    #[error(
        "wanted a new idempotency key, but {key:?} was used for a different request: draw another"
    )]
    RequestReused {
        /// The key.
        key: String,
    },
    /// A row contradicts a rule of the schema, such as a reference to what does not exist.
    #[error("wanted to write a row, but it breaks a rule of the database")]
    Violated {
        /// What the database said.
        #[source]
        source: Arc<DatabaseError>,
    },
    /// The commit task has ended: the program is stopping.
    #[error("wanted to commit, but the program is stopping: ask again after its restart")]
    Closed,
    /// Anything else that the database said.
    #[error("the database {place} failed")]
    Database {
        /// The database file or server.
        place: Arc<str>,
        /// What it said.
        #[source]
        source: Arc<DatabaseError>,
    },
}

impl StoreError {
    /// Whether only the row is to blame, so that other rows of the same transaction may still be
    /// written after a return to the savepoint before it.
    pub(crate) const fn is_of_row(&self) -> bool {
        matches!(
            self,
            Self::Violated { .. } | Self::Corrupt { .. } | Self::RequestReused { .. }
        )
    }

    /// Whether the same transaction may succeed if it is tried once more: PostgreSQL chose it as
    /// the victim of a deadlock (40P01) or could not serialise it (40001).
    pub(crate) fn is_transient(&self) -> bool {
        let Self::Database { source, .. } = self else {
            return false;
        };
        let DatabaseError::Sqlx(sqlx::Error::Database(said)) = source.as_ref() else {
            return false;
        };
        matches!(said.code().as_deref(), Some("40P01" | "40001"))
    }
}
