//! kill -9 in the middle of commits: what was acknowledged is in the file.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use machine_core::network::{Lease, SubnetName};
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::leases::{self, LeaseOutcome};
use machine_store::location::Location;

use crate::fixtures::lease;

/// The database of a child of these tests; not set in the tests themselves.
const CHILD: &str = "DROVER_TEST_CRASH_DATABASE";

async fn open(path: &Path) -> Db {
    Db::open(&Location::SqliteFile(path.to_owned()))
        .await
        .unwrap()
}

/// What the child does: commits leases from many tasks and prints the number of each when it has
/// been acknowledged, until it is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (commits, _) = Committer::spawn(open(Path::new(&path)).await);
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..16_u32 {
            let commits = commits.clone();
            clients.spawn(async move {
                for number in (client..60_000).step_by(16) {
                    let outcome = commits.submit(lease(number)).await.unwrap();
                    assert_eq!(outcome, LeaseOutcome::Committed);
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "ACK {number}").unwrap();
                    out.flush().unwrap();
                }
            });
        }
        clients.join_all().await;
    });
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("drover.db");
    let mut acknowledged: Vec<u32> = Vec::new();
    for round in 1..=3_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut count = 0;
        for line in lines.map_while(Result::ok) {
            if let Some((_, number)) = line.split_once("ACK ") {
                acknowledged.push(number.parse().unwrap());
                count += 1;
            }
            if count == 150 * round {
                // SIGKILL; what it has printed before is read to the end.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(
            count >= 150 * round,
            "the child ended by itself after {count}"
        );
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stored: Vec<Lease> = runtime.block_on(async {
        let db = open(&path).await;
        leases::of_subnet(&db, &SubnetName::new("lab"))
            .await
            .unwrap()
    });
    for number in acknowledged {
        assert!(
            stored.contains(&lease(number)),
            "{number} was acknowledged, and is gone"
        );
    }
}
