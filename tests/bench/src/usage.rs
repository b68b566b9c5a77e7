//! What a server takes of the machine: processor time and resident memory, its children included
//! (`proc_pid_stat(5)`).

use std::fs;
use std::time::Duration;

use nix::unistd::{SysconfVar, sysconf};
use testbed::program::Program;

use crate::error::BenchError;

/// What a process and its children have taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Usage {
    /// Processor time, user and system.
    pub(crate) cpu: Duration,
    /// Resident bytes.
    pub(crate) resident: u64,
}

/// One line of `/proc/*/stat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    ticks: u64,
    pages: u64,
}

impl Usage {
    /// Of a running program.
    pub(crate) fn of(program: &Program) -> Result<Self, BenchError> {
        let pid = program.pid().ok_or_else(|| BenchError::Unexpected {
            who: program.name().to_owned(),
            wanted: "a running program",
            got: "one that has ended".to_owned(),
        })?;
        let processes = fs::read_dir("/proc").map_err(BenchError::system("list processes"))?;
        let all = processes.filter_map(|entry| {
            let number: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            let line = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
            Some((number, Stat::parse(&line)?))
        });
        let (mut ticks, mut pages) = (0, 0);
        for (number, stat) in all {
            if number == pid || stat.parent == pid {
                ticks += stat.ticks;
                pages += stat.pages;
            }
        }
        let (hertz, page) = (system(SysconfVar::CLK_TCK)?, system(SysconfVar::PAGE_SIZE)?);
        Ok(Self {
            cpu: Duration::from_millis(ticks * 1000 / hertz),
            resident: pages * page,
        })
    }
}

impl Usage {
    /// Resident memory in MiB.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the memory of a process is exact in 52 bits"
    )]
    pub(crate) fn mebibytes(self) -> f64 {
        self.resident as f64 / f64::from(1 << 20)
    }
}

impl Stat {
    /// The command's name may hold anything, so fields are counted from its end: state is the first.
    fn parse(line: &str) -> Option<Self> {
        let (_, fields) = line.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            ticks: number(11)? + number(12)?,
            pages: number(21)?,
        })
    }
}

fn system(variable: SysconfVar) -> Result<u64, BenchError> {
    let value = sysconf(variable).ok().flatten();
    value
        .and_then(|value| u64::try_from(value).ok())
        .filter(|value| *value > 0)
        .ok_or_else(|| BenchError::Unexpected {
            who: "sysconf".to_owned(),
            wanted: "a number",
            got: format!("{value:?}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_spaces_and_brackets() {
        let line =
            "42 (a) b (c) S 7 42 42 0 -1 4194560 1 2 3 4 50 60 0 0 20 0 1 0 99 1000 321 1844";
        let wanted = Stat {
            parent: 7,
            ticks: 110,
            pages: 321,
        };
        assert_eq!(Stat::parse(line), Some(wanted));
        assert_eq!(Stat::parse("42 (cut) S 7"), None);
    }
}
