//! A PostgreSQL server of our own: in a temporary directory, on a Unix socket, ended by its process
//! id when it is dropped, or by the kernel when this program is killed.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{AssertSqlSafe, ConnectOptions as _};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "canary-of-the-database-password";

pub(crate) struct Server {
    directory: TempDir,
    process: Child,
    databases: AtomicU32,
}

impl Server {
    pub(crate) fn start() -> Self {
        let directory = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        if is_root() {
            give_to_postgres(directory.path());
        }
        let data = directory.path().join("data");
        let made = as_postgres("initdb", directory.path())
            .arg("-D")
            .arg(&data)
            .args(["-U", "drover", "-A", "trust", "-E", "UTF8"])
            .args(["--no-sync", "--locale", "C"])
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        std::fs::write(data.join("pg_hba.conf"), WHO_MAY_LOG_IN).unwrap();
        let process = run(directory.path(), &data);
        Self {
            directory,
            process,
            databases: AtomicU32::new(0),
        }
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn url(&self, user: &str, password: &str, database: &str) -> String {
        let socket = self.directory.path().display();
        format!("postgres://{user}:{password}@localhost/{database}?host={socket}")
    }

    /// The URL of a new, empty database.
    pub(crate) fn create_database(&self) -> String {
        let name = format!("d{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.run(format!("CREATE DATABASE {name}"));
        self.url("drover", PASSWORD, &name)
    }

    /// Makes the one user who needs a password.
    pub(crate) fn create_locked_user(&self) {
        self.run(format!("CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'"));
    }

    pub(crate) fn run(&self, sql: String) {
        let options: sqlx::postgres::PgConnectOptions =
            self.url("drover", PASSWORD, "postgres").parse().unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(async {
                let mut connection = options.connect().await.unwrap();
                sqlx::raw_sql(AssertSqlSafe(sql))
                    .execute(&mut connection)
                    .await
                    .unwrap();
            });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGQUIT is PostgreSQL's immediate shutdown.
        let id = self.process.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.process.wait();
    }
}

fn run(directory: &Path, data: &Path) -> Child {
    let mut process = as_postgres("postgres", directory)
        .arg("-D")
        .arg(data)
        .arg("-k")
        .arg(directory)
        .args(["-c", "listen_addresses=", "-c", "fsync=off"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    loop {
        let Some(Ok(line)) = lines.next() else {
            let _ = process.wait();
            panic!("postgres did not start: {said:#?}");
        };
        let ready = line.contains("database system is ready to accept connections");
        said.push(line);
        if ready {
            break;
        }
    }
    // Its log has to be read, or it stops writing.
    std::thread::spawn(move || lines.for_each(drop));
    process
}

/// PostgreSQL refuses to run as root. The process gets SIGQUIT when the thread ends that started
/// it, which is the one of the test.
fn as_postgres(program: &str, directory: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--init-groups",
        ]);
    }
    command
        .args(["--pdeathsig", "QUIT"])
        .arg(binaries().join(program))
        .current_dir(directory)
        .env("LC_ALL", "C");
    command
}

fn binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    versions
        .filter_map(Result::ok)
        .map(|version| version.path().join("bin"))
        .max()
        .expect("PostgreSQL is needed: run scripts/install-packages test")
}

pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn give_to_postgres(path: &Path) {
    let given = Command::new("chown").arg("postgres:").arg(path).status();
    assert!(given.unwrap().success());
}

/// Only `locked` needs a password: hashing one takes long in an unoptimised program.
const WHO_MAY_LOG_IN: &str = "local all locked scram-sha-256\nlocal all all trust\n";
