//! Pinning: a server and its one client on a core each, the same two for everybody.
//!
//! Left alone, the scheduler puts a lone pair on one core or on two as it happens, and throughput
//! differs by half between the two.

use std::fs;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use testbed::program::Program;

use crate::error::BenchError;
use crate::usage::family;

/// A server that stays on one core until this goes.
#[derive(Debug)]
pub(crate) struct Pinned {
    processes: Vec<Pid>,
    before: CpuSet,
}

impl Pinned {
    /// Pins a server to the last of our cores; nothing if there is only one.
    pub(crate) fn server(program: &Program) -> Result<Option<Self>, BenchError> {
        Self::processes(family(program)?)
    }

    fn processes(processes: Vec<Pid>) -> Result<Option<Self>, BenchError> {
        let own = Pid::from_raw(0);
        let before = sched_getaffinity(own).map_err(|errno| system("read the affinity", errno))?;
        let (Some(first), Some(last)) = (cores(&before).next(), cores(&before).last()) else {
            return Ok(None);
        };
        if first == last {
            return Ok(None);
        }
        let pinned = Self { processes, before };
        pinned.set(&only(last)?)?;
        Ok(Some(pinned))
    }

    /// Pins the thread that calls, and those that it will start, to the first of the cores.
    pub(crate) fn pin_client(&self) -> Result<(), BenchError> {
        let Some(first) = cores(&self.before).next() else {
            return Ok(());
        };
        sched_setaffinity(Pid::from_raw(0), &only(first)?)
            .map_err(|errno| system("pin the client", errno))
    }

    /// Every thread that is there now: a new one inherits from the one that starts it.
    fn set(&self, set: &CpuSet) -> Result<(), BenchError> {
        for process in &self.processes {
            let path = format!("/proc/{process}/task");
            let threads =
                fs::read_dir(&path).map_err(BenchError::system(format!("list {path}")))?;
            for thread in threads.filter_map(Result::ok) {
                let number = thread.file_name().to_str().and_then(|it| it.parse().ok());
                // One that ended meanwhile needs no core.
                let _ended = number.map(|it| sched_setaffinity(Pid::from_raw(it), set));
            }
        }
        Ok(())
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        let _ = self.set(&self.before);
    }
}

fn cores(set: &CpuSet) -> impl Iterator<Item = usize> {
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false))
}

fn only(core: usize) -> Result<CpuSet, BenchError> {
    let mut set = CpuSet::new();
    set.set(core)
        .map_err(|errno| system("name a core", errno))?;
    Ok(set)
}

fn system(doing: &str, errno: nix::Error) -> BenchError {
    BenchError::system(doing)(errno.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_server_is_on_another_core_than_its_client_until_it_is_let_go() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let server = Pid::from_raw(i32::try_from(child.id()).unwrap());
        let on = |pid| cores(&sched_getaffinity(pid).unwrap()).collect::<Vec<_>>();
        let all = on(server);
        let pinned = Pinned::processes(vec![server]).unwrap();
        if let Some(pinned) = &pinned {
            pinned.pin_client().unwrap();
            let this_thread = on(Pid::from_raw(0));
            assert_eq!((on(server).len(), this_thread.len()), (1, 1));
            assert_ne!(on(server), this_thread);
        }
        drop(pinned);
        assert_eq!(on(server), all);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
