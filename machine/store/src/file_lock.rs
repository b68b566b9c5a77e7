//! The lock on a SQLite database: on the file itself, so that whatever name leads to it meets the
//! lock, and on a file beside it that says who holds it.
//!
//! Both are locks of `flock(2)`, gone with the process. SQLite locks by `fcntl(2)`; on a local file
//! system the two kinds don't meet. But whoever closes *any* descriptor of a file drops all `fcntl`
//! locks that its process has on it. So the descriptor here is opened before SQLite opens the file,
//! and closed after SQLite has closed it; nobody else in the process opens the database.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::db::opening::create_file;
use crate::error::StoreError;
use crate::lineage_error::LineageError;

/// Both locks, for as long as this lives.
#[derive(Debug)]
pub(crate) struct FileLock {
    _beside: File,
    /// None of what is no file: SQLite refuses that itself.
    _database: Option<File>,
}

impl FileLock {
    /// Takes both for this holder; the error names who has them. A missing database is made, since nothing else
    /// could be locked.
    pub(crate) fn take(
        database: &Path,
        holder: &str,
        place: &Arc<str>,
    ) -> Result<Self, StoreError> {
        // A symbolic link and its target have one lock beside them.
        let database = fs::canonicalize(database).unwrap_or_else(|_| database.to_owned());
        let path = PathBuf::from(format!("{}.lock", database.display()));
        let failed = |source| unlockable(&path, source);
        let mut beside = open_beside(&path, &database)?;
        if !is_ours(&beside).map_err(failed)? {
            let mut said = String::new();
            let _ = beside.read_to_string(&mut said);
            return Err(held(place, said.trim().to_owned()));
        }
        let locked = lock_database(&database, place)?;
        let told = beside
            .set_len(0)
            .and_then(|()| writeln!(beside, "{holder}"));
        told.map_err(failed)?;
        Ok(Self {
            _beside: beside,
            _database: locked,
        })
    }
}

fn open_beside(path: &Path, database: &Path) -> Result<File, StoreError> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => StoreError::NoDirectory {
            path: database.to_owned(),
        },
        _ => unlockable(path, error),
    })
}

/// Locks the file itself. It may have one name only: each name has a write-ahead log of its own, and
/// a log that is missed damages the database (sqlite.org/howtocorrupt.html, "Multiple links to the
/// same file").
fn lock_database(path: &Path, place: &Arc<str>) -> Result<Option<File>, StoreError> {
    create_file(path, place)?;
    let failed = |source| unlockable(path, source);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Ok(None);
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !is_ours(&file).map_err(failed)? {
        let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
        let owner = flock_owner(&locks, metadata.dev(), metadata.ino());
        return Err(held(place, owner.map_or_else(unseen, process)));
    }
    match metadata.nlink() {
        0 | 1 => Ok(Some(file)),
        names => Err(LineageError::Linked {
            path: path.to_owned(),
            names,
        }
        .into()),
    }
}

/// Whether nobody else has the lock.
fn is_ours(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The process that holds a lock of `flock(2)` on a file, by the lines of `/proc/locks` (proc(5)):
/// `1: FLOCK  ADVISORY  WRITE 708 00:13:6483 0 EOF`. Some file systems show another device there
/// than `stat(2)` (btrfs): then the number of the inode has to be enough, if only one lock has it.
fn flock_owner(locks: &str, device: u64, inode: u64) -> Option<u32> {
    let (major, minor) = device_numbers(device);
    let exact = format!("{major:02x}:{minor:02x}:{inode}");
    let of_inode = format!(":{inode}");
    let held: Vec<(&str, u32)> = locks.lines().filter_map(flock_of).collect();
    let mut likely = held.iter().filter(|(id, _)| id.ends_with(&of_inode));
    let is_it = held.iter().find(|(id, _)| *id == exact);
    let only = likely.next().filter(|_| likely.next().is_none());
    is_it.or(only).map(|(_, process)| *process)
}

fn flock_of(line: &str) -> Option<(&str, u32)> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let is_flock = fields.next()? == "FLOCK";
    let process = fields.nth(2)?.parse().ok()?;
    let id = fields.next()?;
    is_flock.then_some((id, process))
}

/// Major and minor number of a device (`gnu_dev_major` and `gnu_dev_minor` of glibc's
/// `sys/sysmacros.h`).
const fn device_numbers(device: u64) -> (u64, u64) {
    let major = (device >> 8) & 0xfff | (device >> 32) & !0xfff;
    let minor = device & 0xff | (device >> 12) & !0xff;
    (major, minor)
}

fn process(process: u32) -> String {
    format!("process {process} of this host, by another name of the same file")
}

fn unseen() -> String {
    "a process that can't be seen from here, by another name of the same file".to_owned()
}

fn held(place: &Arc<str>, holder: String) -> StoreError {
    let place = Arc::clone(place);
    LineageError::Held { place, holder }.into()
}

fn unlockable(path: &Path, source: io::Error) -> StoreError {
    LineageError::Lock {
        path: path.to_owned(),
        source: Arc::new(source),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCKS: &str = "\
1: FLOCK  ADVISORY  WRITE 708 00:13:6483 0 EOF
2: POSIX  ADVISORY  READ 909 fe:01:77 128 128
3: FLOCK  ADVISORY  WRITE 41 fe:01:77 0 EOF
3: -> FLOCK  ADVISORY  WRITE 42 fe:01:77 0 EOF
4: FLOCK  ADVISORY  WRITE 43 00:2a:77 0 EOF
";

    #[test]
    fn the_owner_of_a_lock_is_found_by_device_and_inode() {
        let device = |major: u64, minor: u64| major << 8 | minor;
        for (at, inode, owner) in [
            (device(0xfe, 1), 77, Some(41)),
            (device(0, 0x2a), 77, Some(43)),
            (device(0, 0x99), 77, None),
            (device(0, 0x99), 6483, Some(708)),
            (device(0xfe, 1), 7, None),
        ] {
            assert_eq!(flock_owner(LOCKS, at, inode), owner, "{at:x} {inode}");
        }
    }
}
