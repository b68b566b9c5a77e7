//! kill -9 in the middle of commits: what was acknowledged is in the file, and was synced before.

use std::ffi::OsString;
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
/// How many tasks commit at once in the child, and how many leases in all.
const TASKS: &str = "DROVER_TEST_CRASH_TASKS";
const LEASES: &str = "DROVER_TEST_CRASH_LEASES";

/// This program again, as the child.
fn child_of(wrapper: &[&str], path: &Path, (tasks, leases): (u32, u32)) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = wrapper.iter().map(OsString::from).chain([this.into()]);
    let mut command = Command::new(words.next().unwrap());
    command
        .args(words)
        .args(["--exact", "crash::child", "--nocapture", "--test-threads=1"])
        .env(CHILD, path)
        .env(TASKS, tasks.to_string())
        .env(LEASES, leases.to_string())
        .stdout(Stdio::piped());
    command
}

fn number(name: &str) -> u32 {
    std::env::var(name).unwrap().parse().unwrap()
}

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
        let (tasks, leases) = (number(TASKS), number(LEASES));
        for client in 0..tasks {
            let commits = commits.clone();
            clients.spawn(async move {
                for number in (client..leases).step_by(usize::try_from(tasks).unwrap()) {
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
        let mut child = child_of(&[], &path, (16, 60_000))
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

#[test]
fn every_acknowledgement_follows_a_sync() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let watched = "trace=fdatasync,fsync,write";
    let strace = [
        "strace",
        "-f",
        "-qq",
        "-e",
        watched,
        "-o",
        trace.to_str().unwrap(),
    ];
    let path = directory.path().join("drover.db");
    let output = child_of(&strace, &path, (1, 20)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let trace = std::fs::read_to_string(trace).unwrap();
    let mut synced = false;
    let mut acknowledged = 0;
    for line in trace.lines() {
        if line.contains("sync") && line.ends_with("= 0") {
            synced = true;
        } else if line.contains("write(1, \"ACK ") {
            assert!(std::mem::take(&mut synced), "without a sync before: {line}");
            acknowledged += 1;
        }
    }
    assert_eq!(acknowledged, 20);
}
