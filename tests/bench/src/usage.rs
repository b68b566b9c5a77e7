//! What a server takes of the machine, its children included: processor time, and memory when it is
//! idle.
//!
//! Processor time comes from the processes' own clocks (`clock_getcpuclockid(3)`): in nanoseconds,
//! and with the threads that have ended. `/proc/PID/stat` counts in ticks of 10 ms. Memory is
//! proportional (`Pss`, `proc_pid_smaps(5)`): pages that processes share are counted once.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;
use testbed::program::Program;
use tokio::time::sleep;

use crate::error::BenchError;

/// A program's process and its children.
pub(crate) fn family(program: &Program) -> Result<Vec<Pid>, BenchError> {
    let pid = program.pid().ok_or_else(|| BenchError::Unexpected {
        who: program.name().to_owned(),
        wanted: "a running program",
        got: "one that has ended".to_owned(),
    })?;
    family_of(pid)
}

fn family_of(pid: u32) -> Result<Vec<Pid>, BenchError> {
    let processes = fs::read_dir("/proc").map_err(BenchError::system("list processes"))?;
    let all = processes.filter_map(|entry| {
        let number: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        let is_of_it = number == pid || parent(&line) == Some(pid);
        is_of_it.then(|| i32::try_from(number).ok().map(Pid::from_raw))?
    });
    Ok(all.collect())
}

/// The processor time that a program has taken so far, user and system.
pub(crate) fn cpu(program: &Program) -> Result<Duration, BenchError> {
    Ok(cpu_of(&family(program)?))
}

/// One that ended meanwhile has no clock.
fn cpu_of(processes: &[Pid]) -> Duration {
    let clocks = processes.iter().filter_map(|pid| {
        let time = clock_getcpuclockid(*pid).and_then(ClockId::now);
        time.ok().map(Duration::from)
    });
    clocks.sum()
}

/// The memory of a program in MiB, once it has nothing to do.
pub(crate) async fn idle_mebibytes(program: &Program) -> Result<f64, BenchError> {
    let mut before = cpu(program)?;
    for _ in 0..PATIENCE {
        sleep(WHILE).await;
        let after = cpu(program)?;
        if after.saturating_sub(before) < IDLE {
            return mebibytes(&family(program)?);
        }
        before = after;
    }
    Err(BenchError::Unexpected {
        who: program.name().to_owned(),
        wanted: "a second in which it takes less than 10 ms of processor time",
        got: format!("none in {PATIENCE} s"),
    })
}

fn mebibytes(processes: &[Pid]) -> Result<f64, BenchError> {
    let mut kibibytes = 0.0;
    for pid in processes {
        let path = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&path).map_err(BenchError::system(format!("read {path}")))?;
        kibibytes += proportional(&text).ok_or(BenchError::Unexpected {
            who: path,
            wanted: "a line `Pss: … kB`",
            got: text,
        })?;
    }
    Ok(kibibytes / 1024.0)
}

/// `Pss` in KiB.
fn proportional(text: &str) -> Option<f64> {
    let mut sizes = text.lines().filter_map(|line| line.strip_prefix("Pss:"));
    sizes.next()?.split_ascii_whitespace().next()?.parse().ok()
}

/// The command's name may hold anything, so fields are counted from its end: state, then parent.
fn parent(line: &str) -> Option<u32> {
    let (_, fields) = line.rsplit_once(')')?;
    fields.split_ascii_whitespace().nth(1)?.parse().ok()
}

const WHILE: Duration = Duration::from_secs(1);
/// A server that only looks at the time now and then takes less in a second.
const IDLE: Duration = Duration::from_millis(10);
/// Seconds until it has to be idle.
const PATIENCE: u32 = 30;

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_name_may_hold_spaces_and_brackets() {
        let line =
            "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 1 0 99 1000 321 1844";
        assert_eq!(parent(line), Some(7));
        assert_eq!(parent("42 (cut"), None);
    }

    #[test]
    fn this_process_and_its_child_have_clocks_and_memory() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let processes = family_of(std::process::id()).unwrap();
        let number = |pid: u32| Pid::from_raw(i32::try_from(pid).unwrap());
        for pid in [std::process::id(), child.id()] {
            assert!(processes.contains(&number(pid)), "{pid} in {processes:?}");
        }
        let own = [Pid::this()];
        let before = cpu_of(&own);
        assert!(before > Duration::ZERO && cpu_of(&own) > before);
        assert!(mebibytes(&own).unwrap() > 0.0);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(cpu_of(&[number(child.id())]), Duration::ZERO);
    }

    #[test]
    fn memory_is_proportional() {
        let text = "5590-7ffd ---p 00000000 00:00 0 [rollup]\nRss:            2048 kB\n\
             Pss:            1536 kB\nPss_Dirty:       100 kB\n";
        assert_eq!(proportional(text).map(|it| it / 1024.0), Some(1.5));
        assert_eq!(proportional("Rss: 1 kB"), None);
    }
}
