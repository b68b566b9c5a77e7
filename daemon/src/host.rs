//! The host that the daemon runs on: the lock on its state directory, and why it can't work on it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use machine_core::network::{Network, SubnetName};
use machine_store::exclusive::Holder;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};
use thiserror::Error;

use crate::clock::now;

/// Why the daemon can't work on this host.
#[derive(Debug, Error)]
pub enum HostError {
    /// An interface of the settings is not there.
    #[error("{place}: there is no interface {interface:?} with an IPv4 address; there are {there}")]
    NoInterface {
        /// Where the settings name it.
        place: String,
        /// Which.
        interface: String,
        /// Those that are there.
        there: String,
    },
    /// The interfaces can't be listed.
    #[error("the system does not list its interfaces")]
    Unlisted(#[source] nix::Error),
    /// An address of the settings does not belong to the interface's network.
    #[error("{place}: {what} is not in {network}, {whose}")]
    NotInNetwork {
        /// Where the settings name it.
        place: String,
        /// Which.
        what: String,
        /// The network that it should be in.
        network: Network,
        /// Whose that is.
        whose: String,
    },
    /// A network of the settings is none of its interface's.
    #[error(
        "{place}: the interface {interface} has no address in {network}, only in {there}: give it one; \
         or, if machines reach Drover through relays, name those in `relays`"
    )]
    NotOnLink {
        /// Where the settings name it.
        place: String,
        /// The network.
        network: Network,
        /// The interface.
        interface: String,
        /// The networks that the interface is in.
        there: String,
    },
    /// A subnet that is said to be behind relays is on the link.
    #[error(
        "{place}: the interface {interface} has an address in {network}, so machines there need no \
         relay: leave `relays` out"
    )]
    OnTheLink {
        /// Where the settings name it.
        place: String,
        /// The network.
        network: Network,
        /// The interface.
        interface: String,
    },
    /// Two subnets share addresses.
    #[error("{place}: the network {network} overlaps {other}, that of subnet {subnet}")]
    Overlap {
        /// Where the settings name it.
        place: String,
        /// Its network.
        network: Network,
        /// The subnet before it.
        subnet: SubnetName,
        /// The network of that one.
        other: Network,
    },
    /// The disk of the state directory is full.
    #[error(
        "the disk of the state directory {path} is full: wanted at least {wanted} MiB, got {free} MiB; \
         free some, or put the directory on another disk"
    )]
    DiskFull {
        /// Which.
        path: PathBuf,
        /// How many MiB a start takes.
        wanted: u64,
        /// How many MiB are free.
        free: u64,
    },
    /// The state directory can't be used.
    #[error("can't use the state directory {path}")]
    StateDirectory {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another instance uses the state directory.
    #[error(
        "another drover works on the state directory {path} ({holder}): end it first, or use another \
         directory"
    )]
    StateDirectoryBusy {
        /// Which.
        path: PathBuf,
        /// Which daemon, where, since when.
        holder: String,
    },
}

/// This process, for whoever finds its locks.
pub fn this_process() -> Holder {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    Holder {
        host: host.trim().to_owned(),
        process: std::process::id(),
        since: now(),
    }
}

/// Holds the state directory: no other instance works on it as long as this lives.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    _lock: Flock<File>,
}

impl StateDirectory {
    /// Makes the directory if it is not there, and takes it for this holder.
    pub fn take(path: &Path, holder: &Holder) -> Result<Self, HostError> {
        let failed = |source| HostError::StateDirectory {
            path: path.to_owned(),
            source,
        };
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(failed)?;
        }
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed)?;
        let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock);
        let mut lock = lock.map_err(|(file, errno)| lock_failure(path, file, errno))?;
        // The lock counts; who holds it is for people only, and a full disk is told by what follows.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{holder}"));
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Only `EWOULDBLOCK` means that somebody has it (`flock(2)`).
fn lock_failure(path: &Path, mut file: impl Read, errno: Errno) -> HostError {
    let path = path.to_owned();
    match errno {
        Errno::EWOULDBLOCK => {
            let mut said = String::new();
            let _ = file.read_to_string(&mut said);
            let holder = match said.trim() {
                "" => "it does not say who it is".to_owned(),
                said => said.to_owned(),
            };
            HostError::StateDirectoryBusy { path, holder }
        }
        other => HostError::StateDirectory {
            path,
            source: other.into(),
        },
    }
}

