//! Files of a SQLite database that are not what was left: an older copy, one that was cut off, one
//! that is gone, one with a broken page, and a disk that can't be synced.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use machine_core::generation::{DoubtKind, Standing};
use machine_store::change::{Change, MachineWrite};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::location::Location;
use tokio::runtime::Runtime;

use crate::fixtures::{applied, lease, machine};
use crate::lineage::{State, doubt};

struct Copies {
    runtime: Runtime,
    directory: tempfile::TempDir,
    state: State,
}

impl Copies {
    fn new() -> Self {
        Self {
            runtime: Runtime::new().unwrap(),
            directory: tempfile::tempdir().unwrap(),
            state: State::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn open(&self, name: &str) -> Result<Db, StoreError> {
        let location = Location::SqliteFile(self.path(name));
        self.runtime.block_on(Db::open(&location))
    }

    /// Adds these machines, each in a change of its own.
    fn add(&self, db: &Db, machines: impl Iterator<Item = u8>) {
        for byte in machines {
            let change = Change {
                machines: vec![MachineWrite::Insert(machine(byte))],
                ..Change::default()
            };
            self.runtime.block_on(applied(db, &change));
        }
    }

    fn standing(&self, db: &Db) -> Standing {
        self.runtime.block_on(self.state.resume(db))
    }
}

#[test]
fn an_older_copy_of_the_file_is_told() {
    let copies = Copies::new();
    let db = copies.open("drover.db").unwrap();
    let first = copies.runtime.block_on(async {
        let mark = copies.state.mark();
        machine_store::generation::resume(&db, &mark, false).await
    });
    assert_eq!(first.unwrap(), Standing::First);
    copies.add(&db, 1..=3);
    copies.runtime.block_on(db.close());
    fs::copy(copies.path("drover.db"), copies.path("backup")).unwrap();

    let db = copies.open("drover.db").unwrap();
    assert_eq!(copies.standing(&db), Standing::Same);
    copies.add(&db, 4..=4);
    copies.runtime.block_on(db.close());
    fs::copy(copies.path("backup"), copies.path("drover.db")).unwrap();
    let db = copies.open("drover.db").unwrap();
    assert_eq!(doubt(copies.standing(&db)), Some(DoubtKind::Older));
}

#[test]
fn a_log_that_was_cut_off_and_a_file_that_is_empty_or_gone_are_told() {
    let copies = Copies::new();
    let db = copies.open("drover.db").unwrap();
    copies.standing_of_first(&db);
    copies.add(&db, 1..=20);
    // As a kill leaves them: what was committed last is in the log.
    for name in ["drover.db", "drover.db-wal"] {
        fs::copy(
            copies.path(name),
            copies.path(&name.replace("drover", "left")),
        )
        .unwrap();
    }
    let whole = copies.open("left.db").unwrap();
    assert_eq!(copies.standing(&whole), Standing::Same);
    copies.runtime.block_on(whole.close());

    for name in ["drover.db", "drover.db-wal"] {
        fs::copy(
            copies.path(name),
            copies.path(&name.replace("drover", "cut")),
        )
        .unwrap();
    }
    let log = fs::File::options()
        .write(true)
        .open(copies.path("cut.db-wal"))
        .unwrap();
    let length = log.metadata().unwrap().len();
    log.set_len(length * 3 / 4).unwrap();
    let cut = copies.open("cut.db").unwrap();
    assert_eq!(doubt(copies.standing(&cut)), Some(DoubtKind::Older));

    fs::write(copies.path("empty.db"), "").unwrap();
    for name in ["empty.db", "gone.db"] {
        let db = copies.open(name).unwrap();
        assert_eq!(
            doubt(copies.standing(&db)),
            Some(DoubtKind::Empty),
            "{name}"
        );
    }
}

impl Copies {
    fn standing_of_first(&self, db: &Db) {
        let mark = self.state.mark();
        let standing = machine_store::generation::resume(db, &mark, false);
        assert_eq!(self.runtime.block_on(standing).unwrap(), Standing::First);
    }
}

#[test]
fn a_broken_page_is_refused_and_left_alone() {
    let copies = Copies::new();
    let db = copies.open("drover.db").unwrap();
    copies.add(&db, 1..=20);
    copies.runtime.block_on(db.close());
    // What a free page holds is nobody's: its damage is none.
    let file = rusqlite::Connection::open(copies.path("drover.db")).unwrap();
    file.execute_batch("VACUUM").unwrap();
    drop(file);
    let whole = fs::read(copies.path("drover.db")).unwrap();
    let size = usize::from(u16::from_be_bytes([whole[16], whole[17]]));
    let pages = whole.len() / size;
    let mut refused = 0;
    for page in 1..pages {
        let mut broken = whole.clone();
        // The kind of the page and the number of its cells (`sqlite.org/fileformat2.html` 1.6).
        for byte in &mut broken[page * size..page * size + 5] {
            *byte ^= 0xff;
        }
        fs::write(copies.path("broken.db"), &broken).unwrap();
        match copies.open("broken.db") {
            Ok(db) => copies.runtime.block_on(db.close()),
            Err(error) => {
                let text = error.to_string();
                let is_damage = matches!(
                    error,
                    StoreError::Damaged { .. } | StoreError::NotADatabase { .. }
                );
                assert!(is_damage, "{error:?}");
                assert_eq!(text.lines().count(), 1, "{text}");
                assert!(text.contains("restore the newest backup"), "{text}");
                assert!(text.contains("drover database confirm"), "{text}");
                assert_eq!(fs::read(copies.path("broken.db")).unwrap(), broken);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, pages - 1, "of {pages} pages");
}

/// The database of a child of these tests; not set in the tests themselves.
const CHILD: &str = "DROVER_TEST_SYNC_DATABASE";

/// What the child does: commits leases, again and again, until it is told that nobody may go on.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    Runtime::new().unwrap().block_on(async {
        let db = Db::open(&Location::SqliteFile(Path::new(&path).to_owned()))
            .await
            .unwrap();
        let (commits, _) = Committer::spawn(db.clone());
        let work = async {
            for number in 0..1000 {
                if let Err(error) = commits.submit(lease(number)).await {
                    assert!(matches!(error, StoreError::NotSynced { .. }), "{error:?}");
                    return db.broken().await;
                }
            }
            panic!("every sync failed, and every lease was acknowledged");
        };
        let broken = tokio::select! {
            broken = db.broken() => broken,
            broken = work => broken,
        };
        println!("BROKEN {broken}");
    });
}

/// Runs the child with a disk on which syncs fail after a while; what it says. The database is made
/// before, so that it is no step of its schema that fails, however many there are.
fn on_a_bad_disk(path: &Path, which: &[&str]) -> String {
    Runtime::new().unwrap().block_on(async {
        let db = Db::open(&Location::SqliteFile(path.to_owned()))
            .await
            .unwrap();
        db.close().await;
    });
    let fault = "inject=fdatasync,fsync:error=EIO:when=30+";
    let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", fault];
    let this = std::env::current_exe().unwrap();
    let words = strace.iter().chain(which).map(OsString::from);
    let mut words = words.chain([this.into()]);
    let output = Command::new(words.next().unwrap())
        .args(words)
        .args([
            "--exact",
            "copies::child",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CHILD, path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn after_a_sync_that_failed_nobody_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let said = on_a_bad_disk(&path, &[]);
    assert!(said.contains("BROKEN wanted to sync"), "{said}");
}

/// The log can be synced, the file that it is brought into can't.
#[test]
fn after_a_checkpoint_that_was_not_synced_nobody_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let fault = "inject=fdatasync,fsync:error=EIO";
    let which = ["-e", fault, "-P", path.to_str().unwrap()];
    let said = on_a_bad_disk(&path, &which);
    assert!(said.contains("BROKEN wanted to sync"), "{said}");
}
