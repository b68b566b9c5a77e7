//! SQLite as Drover uses it: one connection that writes, several that can only read.
//!
//! A file is read and written where a thread may wait for the disk: reads on the runtime's blocking
//! threads, batches on the thread of the commit task. A database in memory waits for nothing, so
//! all of it happens where it is asked for, in the order in which it is asked for.

use std::path::Path;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore};

use crate::checkpoint::Checkpoints;
use crate::error::StoreError;
use crate::sqlite_row::SqliteRow;
use crate::statement::Statement;

/// How long a statement waits for another process's lock on the file.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: usize = 4;
/// How much of the file the connection that writes keeps in memory: the leases of some 60,000 cards
/// and their indexes. With SQLite's 2 MiB, each new lease of a large fleet reads pages again.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Statements that a connection keeps prepared: all that the store has, and a few sizes of those
/// that write many rows.
const PREPARED: usize = 512;

/// The connections to one database.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: Arc<Mutex<Option<Connection>>>,
    readers: Option<Arc<Readers>>,
    checkpoints: Option<Checkpoints>,
}

#[derive(Debug)]
struct Readers {
    idle: StdMutex<Vec<Connection>>,
    places: Semaphore,
}

/// A transaction on the connection that writes. Dropped without a commit, it is undone.
#[derive(Debug)]
pub(crate) struct SqliteTransaction {
    connection: OwnedMutexGuard<Option<Connection>>,
}

impl Sqlite {
    /// Opens a file that exists and has its schema.
    pub(crate) fn open_file(path: &Path, checkpoints: Checkpoints) -> rusqlite::Result<Self> {
        let writer = Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
        prepare(&writer)?;
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        let mut idle = Vec::new();
        for _ in 0..READERS {
            let reader =
                Connection::open_with_flags(path, flags(OpenFlags::SQLITE_OPEN_READ_WRITE))?;
            prepare(&reader)?;
            reader.pragma_update(None, "query_only", true)?;
            idle.push(reader);
        }
        let readers = Readers {
            idle: StdMutex::new(idle),
            places: Semaphore::new(READERS),
        };
        Ok(Self {
            writer: Arc::new(Mutex::new(Some(writer))),
            readers: Some(Arc::new(readers)),
            checkpoints: Some(checkpoints),
        })
    }

    /// Opens a database in memory that has its schema, by its name in this process.
    pub(crate) fn open_memory(name: &str) -> rusqlite::Result<Self> {
        let uri = format!("{name}?mode=memory&cache=shared");
        let read_write = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
        let writer = Connection::open_with_flags(uri, flags(read_write))?;
        prepare(&writer)?;
        Ok(Self {
            writer: Arc::new(Mutex::new(Some(writer))),
            readers: None,
            checkpoints: None,
        })
    }

    /// Whether writing may have to wait for a disk.
    pub(crate) const fn is_on_disk(&self) -> bool {
        self.readers.is_some()
    }

    /// The rows of a statement that only reads.
    pub(crate) async fn all(
        &self,
        statement: Statement,
        place: &Arc<str>,
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let Some(readers) = &self.readers else {
            let connection = self.writer.lock().await;
            let connection = connection.as_ref().ok_or(StoreError::Closed)?;
            return rows(connection, &statement).map_err(|error| fault(error, place));
        };
        let _place = readers
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (readers, place) = (Arc::clone(readers), Arc::clone(place));
        let read = tokio::task::spawn_blocking(move || {
            let connection = readers.lock().pop().ok_or(StoreError::Closed)?;
            let found = rows(&connection, &statement);
            readers.lock().push(connection);
            found.map_err(|error| fault(error, &place))
        });
        read.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Takes the connection that writes, and the lock of the file.
    pub(crate) async fn begin(&self, place: &Arc<str>) -> Result<SqliteTransaction, StoreError> {
        let connection = Arc::clone(&self.writer).lock_owned().await;
        let writer = connection.as_ref().ok_or(StoreError::Closed)?;
        // SQLite may have ended the last transaction by itself, or not: a write that fails for
        // want of room does (`sqlite.org/lang_transaction.html`).
        if !writer.is_autocommit() {
            let undone = writer.execute_batch("ROLLBACK");
            undone.map_err(|error| fault(error, place))?;
        }
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.before_transaction(writer);
        }
        let begun = writer.execute_batch("BEGIN IMMEDIATE");
        begun.map_err(|error| fault(error, place))?;
        Ok(SqliteTransaction { connection })
    }

