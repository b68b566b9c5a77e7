//! Processes by identity: a pid alone may have been given to another since.
//!
//! The start time (proc(5), `/proc/pid/stat` field 22, in ticks since boot) makes it unique.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::error::LabError;

/// One process, and no later one with the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pid: u32,
    started: u64,
}

impl ProcessIdentity {
    /// This process.
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }

    /// The process that has `pid` now, unless it is a zombie.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command may hold spaces and parentheses; the fields after its last `)` do not.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut fields = fields.split_ascii_whitespace();
        let state = fields.next()?;
        let started = fields.nth(18)?.parse().ok()?;
        (!matches!(state, "Z" | "X")).then_some(Self { pid, started })
    }

    /// Its pid.
    pub const fn pid(self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub fn is_alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends it a signal; whether there was one to send it to.
    pub fn signal(self, signal: Signal) -> bool {
        let Ok(pid) = i32::try_from(self.pid) else {
            return false;
        };
        self.is_alive() && kill(Pid::from_raw(pid), signal).is_ok()
    }

    /// Waits until it is gone. It is not our child, so the kernel tells us only when we look.
    pub fn wait_gone(self, within: Duration) -> Result<(), LabError> {
        let deadline = Instant::now() + within;
        while self.is_alive() {
            if Instant::now() > deadline {
                return Err(LabError::Late {
                    wanted: "end of the process".to_owned(),
                    within,
                    last: format!("pid {} still runs", self.pid),
                });
            }
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// The processes whose main thread is in the network namespace that `path` names.
pub fn processes_in(path: &Path) -> Vec<ProcessIdentity> {
    let Some(namespace) = inode(path) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid: &u32| inode(&PathBuf::from(format!("/proc/{pid}/ns/net"))) == Some(namespace))
        .filter_map(ProcessIdentity::of)
        .collect()
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

const LOOK_EVERY: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_is_known_until_it_ends() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let it = ProcessIdentity::of(child.id()).unwrap();
        assert!(it.is_alive());
        assert!(it.signal(Signal::SIGKILL));
        // A zombie, until it is waited for, is not alive.
        it.wait_gone(Duration::from_secs(10)).unwrap();
        child.wait().unwrap();
        assert!(!it.signal(Signal::SIGKILL));
    }

    #[test]
    fn another_with_the_same_pid_is_another() {
        let own = ProcessIdentity::own().unwrap();
        let other = ProcessIdentity {
            started: own.started + 1,
            ..own
        };
        assert!(own.is_alive() && !other.is_alive());
    }

    #[test]
    fn we_are_in_our_own_namespace() {
        let own = ProcessIdentity::own().unwrap();
        assert!(processes_in(Path::new("/proc/self/ns/net")).contains(&own));
    }
}
