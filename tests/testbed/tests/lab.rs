//! The lab comes and goes, however its owner ends.
//!
//! Needs root and the packages of `scripts/install-packages test`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test fails by panicking, also in the functions that its cases share"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use testbed::lab::Lab;
use testbed::machine::Machine;
use testbed::namespace::Namespace;
use testbed::process::ProcessIdentity;
use testbed::reaper::{LabRecord, remove_stale, wait_reaped};
use testbed::requirement::built;
use tokio::runtime::Handle;

/// Only so that a test that hangs ends.
const LONG: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_finished_lab_leaves_nothing_behind() {
    let lab = Lab::up("comes-and-goes").unwrap();
    let client = lab.add_client("client", None).unwrap();
    let mut command = client.command("sleep");
    command.arg("600");
    let mut sleeper = lab.start("sleeper", command).unwrap();
    let process = ProcessIdentity::of(sleeper.pid().unwrap()).unwrap();
    let namespaces = [lab.server().clone(), lab.switch().clone(), client];
    assert!(namespaces.iter().all(Namespace::exists));
    let (folder, artefacts) = (
        lab.folder().to_owned(),
        lab.artefacts().directory().to_owned(),
    );
    lab.finish();
    assert!(!namespaces.iter().any(Namespace::exists));
    assert!(!folder.exists());
    assert_eq!(artefacts.exists(), std::env::var_os("KEEP").is_some());
    sleeper.wait(LONG).await.unwrap();
    assert!(!process.is_alive());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_did_not_pass_keeps_its_artefacts() {
    let lab = Lab::up("fails").unwrap();
    lab.artefacts().write("events.json", "[]").unwrap();
    let (folder, artefacts) = (
        lab.folder().to_owned(),
        lab.artefacts().directory().to_owned(),
    );
    drop(lab);
    assert!(!folder.exists());
    assert_eq!(fs::read(artefacts.join("events.json")).unwrap(), b"[]");
    fs::remove_dir_all(artefacts).unwrap();
}

/// A program that were outside for a moment could outlive the lab.
#[tokio::test(flavor = "multi_thread")]
async fn a_program_is_the_labs_from_its_birth() {
    let lab = Lab::up("births").unwrap();
    let mut command = Command::new("sleep");
    command.arg("600");
    let mut sleeper = lab.start("sleeper", command).unwrap();
    lab.finish();
    let status = sleeper.wait(LONG).await.unwrap();
    assert_eq!(status.signal(), Some(Signal::SIGKILL as i32));
}

#[test]
fn the_reaper_takes_down_the_lab_of_a_killed_owner() {
    let mut owner = Owner::start("owner_that_is_killed");
    owner.kill();
    wait_reaped(&owner.folder).unwrap();
    owner.assert_gone();
}

#[test]
fn a_lab_whose_reaper_was_killed_too_is_removed_by_the_next() {
    let mut owner = Owner::start("owner_that_is_killed");
    let reaper = owner.reaper();
    reaper.signal(Signal::SIGKILL);
    owner.kill();
    reaper.wait_gone(LONG).unwrap();
    remove_stale().unwrap();
    // Another test's lab may have been quicker, and still be at it.
    wait_reaped(&owner.folder).unwrap();
    owner.assert_gone();
}

/// Who looks must leave nothing in a folder that goes: it would stay.
#[tokio::test(flavor = "multi_thread")]
async fn labs_go_while_others_look_for_left_overs() {
    let runtime = Handle::current();
    std::thread::scope(|scope| {
        let labs = scope.spawn(|| {
            let _inside = runtime.enter();
            for _ in 0..10 {
                let lab = Lab::up("looked-at").unwrap();
                let folder = lab.folder().to_owned();
                lab.finish();
                assert!(!folder.exists(), "{} stayed", folder.display());
            }
        });
        while !labs.is_finished() {
            remove_stale().unwrap();
        }
    });
}

/// Whoever ends a run that hangs sends its signals to all that belongs to it.
#[test]
fn a_reaper_that_is_told_to_end_cleans_up_and_says_where_the_artefacts_are() {
    let mut owner = Owner::start("owner_of_a_program");
    owner.reaper().signal(Signal::SIGTERM);
    owner.kill();
    wait_reaped(&owner.folder).unwrap();
    let mut said = String::new();
    let mut stderr = owner.process.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    let artefacts = owner.record.artefacts.display().to_string();
    assert!(said.contains(&artefacts), "{said}");
    owner.assert_gone();
}

#[test]
#[ignore = "the process that the test above starts and kills"]
fn owner_of_a_program() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lab = Lab::up("orphaned-program").unwrap();
        let mut command = lab.server().command("sleep");
        command.arg("600");
        let sleeper = lab.start("sleeper", command).unwrap();
        println!(
            "\nlab {} {}",
            lab.folder().display(),
            sleeper.pid().unwrap()
        );
        std::future::pending::<()>().await;
    });
}

