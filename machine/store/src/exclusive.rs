//! One daemon per database: a lock that the second one finds held, and by whom.
//!
//! SQLite: a lock on the database file, gone with the process. PostgreSQL: an advisory lock of a
//! connection that is kept for nothing else, so it is gone with the connection, wherever the daemon
//! runs. When that connection breaks, the daemon is in safe mode until it has the lock again, and
//! ends if another one has it by then.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use machine_core::time::Timestamp;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, Row as _};
use tokio::time::{sleep, timeout};

use crate::db::Db;
use crate::error::StoreError;
use crate::file_lock::FileLock;
use crate::lineage_error::LineageError;
use crate::location::Location;

/// Who holds a database, for the one who finds it held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name of its host.
    pub host: String,
    /// Its process.
    pub process: u32,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            host,
            process,
            since,
        } = self;
        write!(f, "drover on {host}, process {process}, since {since}")
    }
}

/// The lock on a database, for as long as this lives.
#[derive(Debug)]
pub struct Exclusive {
    held: Held,
}

#[derive(Debug)]
enum Held {
    /// Memory is nobody else's.
    Memory,
    File(#[expect(dead_code, reason = "it is locked for as long as it is open")] FileLock),
    Server(Box<ServerLock>),
}

#[derive(Debug)]
struct ServerLock {
    connection: PgConnection,
    options: PgConnectOptions,
    place: Arc<str>,
}

/// How often the connection that holds the lock is asked whether it lives. Until a loss is noticed,
/// another daemon may act, too: each act of either is written by compare-and-set before it is done.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long an answer may take: a server that is busy is not one that is gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// The number of our advisory lock: `drover` in ASCII. It is of one database of the server.
const LOCK: i64 = 0x6472_6f76_6572;

impl Exclusive {
    /// Takes the lock; the error names who has it.
    pub async fn take(location: &Location, holder: &Holder) -> Result<Self, StoreError> {
        let place: Arc<str> = location.to_string().into();
        let held = match location {
            Location::SqliteMemory => Held::Memory,
            Location::SqliteFile(path) => {
                Held::File(FileLock::take(path, &holder.to_string(), &place)?)
            }
            Location::Postgres(url) => {
                // PostgreSQL keeps 63 bytes of it.
                let host: String = holder.host.chars().take(40).collect();
                let name = format!("drover on {host}, process {}", holder.process);
                let options = url.options().clone().application_name(&name);
                let lock = ServerLock::take(options.disable_statement_logging(), &place).await?;
                Held::Server(Box::new(lock))
            }
        };
        Ok(Self { held })
    }

    /// Keeps the lock, and returns only when another daemon has it. While it is not certain, `db`
    /// is in safe mode.
    pub async fn keep(self, db: Db) -> StoreError {
        let Held::Server(mut lock) = self.held else {
            // The file stays locked as long as this waits.
            let _file = self.held;
            return std::future::pending().await;
        };
        loop {
            lock.lives().await;
            db.lineage().set_shared(true);
            tracing::warn!(place = %lock.place, "the lock on the database was lost: safe mode");
            match lock.taken_again().await {
                Ok(again) => *lock = again,
                Err(held) => return held,
            }
            db.lineage().set_shared(false);
            tracing::info!(place = %lock.place, "the database is ours alone again");
        }
    }
}

impl ServerLock {
    async fn take(options: PgConnectOptions, place: &Arc<str>) -> Result<Self, StoreError> {
        let failed = |error| StoreError::from_sqlx(error, place);
        let work = async {
            let mut connection = options.connect().await?;
            let is_ours: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)")
                .bind(LOCK)
                .fetch_one(&mut connection)
                .await?;
            let holder = if is_ours {
                None
            } else {
                Some(holder_of(&mut connection).await?)
            };
            Ok((connection, holder))
        };
        let done = timeout(PATIENCE * 2, work).await;
        let (connection, holder) = done
            .unwrap_or(Err(sqlx::Error::PoolTimedOut))
            .map_err(failed)?;
        let place = Arc::clone(place);
        match holder {
            Some(holder) => Err(LineageError::Held { place, holder }.into()),
            None => Ok(Self {
                connection,
                options,
                place,
            }),
        }
    }

    /// Returns when the connection does not answer any more.
    async fn lives(&mut self) {
        while let Ok(Ok(())) = timeout(PATIENCE, self.connection.ping()).await {
            sleep(HEARTBEAT).await;
        }
    }

    /// Tries until the server answers; the error says that another daemon has the lock.
    async fn taken_again(&self) -> Result<Self, StoreError> {
        loop {
            match Self::take(self.options.clone(), &self.place).await {
                Ok(lock) => return Ok(lock),
                Err(held @ StoreError::Lineage(LineageError::Held { .. })) => return Err(held),
                Err(error) => tracing::debug!(%error, "the lock is not to be had yet"),
            }
            sleep(HEARTBEAT).await;
        }
    }
}

/// Who has our advisory lock, as the server knows it: another user's sessions have no names.
async fn holder_of(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    const HOLDER: &str = "SELECT COALESCE(a.application_name, '') AS name, \
         COALESCE(host(a.client_addr), 'a local socket') AS client, \
         COALESCE(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), '') \
         AS since FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND (l.classid::bigint << 32 | l.objid::bigint) = $1";
    let row = sqlx::query(HOLDER)
        .bind(LOCK)
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else {
        return Ok("one that has ended meanwhile".to_owned());
    };
    let (name, client, since): (String, String, String) = (
        row.try_get("name")?,
        row.try_get("client")?,
        row.try_get("since")?,
    );
    Ok(format!("{name}, connected from {client} since {since}"))
}
