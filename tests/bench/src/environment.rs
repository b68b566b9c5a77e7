//! On what was measured: the machine, and the versions of Drover and its peers.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::available_parallelism;

use nix::sys::statfs::{self, FsType, statfs};

use crate::error::BenchError;
use crate::site::output;

/// The lines above the figures: what to type to have them again, and where they came from.
pub(crate) fn lines(cases: &[String], rounds: u32, state: &Path) -> Result<String, BenchError> {
    let command = match cases {
        [] => "make bench".to_owned(),
        _ => format!("bench {}", cases.join(" ")),
    };
    let peers = output(Command::new("dpkg-query").args([
        "--show",
        "--showformat=${Package} ${Version}, ",
        "nginx-light",
        "kea-dhcp4-server",
        "dnsmasq-base",
    ]))?;
    let async_tftp = locked("async-tftp", LOCK).unwrap_or("?");
    let cores = available_parallelism().map_or(1, usize::from);
    Ok(format!(
        "`{command}`, {}, {rounds} rounds.\n\n\
         - machine: {}, {cores} cores; Linux {}; state on {}\n\
         - Drover: {}\n\
         - peers: {peers}async-tftp {async_tftp}\n\n",
        output(Command::new("date").args(["-u", "+%Y-%m-%d"]))?.trim(),
        processor(&read("/proc/cpuinfo")?).unwrap_or("a processor without a name"),
        read("/proc/sys/kernel/osrelease")?.trim(),
        file_system(state)?,
        drover(),
    ))
}

/// The version, and the commit if this is a checkout.
fn drover() -> String {
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR")]);
    git.args(["describe", "--always", "--dirty"]);
    let commit = output(&mut git).unwrap_or_else(|_| "no checkout".to_owned());
    format!("{} ({})", env!("CARGO_PKG_VERSION"), commit.trim())
}

fn read(path: &str) -> Result<String, BenchError> {
    fs::read_to_string(path).map_err(BenchError::system(format!("read {path}")))
}

/// The model's name, of the first core.
fn processor(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim())
}

/// The version of a package in Cargo's lock file.
fn locked<'a>(package: &str, lock: &'a str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0)
}

/// What a directory lies on; on a tmpfs a sync costs nothing.
fn file_system(path: &Path) -> Result<String, BenchError> {
    let kind = statfs(path)
        .map_err(|errno| BenchError::system(format!("look at {}", path.display()))(errno.into()))?
        .filesystem_type();
    let known = KINDS.iter().find(|(known, _)| *known == kind);
    Ok(known.map_or_else(
        || format!("a file system of type {:#x}", kind.0),
        |(_, name)| (*name).to_owned(),
    ))
}

const KINDS: [(FsType, &str); 5] = [
    (statfs::EXT4_SUPER_MAGIC, "ext4"),
    (statfs::XFS_SUPER_MAGIC, "XFS"),
    (statfs::BTRFS_SUPER_MAGIC, "Btrfs"),
    (statfs::OVERLAYFS_SUPER_MAGIC, "overlayfs"),
    (statfs::TMPFS_MAGIC, "tmpfs, where a sync costs nothing"),
];

const LOCK: &str = include_str!("../../../Cargo.lock");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_their_files() {
        let text = "processor\t: 0\nmodel name\t: A: B @ 2 GHz\nprocessor\t: 1\n";
        assert_eq!(processor(text), Some("A: B @ 2 GHz"));
        let lock = "[[package]]\nname = \"one\"\nversion = \"1.2.3\"\n";
        assert_eq!(locked("one", lock), Some("1.2.3"));
        assert_eq!(locked("two", lock), None);
        assert!(locked("async-tftp", LOCK).is_some());
    }

    #[test]
    fn this_machine_has_what_is_told_of_it() {
        assert!(!file_system(&std::env::temp_dir()).unwrap().is_empty());
        assert!(drover().starts_with(env!("CARGO_PKG_VERSION")));
    }
}