#[test]
#[ignore = "the process that the tests above start and kill"]
fn owner_that_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let _lab = lab_with_a_running_machine();
        std::future::pending::<()>().await;
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_router_answers_those_who_look_for_one() {
    let lab = Lab::up("router").unwrap();
    let mut listen = lab.server().command("tcpdump");
    // ICMPv6 type 134: router advertisement.
    listen.args([
        "-i",
        "eth0",
        "-n",
        "-c",
        "1",
        "-l",
        "icmp6 and ip6[40] == 134",
    ]);
    let mut listener = lab.start("advertisement", listen).unwrap();
    listener
        .wait_ready("advertisement", LONG, |line| {
            line.contains("router advertisement")
        })
        .await
        .unwrap();
    lab.finish();
}

#[test]
fn a_lab_that_is_left_running_runs_until_it_is_taken_down() {
    let mut owner = Owner::start("owner_that_leaves_its_lab");
    assert!(owner.process.wait().unwrap().success());
    remove_stale().unwrap();
    assert!(owner.inmate.is_alive());
    let status = Command::new(built("testbed-reaper", "testbed").unwrap())
        .arg(&owner.folder)
        .stdin(Stdio::null())
        .status();
    assert!(status.unwrap().success());
    owner.assert_gone();
}

#[test]
#[ignore = "the process that the test above starts"]
fn owner_that_leaves_its_lab() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lab = lab_with_a_running_machine();
        println!("{}", lab.leave_running().unwrap());
    });
}

/// Says on a line of its own where it is and which process is the machine.
fn lab_with_a_running_machine() -> Lab {
    let lab = Lab::up("orphaned").unwrap();
    let machine = Machine::bios("orphan").bmc("admin", "secret");
    let machine = lab.rack(machine).unwrap();
    machine.power_on().unwrap();
    let pid = fs::read_to_string(machine.chassis().pid_file()).unwrap();
    println!("\nlab {} {pid}", lab.folder().display());
    lab
}

/// A process that owns a lab with something that runs in it, until it is killed.
struct Owner {
    process: std::process::Child,
    folder: PathBuf,
    record: LabRecord,
    inmate: ProcessIdentity,
}

impl Owner {
    fn start(test: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut lines = lines.map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("lab ")).unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        // It goes on printing, and must not fail at that.
        std::thread::spawn(move || lines.for_each(drop));
        let folder = PathBuf::from(words[1]);
        Self {
            process,
            record: LabRecord::load(&folder).unwrap(),
            folder,
            inmate: ProcessIdentity::of(words[2].parse().unwrap()).unwrap(),
        }
    }

    fn reaper(&self) -> ProcessIdentity {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process.id())).unwrap();
        let children = threads
            .map(|thread| thread.unwrap().path().join("children"))
            .flat_map(|path| {
                let pids = fs::read_to_string(path).unwrap_or_default();
                let pids = pids.split_whitespace().map(|pid| pid.parse().unwrap());
                pids.collect::<Vec<u32>>()
            });
        let is_reaper = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains("testbed-reaper")
        };
        let mut reapers = children.filter(is_reaper);
        ProcessIdentity::of(reapers.next().unwrap()).unwrap()
    }

    fn kill(&mut self) {
        assert!(self.inmate.is_alive());
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn assert_gone(&self) {
        assert!(!self.folder.exists());
        assert!(!self.inmate.is_alive());
        let names = fs::read_dir("/run/netns").unwrap();
        let left = names.filter(|it| {
            let name = it.as_ref().unwrap().file_name();
            name.to_str().unwrap().starts_with(&self.record.prefix())
        });
        assert_eq!(left.count(), 0);
        assert!(self.record.artefacts.join("reaper.log").exists());
        fs::remove_dir_all(&self.record.artefacts).unwrap();
    }
}
