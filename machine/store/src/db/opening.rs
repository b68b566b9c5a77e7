//! How a database is opened: a file, one in memory, or a server; and how its schema is brought up to
//! date before anybody works on it.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, SqliteConnection};

use crate::checkpoint::Checkpoints;
use crate::error::{DatabaseError, StoreError};
use crate::lineage::Lineage;
use crate::migration;
use crate::sqlite::Sqlite;

#[derive(Debug, Clone)]
pub(super) enum Opened {
    Sqlite(Arc<Sqlite>),
    Postgres(PgPool),
}

/// How long a statement waits for a connection, or for another process's lock on the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting to a server may take at the start.
const CONNECT: Duration = Duration::from_secs(10);
const POSTGRES_CONNECTIONS: u32 = 16;

/// How the file is opened to be looked at, and to get its schema. The connections that work on it
/// say the same ([`Sqlite`]).
fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(PATIENCE)
        .pragma("wal_autocheckpoint", "0")
        .disable_statement_logging()
}

pub(super) async fn open_file(
    path: &Path,
    place: &Arc<str>,
    lineage: &Arc<Lineage>,
) -> Result<Opened, StoreError> {
    let failed = |error| StoreError::from_sqlx(error, place);
    create_file(path, place)?;
    let mut first = sqlite_options(path).connect().await.map_err(failed)?;
    check(&mut first, place).await?;
    migrate(&mut first, place).await?;
    first.close().await.map_err(failed)?;
    let checkpoints = Checkpoints::new(Arc::clone(place), Arc::clone(lineage));
    let opened = Sqlite::open_file(path, checkpoints);
    opened
        .map(|sqlite| Opened::Sqlite(Arc::new(sqlite)))
        .map_err(|error| StoreError::from_sqlite(error, place))
}

/// Refuses a damaged file before anything is written to it. SQLite reads each page once for this:
/// 0.3 s for 100 MB that the system has in memory (`sqlite.org/pragma.html#pragma_quick_check`).
async fn check(connection: &mut SqliteConnection, place: &Arc<str>) -> Result<(), StoreError> {
    let found: String = sqlx::query_scalar("PRAGMA quick_check(1)")
        .fetch_one(connection)
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

async fn migrate<'c, C>(connection: C, place: &Arc<str>) -> Result<(), StoreError>
where
    C: sqlx::Acquire<'c>,
    <C::Connection as std::ops::Deref>::Target: sqlx::migrate::Migrate,
{
    let done = migration::migrator().run(connection).await;
    done.map_err(|error| StoreError::from_migration(error, place, migration::newest()))
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
            source: Arc::new(DatabaseError::Sqlx(sqlx::Error::Io(error))),
        }),
    }
}

/// A database in memory lives as long as one connection to it.
pub(super) async fn open_memory(place: &Arc<str>) -> Result<Opened, StoreError> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("file:drover-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    let options = SqliteConnectOptions::new()
        .filename(&name)
        .in_memory(true)
        .shared_cache(true)
        .disable_statement_logging();
    let failed = |error| StoreError::from_sqlx(error, place);
    let mut first = options.connect().await.map_err(failed)?;
    migrate(&mut first, place).await?;
    let opened = Sqlite::open_memory(&name);
    let opened = opened.map_err(|error| StoreError::from_sqlite(error, place))?;
    first.close().await.map_err(failed)?;
    Ok(Opened::Sqlite(Arc::new(opened)))
}

/// Connects once outside of the pool: a pool waits for a server that refuses, and hides why.
pub(super) async fn open_server(
    options: &PgConnectOptions,
    place: &Arc<str>,
) -> Result<Opened, StoreError> {
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
    migrate(&pool, place).await?;
    Ok(Opened::Postgres(pool))
}

/// A database may have been set to acknowledge before it is durable; a stricter setting is kept.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";
