//! What the errors of the drivers mean: from codes of SQLite, PostgreSQL and sqlx to situations that a
//! person can mend.

use std::sync::Arc;

use sqlx::error::DatabaseError as _;
use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

use crate::error::{DatabaseError, StoreError};

impl StoreError {
    /// What an error of SQLite means.
    pub(crate) fn from_sqlite(error: rusqlite::Error, place: &Arc<str>) -> Self {
        let code = match &error {
            rusqlite::Error::SqliteFailure(said, _) => said.extended_code,
            _ => 0,
        };
        let known = from_code(code, place);
        Self::meaning(known, DatabaseError::Sqlite(error), place)
    }

    fn meaning(known: Meaning, source: DatabaseError, place: &Arc<str>) -> Self {
        let (source, place) = (Arc::new(source), Arc::clone(place));
        match known {
            Meaning::Known(error) => error,
            Meaning::Violated => Self::Violated { source },
            Meaning::NotSynced => Self::NotSynced { place, source },
            Meaning::Unreachable => Self::Unreachable { place, source },
            Meaning::Other => Self::Database { place, source },
        }
    }

    /// What an error of the database at `place` means, as sqlx tells it.
    pub(crate) fn from_sqlx(error: sqlx::Error, place: &Arc<str>) -> Self {
        let known = match &error {
            sqlx::Error::Database(said) => {
                if let Some(said) = said.try_downcast_ref::<SqliteError>() {
                    let code = said.code().and_then(|code| code.parse().ok());
                    from_code(code.unwrap_or(0), place)
                } else if let Some(said) = said.try_downcast_ref::<PgDatabaseError>() {
                    from_postgres(said.code(), place)
                } else {
                    Meaning::Other
                }
            }
            sqlx::Error::Io(io) => match io.kind() {
                std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::NotFound => {
                    Meaning::Known(Self::Refused {
                        place: Arc::clone(place),
                    })
                }
                _ => Meaning::Unreachable,
            },
            sqlx::Error::PoolTimedOut | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => {
                Meaning::Unreachable
            }
            _ => Meaning::Other,
        };
        Self::meaning(known, DatabaseError::Sqlx(error), place)
    }

    /// What a failed migration of the database at `place` means.
    pub(crate) fn from_migration(error: MigrateError, place: &Arc<str>, known: i64) -> Self {
        let place = Arc::clone(place);
        match error {
            MigrateError::VersionMissing(found) => Self::NewerSchema {
                place,
                found,
                known,
            },
            MigrateError::VersionMismatch(version) | MigrateError::Dirty(version) => {
                Self::ForeignSchema { place, version }
            }
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::from_sqlx(error, &place)
            }
            other => Self::Database {
                place,
                source: Arc::new(DatabaseError::Sqlx(sqlx::Error::Migrate(Box::new(other)))),
            },
        }
    }
}

enum Meaning {
    Known(StoreError),
    Violated,
    NotSynced,
    Unreachable,
    Other,
}

/// By the primary result code: the low byte of the extended one (sqlite.org/rescode.html).
fn from_code(extended: i32, place: &Arc<str>) -> Meaning {
    let place = Arc::clone(place);
    match extended {
        SQLITE_IOERR_SHMSIZE => return Meaning::Known(StoreError::DiskFull { place }),
        SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC => return Meaning::NotSynced,
        _ => {}
    }
    match extended & 0xff {
        8 | 14 => Meaning::Known(StoreError::ReadOnly { place }),
        13 => Meaning::Known(StoreError::DiskFull { place }),
        11 | 26 => Meaning::Known(StoreError::NotADatabase { place }),
        18..=20 => Meaning::Violated,
        _ => Meaning::Other,
    }
}

/// The memory-mapped index of the write-ahead log could not grow: no room on its file system.
const SQLITE_IOERR_SHMSIZE: i32 = 4874;

/// A file, or the directory of one, could not be synced. The kernel forgets what it could not write:
/// the next sync succeeds, and the data is gone (`sqlite.org/rescode.html`, `fsync(2)`).
const SQLITE_IOERR_FSYNC: i32 = 1034;
const SQLITE_IOERR_DIR_FSYNC: i32 = 1290;

/// By SQLSTATE (PostgreSQL 15, appendix A): its class is the first two characters.
fn from_postgres(code: &str, place: &Arc<str>) -> Meaning {
    let place = Arc::clone(place);
    match code {
        "28000" | "28P01" => Meaning::Known(StoreError::NotAuthenticated { place }),
        "3D000" => Meaning::Known(StoreError::NoDatabase { place }),
        "53100" => Meaning::Known(StoreError::DiskFull { place }),
        "25006" => Meaning::Known(StoreError::ReadOnly { place }),
        _ => match code.get(..2) {
            // 21: one statement meets the same row twice; 22: the value; 23: a constraint.
            Some("21" | "22" | "23") => Meaning::Violated,
            Some("08" | "57") => Meaning::Unreachable,
            _ => Meaning::Other,
        },
    }
}
