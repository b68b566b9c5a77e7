//! One asset: the bytes of a file that was verified, for as long as nobody has touched it since.
//!
//! Whether it was touched is told by its mark, which the kernel keeps: size, device, inode, and the
//! times of the last change to its content (mtime) and to anything of it (ctime). An mtime can be
//! set back, a ctime can't (`inode(7)`).

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::sys::map_file;

/// What the kernel says of a file whose content is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileMark {
    size: u64,
    device: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileMark {
    /// Of an open file.
    pub fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|found| Self::from(&found))
    }

    /// As it is kept: one line of numbers.
    pub(crate) fn as_stored(&self) -> String {
        let Self {
            size,
            device,
            inode,
            modified,
            changed,
        } = self;
        format!(
            "{size} {device} {inode} {}.{:09} {}.{:09}\n",
            modified.0, modified.1, changed.0, changed.1
        )
    }
}

impl From<&Metadata> for FileMark {
    fn from(found: &Metadata) -> Self {
        Self {
            size: found.size(),
            device: found.dev(),
            inode: found.ino(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

/// The file was touched since it was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the file was altered since it was verified")]
pub struct Altered;

/// A verified file, mapped into memory.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Its bytes. Look whether it is unaltered before they are read.
    pub bytes: Bytes,
    /// What tells whether they are still those that were verified.
    pub seal: Arc<Seal>,
}

/// Tells whether a file is still the one that was verified.
#[derive(Debug)]
pub struct Seal {
    file: File,
    mark: FileMark,
}

impl Asset {
    /// Maps a file whose content was verified at this mark.
    pub(crate) fn map(file: File, mark: FileMark) -> io::Result<Self> {
        let bytes = map_file(&file)?;
        let seal = Arc::new(Seal { file, mark });
        Ok(Self { bytes, seal })
    }
}

impl Seal {
    /// An error if the file was touched, or can't be looked at.
    pub fn check(&self) -> Result<(), Altered> {
        match FileMark::of(&self.file) {
            Ok(found) if found == self.mark => Ok(()),
            Ok(_) | Err(_) => Err(Altered),
        }
    }
}
