//! The asset cache: kernels and initial RAM disks, verified once and kept under their SHA-256.
//!
//! A file is copied into the state directory while its hash is taken; only a copy whose hash is
//! the wanted one gets its name. Starting again does not hash it anew. What is served is mapped
//! into memory and never copied by us: so only files that are ours are mapped, because a user who
//! overwrites or truncates his own file would kill the daemon (SIGBUS).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::sys::map_file;

/// A SHA-256 as lower-case hexadecimal digits.
pub fn hex(digest: &[u8; 32]) -> String {
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Why a file did not become an asset.
#[derive(Debug, Error)]
pub enum AssetError {
    /// It can't be read.
    #[error("can't read {path}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not the file that was wanted.
    #[error("{path} has the wrong hash: wanted SHA-256 {wanted}, got {got}")]
    WrongHash {
        /// Which file.
        path: PathBuf,
        /// What the settings say.
        wanted: String,
        /// What it has.
        got: String,
    },
    /// The cache can't be written.
    #[error("can't write the image cache {path}")]
    Unwritable {
        /// Which file of the cache.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The cache.
#[derive(Debug)]
pub struct Assets {
    directory: PathBuf,
    mapped: RwLock<BTreeMap<[u8; 32], Bytes>>,
}

impl Assets {
    /// The cache in this directory, which is made if it is not there.
    pub fn open(directory: &Path) -> Result<Self, AssetError> {
        let directory = directory.join("sha256");
        fs::create_dir_all(&directory).map_err(|source| AssetError::Unwritable {
            path: directory.clone(),
            source,
        })?;
        Ok(Self {
            directory,
            mapped: RwLock::default(),
        })
    }

    /// Makes the file at `path` an asset, unless one of this hash is there already.
    pub fn import(&self, path: &Path, wanted: &[u8; 32]) -> Result<(), AssetError> {
        let kept = self.directory.join(hex(wanted));
        if !kept.exists() {
            self.copy_verified(path, wanted, &kept)?;
        }
        let bytes = File::open(&kept)
            .and_then(|file| map_file(&file))
            .map_err(|source| AssetError::Unreadable { path: kept, source })?;
        self.mapped
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(*wanted, bytes);
        Ok(())
    }

    /// The bytes of an asset.
    pub fn find(&self, digest: &[u8; 32]) -> Option<Bytes> {
        self.mapped
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digest)
            .cloned()
    }

    fn copy_verified(&self, path: &Path, wanted: &[u8; 32], kept: &Path) -> Result<(), AssetError> {
        let unreadable = |source| AssetError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let mut original = File::open(path).map_err(unreadable)?;
        let part = self.directory.join(format!("{}.part", hex(wanted)));
        let unwritable = |source| AssetError::Unwritable {
            path: part.clone(),
            source,
        };
        let mut copy = File::create(&part).map_err(unwritable)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let length = original.read(&mut buffer).map_err(unreadable)?;
            let Some(chunk) = buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
                break;
            };
            hasher.update(chunk);
            copy.write_all(chunk).map_err(unwritable)?;
        }
        let got: [u8; 32] = hasher.finalize().into();
        if got != *wanted {
            let _ = fs::remove_file(&part);
            return Err(AssetError::WrongHash {
                path: path.to_owned(),
                wanted: hex(wanted),
                got: hex(&got),
            });
        }
        copy.sync_all().map_err(unwritable)?;
        fs::rename(&part, kept).map_err(unwritable)?;
        File::open(&self.directory)
            .and_then(|it| it.sync_all())
            .map_err(unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(content: &[u8]) -> [u8; 32] {
        Sha256::digest(content).into()
    }

    #[test]
    fn an_asset_is_copied_once_and_survives_its_original() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let wanted = digest(b"kernel");
        let cache = directory.path().join("cache");
        Assets::open(&cache)
            .unwrap()
            .import(&original, &wanted)
            .unwrap();
        fs::remove_file(&original).unwrap();
        let again = Assets::open(&cache).unwrap();
        assert!(again.find(&wanted).is_none(), "not imported yet");
        again.import(&original, &wanted).unwrap();
        assert_eq!(again.find(&wanted).unwrap(), Bytes::from_static(b"kernel"));
    }

    #[test]
    fn an_altered_file_is_named_with_both_hashes_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"altered").unwrap();
        let cache = directory.path().join("cache");
        let assets = Assets::open(&cache).unwrap();
        let error = assets
            .import(&original, &digest(b"kernel"))
            .unwrap_err()
            .to_string();
        assert!(error.contains(&hex(&digest(b"kernel"))), "{error}");
        assert!(error.contains(&hex(&digest(b"altered"))), "{error}");
        assert_eq!(fs::read_dir(cache.join("sha256")).unwrap().count(), 0);
        assert!(assets.find(&digest(b"kernel")).is_none());
    }

    #[test]
    fn an_empty_file_is_an_asset() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("empty");
        fs::write(&original, b"").unwrap();
        let assets = Assets::open(directory.path()).unwrap();
        assets.import(&original, &digest(b"")).unwrap();
        assert_eq!(assets.find(&digest(b"")), Some(Bytes::new()));
    }
}