/// MiB that a start takes at most without its images: the database with its log, which is a copy of
/// what was written last, and the key.
const START_MIB: u64 = 16;

/// Whether there is room on the disk of the state directory, or on that where it would be made.
pub fn has_room(path: &Path) -> Result<(), HostError> {
    let failed = |errno: Errno| HostError::StateDirectory {
        path: path.to_owned(),
        source: errno.into(),
    };
    let disk = statvfs(nearest(path)).map_err(failed)?;
    let free = disk.blocks_available().saturating_mul(disk.fragment_size()) >> 20;
    is_enough(path, free)
}

fn is_enough(path: &Path, free: u64) -> Result<(), HostError> {
    if free >= START_MIB {
        return Ok(());
    }
    Err(HostError::DiskFull {
        path: path.to_owned(),
        wanted: START_MIB,
        free,
    })
}

/// The directory itself, or the one in which it would be made.
fn nearest(path: &Path) -> &Path {
    let nearest = path.ancestors().find(|it| it.exists() && it.is_dir());
    nearest.unwrap_or_else(|| Path::new("."))
}

/// Whether another instance works on the state directory. Changes nothing: where there is none yet,
/// it looks whether one could be made.
pub fn is_held(path: &Path) -> Result<bool, HostError> {
    let failed = |source| HostError::StateDirectory {
        path: path.to_owned(),
        source,
    };
    let may = AccessFlags::W_OK | AccessFlags::X_OK;
    access(nearest(path), may).map_err(|errno| failed(errno.into()))?;
    if path.exists() && !path.is_dir() {
        return Err(failed(io::ErrorKind::NotADirectory.into()));
    }
    let file = match File::open(path.join("lock")) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed(error)),
    };
    let lock = Flock::lock(file, FlockArg::LockExclusiveNonblock);
    match lock.map_err(|(file, errno)| lock_failure(path, file, errno)) {
        Ok(_) => Ok(false),
        Err(HostError::StateDirectoryBusy { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_instance_is_kept_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state");
        let take = || StateDirectory::take(&path, &this_process());
        let first = take().unwrap();
        let error = take().unwrap_err();
        assert!(
            matches!(error, HostError::StateDirectoryBusy { .. }),
            "{error}"
        );
        let process = format!("process {}, since ", std::process::id());
        assert!(error.to_string().contains(&process), "{error}");
        assert!(is_held(&path).unwrap());
        drop(first);
        assert!(!is_held(&path).unwrap());
        take().unwrap();
    }

    #[test]
    fn only_a_lock_that_is_held_means_another_instance() {
        let path = Path::new("/srv/drover");
        let held = lock_failure(path, io::empty(), Errno::EWOULDBLOCK).to_string();
        assert!(held.starts_with("another drover"), "{held}");
        let other = fleet::error::chain(&lock_failure(path, io::empty(), Errno::ENOLCK));
        let wanted = "can't use the state directory /srv/drover: No locks available";
        assert!(other.starts_with(wanted), "{other}");
    }

    #[test]
    fn a_full_disk_of_the_state_directory_is_told_with_what_is_free() {
        let path = Path::new("/srv/drover");
        assert!(is_enough(path, START_MIB).is_ok());
        let told = is_enough(path, 3).unwrap_err().to_string();
        let wanted = "the disk of the state directory /srv/drover is full: wanted at least 16 MiB, got \
                      3 MiB";
        assert!(told.starts_with(wanted), "{told}");
    }

    #[test]
    fn a_look_at_a_state_directory_makes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_held(&directory.path().join("a/b")).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let error = fleet::error::chain(&is_held(&file).unwrap_err());
        assert!(error.contains("not a directory"), "{error}");
    }
}
