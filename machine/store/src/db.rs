//! The open database: its pools, its schema, and how reads and transactions begin.
//!
//! SQLite: write-ahead log, `synchronous=FULL` (a lease must outlive a power cut), one connection
//! that writes, several that can only read. PostgreSQL: one pool, and never less than
//! `synchronous_commit=on`.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machine_core::safe_mode::SafeMode;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, Postgres, Sqlite, SqlitePool};

use crate::checkpoint::Checkpoints;
use crate::error::StoreError;
use crate::lineage::Lineage;
use crate::location::Location;
use crate::migration;
use crate::row::Row;
use crate::statement::Statement;
use crate::transaction::{Open, Transaction};

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Db {
    pools: Pools,
    place: Arc<str>,
    lineage: Arc<Lineage>,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

/// How long a statement waits for a connection, or for another process's lock on the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting to a server may take at the start.
const CONNECT: Duration = Duration::from_secs(10);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;

impl Db {
    /// Opens the database and brings its schema up to date. A missing SQLite file is made, for
    /// this user only.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let place: Arc<str> = location.to_string().into();
        let lineage = Arc::default();
        let pools = match location {
            Location::SqliteFile(path) => open_file(path, &place, &lineage).await?,
            Location::SqliteMemory => open_memory(&place).await?,
            Location::Postgres(url) => open_server(url.options(), &place).await?,
        };
        let db = Self {
            pools,
            place,
            lineage,
        };
        db.migrate().await?;
        Ok(db)
    }

    /// Whether the database answers a read.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.all(Statement::new("SELECT 1")).await.map(|_| ())
    }

    /// Why nothing may be done to a machine at the moment, whatever the records say.
    pub fn safe_mode(&self) -> Option<SafeMode> {
        self.lineage.safe_mode()
    }

    /// The database file or server, without its password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Waits until something breaks after which nobody may go on: what was written may be lost,
    /// though later writes succeed.
    pub async fn broken(&self) -> StoreError {
        self.lineage.broken().await
    }

    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let migrator = migration::migrator();
        let done = match &self.pools {
            Pools::Sqlite { write, .. } => migrator.run(write).await,
            Pools::Postgres(pool) => migrator.run(pool).await,
        };
        done.map_err(|error| StoreError::from_migration(error, &self.place, migration::newest()))
    }

    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let rows = match &self.pools {
            Pools::Sqlite { read, .. } => statement
                .into_query::<Sqlite>()
                .fetch_all(read)
                .await
                .map(|rows| rows.into_iter().map(Row::Sqlite).collect()),
            Pools::Postgres(pool) => statement
                .into_query::<Postgres>()
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect()),
        };
        rows.map_err(|error| StoreError::from_sqlx(error, &self.place))
    }

    pub(crate) async fn optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        let open = match &self.pools {
            Pools::Sqlite { write, .. } => {
                write.begin_with("BEGIN IMMEDIATE").await.map(Open::Sqlite)
            }
            Pools::Postgres(pool) => pool.begin().await.map(Open::Postgres),
        };
        match open {
            Ok(open) => {
                let (place, lineage) = (Arc::clone(&self.place), Arc::clone(&self.lineage));
                Ok(Transaction::new(open, place, lineage))
            }
            Err(error) => Err(StoreError::from_sqlx(error, &self.place)),
        }
    }
}

fn sqlite_options() -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .disable_statement_logging()
}

/// One connection that lives as long as the pool. SQLite may end a transaction by itself when a
/// write fails (disk full: `sqlite.org/lang_transaction.html`); the driver then still counts one as
/// open, and such a connection is replaced instead of handed out again.
fn sqlite_writer(checkpoints: Option<Arc<Checkpoints>>) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(move |connection, _| {
            let checkpoints = checkpoints.clone();
            Box::pin(async move {
                if connection.is_in_transaction() {
                    return Ok(false);
                }
                if let Some(checkpoints) = checkpoints {
                    checkpoints.before_transaction(connection).await;
                }
                Ok(true)
            })
        })
}

async fn open_file(
    path: &Path,
    place: &Arc<str>,
    lineage: &Arc<Lineage>,
) -> Result<Pools, StoreError> {
    let failed = |error| StoreError::from_sqlx(error, place);
    create_file(path, place)?;
    let options = sqlite_options()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .pragma("wal_autocheckpoint", "0");
    let checkpoints = Checkpoints::new(Arc::clone(place), Arc::clone(lineage));
    let write = sqlite_writer(Some(Arc::new(checkpoints)))
        .connect_with(options.clone())
        .await
        .map_err(failed)?;
    check(&write, place).await?;
    let read = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(PATIENCE)
        .connect_with(options.pragma("query_only", "on"))
        .await
        .map_err(failed)?;
    Ok(Pools::Sqlite { read, write })
}

/// Refuses a damaged file before anything is written to it. SQLite reads each page once for this:
/// 0.3 s for 100 MB that the system has in memory (`sqlite.org/pragma.html#pragma_quick_check`).
async fn check(pool: &SqlitePool, place: &Arc<str>) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(pool)
        .await
        .map_err(|error| StoreError::from_sqlx(error, place))?;
    if found == "ok" {
        return Ok(());
    }
    Err(StoreError::Damaged {
        place: Arc::clone(place),
        found: one_line(&found),
    })
}

/// What was found, without the line that only names the database.
fn one_line(found: &str) -> String {
    let lines = found.lines().filter(|line| !line.starts_with("***"));
    let text = lines.collect::<Vec<_>>().join(" ");
    text.chars().take(200).collect()
}

/// Makes the file for this user only, whatever the umask is; SQLite gives its log the same mode.
pub(crate) fn create_file(path: &Path, place: &Arc<str>) -> Result<(), StoreError> {
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let Err(error) = made else {
        return Ok(());
    };
    let place = Arc::clone(place);
    match error.kind() {
        ErrorKind::AlreadyExists => Ok(()),
        ErrorKind::NotFound | ErrorKind::NotADirectory => Err(StoreError::NoDirectory {
            path: path.to_owned(),
        }),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            Err(StoreError::ReadOnly { place })
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Err(StoreError::DiskFull { place }),
        _ => Err(StoreError::Database {
            place,
            source: Arc::new(sqlx::Error::Io(error)),
        }),
    }
}

/// Each connection to memory is a database of its own, so there is only one.
async fn open_memory(place: &Arc<str>) -> Result<Pools, StoreError> {
    let write = sqlite_writer(None)
        .connect_with(sqlite_options().in_memory(true))
        .await
        .map_err(|error| StoreError::from_sqlx(error, place))?;
    let read = write.clone();
    Ok(Pools::Sqlite { read, write })
}

/// Connects once outside of the pool: a pool waits for a server that refuses, and hides why.
async fn open_server(options: &PgConnectOptions, place: &Arc<str>) -> Result<Pools, StoreError> {
    let failed = |error| StoreError::from_sqlx(error, place);
    let options = options
        .clone()
        .application_name("drover")
        .disable_statement_logging();
    let first = tokio::time::timeout(CONNECT, options.connect())
        .await
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(failed)?;
    first.close().await.map_err(failed)?;
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| {
            Box::pin(async move {
                sqlx::query(DURABLE).execute(connection).await?;
                Ok(())
            })
        })
        .connect_lazy_with(options);
    Ok(Pools::Postgres(pool))
}

/// A database may have been set to acknowledge before it is durable; a stricter setting is kept.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";
