//! The open database: its connections, its schema, and how reads and transactions begin.
//!
//! SQLite: write-ahead log, `synchronous=FULL` (a lease must outlive a power cut), rusqlite.
//! PostgreSQL: one pool of sqlx, and never less than `synchronous_commit=on`. The schema of both is
//! brought up to date by sqlx.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use machine_core::safe_mode::SafeMode;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, PgPool, Postgres, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::checkpoint::Checkpoints;
use crate::error::{DatabaseError, StoreError};
use crate::lineage::Lineage;
use crate::location::Location;
use crate::migration;
use crate::read_model::reader::Reader;
use crate::read_model::shared::SharedModel;
use crate::row::Row;
use crate::sqlite::Sqlite;
use crate::statement::Statement;
use crate::transaction::{Open, Transaction};
use crate::unreadable::Unreadable;

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Db {
    opened: Opened,
    place: Arc<str>,
    lineage: Arc<Lineage>,
    unreadable: Arc<Unreadable>,
    statuses: Arc<watch::Sender<i64>>,
    model: Arc<SharedModel>,
    asked: Arc<Asked>,
    #[cfg(feature = "faults")]
    faults: Arc<crate::faults::Faults>,
}

#[derive(Debug, Clone)]
enum Opened {
    Sqlite(Arc<Sqlite>),
    Postgres(PgPool),
}

/// How often the database was asked, for those who measure.
#[derive(Debug, Default)]
struct Asked {
    reads: AtomicU64,
    transactions: AtomicU64,
}

/// How often a database was asked since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatabaseCounts {
    /// Statements that read outside of a transaction.
    pub reads: u64,
    /// Transactions that were begun.
    pub transactions: u64,
}

/// How long a statement waits for a connection, or for another process's lock on the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long connecting to a server may take at the start.
const CONNECT: Duration = Duration::from_secs(10);
const POSTGRES_CONNECTIONS: u32 = 16;

impl Db {
    /// Opens the database and brings its schema up to date. A missing SQLite file is made, for
    /// this user only.
    pub async fn open(location: &Location) -> Result<Self, StoreError> {
        let place: Arc<str> = location.to_string().into();
        let lineage = Arc::default();
        let opened = match location {
            Location::SqliteFile(path) => open_file(path, &place, &lineage).await?,
            Location::SqliteMemory => open_memory(&place).await?,
            Location::Postgres(url) => open_server(url.options(), &place).await?,
        };
        Ok(Self {
            opened,
            place,
            lineage,
            unreadable: Arc::default(),
            statuses: Arc::default(),
            model: Arc::default(),
            asked: Arc::default(),
            #[cfg(feature = "faults")]
            faults: Arc::default(),
        })
    }

    /// What can be made to go wrong with it.
    #[cfg(feature = "faults")]
    pub fn faults(&self) -> &crate::faults::Faults {
        &self.faults
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

    /// The number of the newest status of a machine that this process has committed; 0 before the
    /// first ([`crate::statuses`]).
    pub fn statuses(&self) -> watch::Receiver<i64> {
        self.statuses.subscribe()
    }

    /// What is held in memory of its machines. The commit task reads it when it starts.
    pub fn model(&self) -> &SharedModel {
        &self.model
    }

    /// How often it was asked so far.
    pub fn counts(&self) -> DatabaseCounts {
        DatabaseCounts {
            reads: self.asked.reads.load(Ordering::Relaxed),
            transactions: self.asked.transactions.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn lineage(&self) -> &Lineage {
        &self.lineage
    }

    /// What was read of rows; those that can't be read are told once, and left out.
    pub(crate) fn readable<T>(
        &self,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let each = rows.iter().map(|row| self.unreadable.left_out(read(row)));
        each.filter_map(Result::transpose).collect()
    }

    /// Closes every connection, after what is under way.
    pub async fn close(&self) {
        match &self.opened {
            Opened::Sqlite(sqlite) => sqlite.close().await,
            Opened::Postgres(pool) => pool.close().await,
        }
    }

    /// Does work that writes where it may wait for the disk.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.waits_for_disk() {
            return work.await;
        }
        let runtime = Handle::current();
        let done = tokio::task::spawn_blocking(move || runtime.block_on(work));
        done.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Whether whoever writes waits for a disk of this machine.
    pub(crate) fn waits_for_disk(&self) -> bool {
        matches!(&self.opened, Opened::Sqlite(sqlite) if sqlite.is_on_disk())
    }

    pub(crate) async fn all(&self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.asked.reads.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "faults")]
        self.faults.before_read(&self.place)?;
        match &self.opened {
            Opened::Sqlite(sqlite) => {
                let rows = sqlite.all(statement, &self.place).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Opened::Postgres(pool) => statement
                .into_query::<Postgres>()
                .fetch_all(pool)
                .await
                .map(|rows| rows.into_iter().map(Row::Postgres).collect())
                .map_err(|error| StoreError::from_sqlx(error, &self.place)),
        }
    }

    pub(crate) async fn optional(&self, statement: Statement) -> Result<Option<Row>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.asked.transactions.fetch_add(1, Ordering::Relaxed);
        #[cfg(feature = "faults")]
        self.faults.before_write(&self.place).await?;
        let open = match &self.opened {
            Opened::Sqlite(sqlite) => sqlite.begin(&self.place).await.map(Open::Sqlite),
            Opened::Postgres(pool) => pool
                .begin()
                .await
                .map(Open::Postgres)
                .map_err(|error| StoreError::from_sqlx(error, &self.place)),
        };
        let (place, lineage) = (Arc::clone(&self.place), Arc::clone(&self.lineage));
        let statuses = Arc::clone(&self.statuses);
        let model = Arc::clone(&self.model);
        let transaction = Transaction::new(open?, place, lineage, (statuses, model));
        #[cfg(feature = "faults")]
        let transaction = transaction.with_faults(&self.faults);
        Ok(transaction)
    }
}

impl Reader for &Db {
    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        self.all(statement).await
    }
}

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

async fn open_file(
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
async fn open_memory(place: &Arc<str>) -> Result<Opened, StoreError> {
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
async fn open_server(options: &PgConnectOptions, place: &Arc<str>) -> Result<Opened, StoreError> {
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