    /// Closes every connection, after what is under way.
    pub(crate) async fn close(&self) {
        if let Some(readers) = &self.readers {
            let all = u32::try_from(READERS).unwrap_or(u32::MAX);
            if let Ok(places) = readers.places.acquire_many(all).await {
                readers.places.close();
                readers.lock().clear();
                drop(places);
            }
        }
        self.writer.lock().await.take();
    }
}

impl Readers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteTransaction {
    fn connection(&self) -> rusqlite::Result<&Connection> {
        let closed = rusqlite::Error::InvalidQuery;
        self.connection.as_ref().ok_or(closed)
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) fn execute(&self, statement: &Statement) -> rusqlite::Result<u64> {
        let mut prepared = self.connection()?.prepare_cached(&numbered(statement))?;
        bind(&mut prepared, statement)?;
        let changed = prepared.raw_execute()?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// The rows of a statement.
    pub(crate) fn all(&self, statement: &Statement) -> rusqlite::Result<Vec<SqliteRow>> {
        rows(self.connection()?, statement)
    }

    /// Runs a text without values.
    pub(crate) fn plain(&self, sql: &'static str) -> rusqlite::Result<()> {
        let mut prepared = self.connection()?.prepare_cached(sql)?;
        prepared.raw_execute().map(|_| ())
    }

    /// Commits; when `then` is done, the transaction outlives a power cut, and nobody else has
    /// written since.
    pub(crate) fn commit_and(self, then: impl FnOnce()) -> rusqlite::Result<()> {
        self.plain("COMMIT")?;
        then();
        Ok(())
    }

    /// Undoes everything.
    pub(crate) fn rollback(self) -> rusqlite::Result<()> {
        let connection = self.connection()?;
        if connection.is_autocommit() {
            return Ok(());
        }
        self.plain("ROLLBACK")
    }
}

impl Drop for SqliteTransaction {
    fn drop(&mut self) {
        if let Ok(connection) = self.connection()
            && !connection.is_autocommit()
        {
            // The next transaction tries again before it begins.
            let _ = connection.execute_batch("ROLLBACK");
        }
    }
}

/// No mutexes of SQLite's own: each connection is used by one thread at a time.
fn flags(mode: OpenFlags) -> OpenFlags {
    mode | OpenFlags::SQLITE_OPEN_NO_MUTEX
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // A savepoint keeps the pages that it may have to restore. In files, which is the default, these
    // are made, written and removed for each batch.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(PREPARED);
    // Without it SQLite prepares a statement anew whenever another value is bound to it, where one
    // of its values could decide between indexes (`sqlite.org/queryplanner-ng.html#qpstab`).
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn rows(connection: &Connection, statement: &Statement) -> rusqlite::Result<Vec<SqliteRow>> {
    let mut prepared = connection.prepare_cached(&numbered(statement))?;
    bind(&mut prepared, statement)?;
    let columns = SqliteRow::columns(&prepared);
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        found.push(SqliteRow::read(&columns, row)?);
    }
    Ok(found)
}

/// The text with `?2` for `$2`. SQLite takes `$2` for a name: it counts names in the order in which
/// they come, and looks through all of them for one (`sqlite.org/lang_expr.html#varparam`). Texts hold
/// no other `$`, since every value is bound.
fn numbered(statement: &Statement) -> String {
    statement.sql().replace('$', "?")
}

fn bind(prepared: &mut rusqlite::Statement<'_>, statement: &Statement) -> rusqlite::Result<()> {
    let values = statement.values();
    for index in 1..=prepared.parameter_count() {
        let value = index.checked_sub(1).and_then(|it| values.get(it));
        let value = value.ok_or(rusqlite::Error::InvalidParameterCount(index, values.len()))?;
        prepared.raw_bind_parameter(index, value)?;
    }
    Ok(())
}

pub(crate) fn fault(error: rusqlite::Error, place: &Arc<str>) -> StoreError {
    StoreError::from_sqlite(error, place)
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;
    use crate::statement::Value;

    #[test]
    fn a_statement_stays_prepared_whatever_is_bound_to_it() {
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection).unwrap();
        let schema = "CREATE TABLE thing (kind TEXT, name TEXT); \
             CREATE INDEX thing_of_kind ON thing (name) WHERE kind = 'one'";
        connection.execute_batch(schema).unwrap();
        let select = "SELECT name FROM thing WHERE kind = $1 AND name = $2";
        for kind in ["one", "two", "three"] {
            let values = vec![Value::from(kind), Value::from("a")];
            rows(&connection, &Statement::with(select, values)).unwrap();
        }
        let select = numbered(&Statement::with(select, Vec::new()));
        let prepared = connection.prepare_cached(&select).unwrap();
        assert_eq!(prepared.get_status(StatementStatus::RePrepare), 0);
    }
}
