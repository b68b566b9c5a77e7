//! The asset cache: kernels and initial RAM disks, verified once and kept under their SHA-256.
//!
//! A file is copied into the state directory while its hash is taken; only a copy whose hash is
//! the wanted one gets its name. Starting again does not hash it anew, unless its size is not that
//! of the original, or the original is gone: then it is kept if its hash is right, and otherwise
//! copied again. What is served is mapped into memory and never copied by us: so only files that
//! are ours are mapped, because a user who overwrites or truncates his own file would kill the
//! daemon (SIGBUS).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::warn;

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
    /// Somebody asked to stop meanwhile.
    #[error("stopped before {path} was read to its end")]
    Stopped {
        /// Which file.
        path: PathBuf,
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
    /// The cache in this directory, which is made if it is not there. Halves of files, left by an
    /// instance that was killed, are removed.
    pub fn open(directory: &Path) -> Result<Self, AssetError> {
        let directory = directory.join("sha256");
        fs::create_dir_all(&directory).map_err(|source| AssetError::Unwritable {
            path: directory.clone(),
            source,
        })?;
        remove_halves(&directory).map_err(|source| AssetError::Unwritable {
            path: directory.clone(),
            source,
        })?;
        Ok(Self {
            directory,
            mapped: RwLock::default(),
        })
    }

    /// Makes the file at `path` an asset, unless one of this hash is there already. Takes as long
    /// as reading it does, and gives up when told to stop.
    pub fn import(
        &self,
        path: &Path,
        wanted: &[u8; 32],
        stop: &CancellationToken,
    ) -> Result<(), AssetError> {
        let kept = self.directory.join(hex(wanted));
        if !is_kept(path, &kept, wanted, stop)? {
            let part = self.directory.join(format!("{}.part", hex(wanted)));
            let copied = self.copy_verified(path, wanted, (&part, &kept), stop);
            if copied.is_err() {
                let _ = fs::remove_file(&part);
            }
            copied?;
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

    fn copy_verified(
        &self,
        path: &Path,
        wanted: &[u8; 32],
        (part, kept): (&Path, &Path),
        stop: &CancellationToken,
    ) -> Result<(), AssetError> {
        let unwritable = |source| AssetError::Unwritable {
            path: part.to_owned(),
            source,
        };
        let mut copy = File::create(part).map_err(unwritable)?;
        let got = digest_of(path, stop, |chunk| {
            copy.write_all(chunk).map_err(unwritable)
        })?;
        is_wanted(path, wanted, &got)?;
        copy.sync_all().map_err(unwritable)?;
        fs::rename(part, kept).map_err(unwritable)?;
        File::open(&self.directory)
            .and_then(|it| it.sync_all())
            .map_err(unwritable)
    }
}

fn remove_halves(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "part") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether the file at `path` is the one that is wanted; it is read and nothing else.
pub fn verify(path: &Path, wanted: &[u8; 32], stop: &CancellationToken) -> Result<(), AssetError> {
    let got = digest_of(path, stop, |_| Ok(()))?;
    is_wanted(path, wanted, &got)
}

/// Whether the copy that is kept can be served.
fn is_kept(
    path: &Path,
    kept: &Path,
    wanted: &[u8; 32],
    stop: &CancellationToken,
) -> Result<bool, AssetError> {
    let length = match fs::metadata(kept) {
        Ok(found) => found.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => {
            let path = kept.to_owned();
            return Err(AssetError::Unreadable { path, source });
        }
    };
    if fs::metadata(path).is_ok_and(|original| original.len() == length) {
        return Ok(true);
    }
    match verify(kept, wanted, stop) {
        Ok(()) => Ok(true),
        Err(error @ AssetError::WrongHash { .. }) => {
            warn!(%error, original = %path.display(), "a kept image was altered: it is copied again");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn is_wanted(path: &Path, wanted: &[u8; 32], got: &[u8; 32]) -> Result<(), AssetError> {
    if got == wanted {
        return Ok(());
    }
    Err(AssetError::WrongHash {
        path: path.to_owned(),
        wanted: hex(wanted),
        got: hex(got),
    })
}

/// The SHA-256 of a file, and each piece of it as it is read.
fn digest_of(
    path: &Path,
    stop: &CancellationToken,
    mut each: impl FnMut(&[u8]) -> Result<(), AssetError>,
) -> Result<[u8; 32], AssetError> {
    let path = path.to_owned();
    let unreadable = |source| AssetError::Unreadable {
        path: path.clone(),
        source,
    };
    let mut file = File::open(&path).map_err(unreadable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        if stop.is_cancelled() {
            return Err(AssetError::Stopped { path });
        }
        let length = file.read(&mut buffer).map_err(unreadable)?;
        let Some(chunk) = buffer.get(..length).filter(|chunk| !chunk.is_empty()) else {
            return Ok(hasher.finalize().into());
        };
        hasher.update(chunk);
        each(chunk)?;
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
            .import(&original, &wanted, &CancellationToken::new())
            .unwrap();
        fs::remove_file(&original).unwrap();
        let again = Assets::open(&cache).unwrap();
        assert!(again.find(&wanted).is_none(), "not imported yet");
        again
            .import(&original, &wanted, &CancellationToken::new())
            .unwrap();
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
            .import(&original, &digest(b"kernel"), &CancellationToken::new())
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
        assets
            .import(&original, &digest(b""), &CancellationToken::new())
            .unwrap();
        assert_eq!(assets.find(&digest(b"")), Some(Bytes::new()));
    }

    #[test]
    fn a_kept_file_of_another_size_is_copied_again() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let wanted = digest(b"kernel");
        let kept = directory.path().join("sha256").join(hex(&wanted));
        let import = || {
            let assets = Assets::open(directory.path()).unwrap();
            let imported = assets.import(&original, &wanted, &CancellationToken::new());
            imported.map(|()| assets.find(&wanted).unwrap())
        };
        import().unwrap();
        fs::write(&kept, b"kern").unwrap();
        assert_eq!(import().unwrap(), "kernel");
        // The original is another one now, but the copy is still what was wanted.
        fs::write(&original, b"next kernel").unwrap();
        assert_eq!(import().unwrap(), "kernel");
        fs::write(&kept, b"kern").unwrap();
        fs::remove_file(&original).unwrap();
        let error = import().unwrap_err();
        assert!(
            matches!(&error, AssetError::Unreadable { path, .. } if *path == original),
            "{error}"
        );
    }

    #[test]
    fn an_import_that_fails_or_is_stopped_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let cache = directory.path().join("cache");
        let assets = Assets::open(&cache).unwrap();
        let (go_on, stop) = (CancellationToken::new(), CancellationToken::new());
        stop.cancel();
        let wanted = digest(b"kernel");
        let stopped = assets.import(&original, &wanted, &stop).unwrap_err();
        assert!(matches!(stopped, AssetError::Stopped { .. }), "{stopped}");
        let half = cache.join("sha256").join("00.part");
        fs::write(&half, b"ker").unwrap();
        Assets::open(&cache).unwrap();
        // A folder opens, and fails when it is read.
        let failed = assets.import(directory.path(), &wanted, &go_on);
        assert!(matches!(failed, Err(AssetError::Unreadable { .. })));
        assert_eq!(fs::read_dir(cache.join("sha256")).unwrap().count(), 0);
    }

    #[test]
    fn to_verify_a_file_nothing_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let stop = CancellationToken::new();
        verify(&original, &digest(b"kernel"), &stop).unwrap();
        let altered = verify(&original, &digest(b"another"), &stop);
        assert!(matches!(altered, Err(AssetError::WrongHash { .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
