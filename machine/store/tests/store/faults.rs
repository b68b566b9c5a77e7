//! A database that can't be opened or written says so in one clear sentence, and loses nothing.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use machine_core::network::{Lease, SubnetName};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::leases::{self, LeaseOutcome};
use machine_store::location::Location;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::fixtures::lease;
use crate::postgres::{PASSWORD, Server, is_root};

fn open(location: &Location) -> Result<Db, StoreError> {
    tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(Db::open(location))
}

fn open_file(path: &Path) -> Result<Db, StoreError> {
    open(&Location::SqliteFile(path.to_owned()))
}

fn refusal(result: Result<Db, StoreError>) -> StoreError {
    let error = result.expect_err("it should not open");
    println!("{error}");
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(PASSWORD), "{shown}");
    assert!(error.to_string().starts_with("wanted "), "{error}");
    error
}

#[test]
fn a_new_file_is_for_its_owner_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let db = runtime
        .block_on(Db::open(&Location::SqliteFile(path)))
        .unwrap();
    assert!(runtime.block_on(stored(&db)).is_empty());
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn memory_is_a_database_too() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(&Location::SqliteMemory).await.unwrap();
        let (commits, _) = Committer::spawn(db.clone());
        let (one, other) = tokio::join!(commits.submit(lease(1)), commits.submit(lease(2)));
        assert_eq!(
            (one.unwrap(), other.unwrap()),
            (LeaseOutcome::Committed, LeaseOutcome::Committed)
        );
        assert_eq!(stored(&db).await.len(), 2);
    });
}

#[test]
fn a_missing_directory_is_named() {
    let error = refusal(open_file(Path::new("/nonexistent/drover.db")));
    assert!(matches!(error, StoreError::NoDirectory { .. }), "{error:?}");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let text = "a file of somebody else, and long enough to have a header ".repeat(40);
    std::fs::write(&path, &text).unwrap();
    let error = refusal(open_file(&path));
    assert!(
        matches!(error, StoreError::NotADatabase { .. }),
        "{error:?}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_newer_or_foreign_schema_is_refused() {
    for (sql, newer) in [
        (
            "INSERT INTO _sqlx_migrations SELECT 999, 'future', installed_on, success, checksum, \
             execution_time FROM _sqlx_migrations WHERE version = 1",
            true,
        ),
        ("UPDATE _sqlx_migrations SET checksum = x'00'", false),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("drover.db");
        open_file(&path).unwrap();
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let options = SqliteConnectOptions::new().filename(&path);
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
        });
        let error = refusal(open_file(&path));
        assert_eq!(
            matches!(error, StoreError::NewerSchema { found: 999, .. }),
            newer
        );
        assert_eq!(
            matches!(error, StoreError::ForeignSchema { version: 1, .. }),
            !newer
        );
    }
}

#[test]
fn a_server_that_refuses_is_named_without_the_password() {
    let nobody: Location = format!("postgres://drover:{PASSWORD}@127.0.0.1:1/racks")
        .parse()
        .unwrap();
    let error = refusal(open(&nobody));
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .contains("postgres://drover@127.0.0.1:1/racks"),
        "{error}"
    );
    let server = Server::start();
    server.create_locked_user();
    let wrong = server
        .url("locked", "wrong-password", "postgres")
        .parse()
        .unwrap();
    let error = refusal(open(&wrong));
    assert!(
        matches!(error, StoreError::NotAuthenticated { .. }),
        "{error:?}"
    );
    let missing = server.url("drover", PASSWORD, "nowhere").parse().unwrap();
    let error = refusal(open(&missing));
    assert!(matches!(error, StoreError::NoDatabase { .. }), "{error:?}");
}

/// Where a child of these tests may mount a small file system; not set in the tests themselves.
const CHILD: &str = "DROVER_TEST_FAULT_DIRECTORY";

