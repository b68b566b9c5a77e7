//! An empty database for one case, and what a case needs around it.

use std::future::Future;
use std::path::{Path, PathBuf};

use machine_store::commit::{CommitHandle, Committer};
use machine_store::db::Db;
use machine_store::location::Location;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::postgres::Server;

pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) location: Location,
    /// Where the database keeps its files.
    pub(crate) files: PathBuf,
    /// How `raw` gets there.
    url: String,
    pub(crate) db: Db,
}

impl Bench {
    pub(crate) fn sqlite(directory: &Path) -> Self {
        std::fs::create_dir(directory).unwrap();
        let file = directory.join("drover.db");
        let url = format!("sqlite://{}", file.display());
        Self::open(Location::SqliteFile(file), directory.to_owned(), url)
    }

    pub(crate) fn postgres(server: &Server) -> Self {
        let url = server.create_database();
        Self::open(url.parse().unwrap(), server.files(), url)
    }

    fn open(location: Location, files: PathBuf, url: String) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let db = runtime.block_on(Db::open(&location)).unwrap();
        Self {
            runtime,
            location,
            files,
            url,
            db,
        }
    }

    pub(crate) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn commits(&self) -> (CommitHandle, JoinHandle<()>) {
        let _inside = self.runtime.enter();
        Committer::spawn(self.db.clone())
    }

    /// The same database, opened once more.
    pub(crate) fn reopened(&self) -> Db {
        self.block(Db::open(&self.location)).unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.location, Location::SqliteFile(_))
    }

    /// A database beside this one that these texts make: one for SQLite, one for PostgreSQL.
    pub(crate) fn beside(&self, sqlite: &str, postgres: &str) -> Location {
        if self.is_sqlite() {
            let file = self.files.join("beside.db");
            self.run(&format!("sqlite://{}?mode=rwc", file.display()), sqlite);
            return Location::SqliteFile(file);
        }
        let (server, options) = self.url.rsplit_once('?').unwrap();
        let (_, name) = server.rsplit_once('/').unwrap();
        self.raw(&format!("CREATE DATABASE {name}_beside"));
        let url = format!("{server}_beside?{options}");
        self.run(&url, postgres);
        url.parse().unwrap()
    }

    /// Runs SQL beside the store.
    pub(crate) fn raw(&self, sql: &str) {
        self.run(&self.url, sql);
    }

    /// The rows of two whole numbers that this question finds, asked beside the store.
    pub(crate) fn pairs(&self, question: &'static str) -> Vec<(i64, i64)> {
        self.block(async {
            if self.is_sqlite() {
                let options: sqlx::sqlite::SqliteConnectOptions = self.url.parse().unwrap();
                let mut connection = options.connect().await.unwrap();
                let rows = sqlx::query_as(question).fetch_all(&mut connection).await;
                rows.unwrap()
            } else {
                let options: sqlx::postgres::PgConnectOptions = self.url.parse().unwrap();
                let mut connection = options.connect().await.unwrap();
                let rows = sqlx::query_as(question).fetch_all(&mut connection).await;
                rows.unwrap()
            }
        })
    }

    fn run(&self, url: &str, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        self.block(async {
            if self.is_sqlite() {
                let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
                let mut connection = options.foreign_keys(false).connect().await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            } else {
                let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
                let mut connection = options.connect().await.unwrap();
                sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
            }
        });
    }
}