/// Runs a test of this program in a mount namespace of its own, which ends with it.
fn in_own_mounts(test: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    if !is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    // In a chroot the root directory is no mount point and can't be made private: mounts are seen
    // outside, too, and taken down at the end.
    let mut private = Command::new("unshare");
    if !private
        .args(["--mount", "true"])
        .output()
        .unwrap()
        .status
        .success()
    {
        command.args(["--propagation", "unchanged"]);
    }
    let output = command
        .arg("--mount")
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(CHILD, directory.path())
        .output()
        .unwrap();
    let mut umount = Command::new("umount");
    umount.arg("--lazy").arg(directory.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{complaint}"
    );
    assert!(said.contains("done in the child"), "{said}");
}

fn mount(arguments: &[&str], directory: &Path) {
    let mounted = Command::new("mount")
        .args(arguments)
        .arg(directory)
        .status();
    assert!(mounted.unwrap().success());
}

async fn stored(db: &Db) -> BTreeSet<u32> {
    let leases = leases::of_subnet(db, &SubnetName::new("lab"))
        .await
        .unwrap();
    let number =
        |stored: &Lease| (0..100_000).find(|number| lease(*number).address == stored.address);
    leases.iter().map(|lease| number(lease).unwrap()).collect()
}

#[test]
fn a_full_disk_loses_nothing() {
    in_own_mounts("faults::full_disk_child");
}

#[test]
fn full_disk_child() {
    let Some(directory) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    mount(&["-t", "tmpfs", "-o", "size=2m", "none"], &directory);
    let ballast = directory.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 19]).unwrap();
    let location = Location::SqliteFile(directory.join("drover.db"));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let db = Db::open(&location).await.unwrap();
        let (commits, _) = Committer::spawn(db.clone());
        let fat = |number| Lease {
            client_identifier: Some(vec![7; 4000]),
            ..lease(number)
        };
        let mut acknowledged = BTreeSet::new();
        let error = loop {
            let number = u32::try_from(acknowledged.len()).unwrap();
            assert!(
                number < 2000,
                "more was acknowledged than there is room for"
            );
            let pair = tokio::join!(
                commits.submit(fat(number)),
                commits.submit(fat(number + 50_000))
            );
            match pair {
                (Ok(LeaseOutcome::Committed), Ok(LeaseOutcome::Committed)) => {
                    acknowledged.extend([number, number + 50_000]);
                }
                (one, other) => break one.and(other).unwrap_err(),
            }
        };
        println!("{error}");
        assert!(matches!(error, StoreError::DiskFull { .. }), "{error:?}");
        assert!(!acknowledged.is_empty());
        assert!(acknowledged.is_subset(&stored(&db).await), "reads go on");
        assert!(commits.counts().failures > 0);

        std::fs::remove_file(&ballast).unwrap();
        let outcome = commits.submit(fat(40_000)).await.unwrap();
        assert_eq!(
            outcome,
            LeaseOutcome::Committed,
            "it recovers when there is room"
        );
        acknowledged.insert(40_000);
        db.close().await;
        let reopened = Db::open(&location).await.unwrap();
        assert!(acknowledged.is_subset(&stored(&reopened).await));
    });
    println!("done in the child");
}

#[test]
fn a_read_only_directory_is_named() {
    in_own_mounts("faults::read_only_child");
}

#[test]
fn read_only_child() {
    let Some(directory) = std::env::var_os(CHILD).map(PathBuf::from) else {
        return;
    };
    mount(&["-t", "tmpfs", "-o", "size=2m", "none"], &directory);
    let path = directory.join("drover.db");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let db = Db::open(&Location::SqliteFile(path.clone())).await.unwrap();
        db.close().await;
    });
    mount(&["-o", "remount,ro"], &directory);
    for name in ["drover.db", "new.db"] {
        let error = refusal(open_file(&directory.join(name)));
        assert!(matches!(error, StoreError::ReadOnly { .. }), "{error:?}");
    }
    println!("done in the child");
}
