//! The asset cache: kernels and initial RAM disks, verified and kept under their SHA-256.
//!
//! A file is copied into the state directory while its hash is taken; only a copy whose hash is
//! the wanted one gets its name. Its mark is kept beside it: a start hashes a copy anew only if it
//! was touched since, and copies it again if it is not what it was. What is served is mapped into
//! memory and never copied by us: so only files that are ours are mapped, because a user who
//! overwrites or truncates his own file would kill the daemon (SIGBUS). A copy that is touched
//! while the daemon runs is not served before it was verified again.
//!
//! ```text
//!  images/sha256/0ea0e4d9…   the copy
//!  images/marks/0ea0e4d9…    its mark when it was verified
//! ```

mod cache_files;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::asset::{Asset, FileMark};
use crate::asset_error::AssetError;
use crate::assets::cache_files::{create_file, keep_mode, make_directory, remove_halves};
use crate::hashing::{digest_of, hex, is_wanted, open};

/// How long an asset that could not be restored is left alone: whoever asks for it without end
/// keeps no processor busy with hashing.
const PAUSE: Duration = Duration::from_secs(10);

/// The cache.
#[derive(Debug)]
pub struct Assets {
    directory: PathBuf,
    marks: PathBuf,
    kept: RwLock<BTreeMap<[u8; 32], Kept>>,
    restored: Mutex<BTreeMap<[u8; 32], Restoring>>,
}

#[derive(Debug)]
struct Kept {
    asset: Asset,
    original: PathBuf,
}

/// How an altered asset is on its way back.
#[derive(Debug, Clone, Copy)]
enum Restoring {
    UnderWay,
    FailedAt(Instant),
}

/// What is known of an asset.
#[derive(Debug)]
pub enum Found {
    /// It can be served.
    Asset(Asset),
    /// It was touched since it was verified: [`Assets::restore`] it.
    Altered,
    /// There is none of this hash.
    Nothing,
}

impl Assets {
    /// The cache in this directory, which is made if it is not there. Halves of files, left by an
    /// instance that was killed, are removed.
    pub fn open(directory: &Path) -> Result<Self, AssetError> {
        let marks = directory.join("marks");
        let files = directory.join("sha256");
        for directory in [directory, &files, &marks] {
            make_directory(directory).map_err(|source| unwritable(directory, source))?;
        }
        for directory in [&files, &marks] {
            remove_halves(directory).map_err(|source| unwritable(directory, source))?;
        }
        Ok(Self {
            directory: files,
            marks,
            kept: RwLock::default(),
            restored: Mutex::default(),
        })
    }

    /// Makes the file at `path` an asset, unless one of this hash is there already. Takes as long
    /// as reading it does, unless it is there and was not touched, and gives up when told to stop.
    pub fn import(
        &self,
        path: &Path,
        wanted: &[u8; 32],
        stop: &CancellationToken,
    ) -> Result<(), AssetError> {
        let kept = self.directory.join(hex(wanted));
        let asset = if let Some(asset) = self.open_verified(&kept, wanted, stop)? {
            asset
        } else {
            self.copy(path, &kept, wanted, stop)?;
            let copied = self.open_verified(&kept, wanted, stop)?;
            copied
                .ok_or_else(|| unreadable(&kept, io::Error::other("altered while it was read")))?
        };
        let original = path.to_owned();
        self.kept
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(*wanted, Kept { asset, original });
        Ok(())
    }

    /// The asset of this hash, if it is what was verified.
    pub fn find(&self, digest: &[u8; 32]) -> Found {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        match kept.get(digest) {
            None => Found::Nothing,
            Some(kept) if kept.asset.seal.check().is_ok() => Found::Asset(kept.asset.clone()),
            Some(_) => Found::Altered,
        }
    }

    /// Verifies an altered asset again, and copies its original again if need be, on a thread of
    /// its own: one at a time.
    pub fn restore(self: &Arc<Self>, digest: [u8; 32]) {
        let original = {
            let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
            kept.get(&digest).map(|kept| kept.original.clone())
        };
        if let (Some(original), true) = (original, self.begins(digest)) {
            let assets = Arc::clone(self);
            tokio::task::spawn_blocking(move || assets.restore_now(&original, &digest));
        }
    }

    fn begins(&self, digest: [u8; 32]) -> bool {
        let mut restored = self.restored.lock().unwrap_or_else(PoisonError::into_inner);
        let rests = match restored.get(&digest) {
            Some(Restoring::UnderWay) => true,
            Some(Restoring::FailedAt(at)) => at.elapsed() < PAUSE,
            None => false,
        };
        if !rests {
            restored.insert(digest, Restoring::UnderWay);
        }
        !rests
    }

    fn restore_now(&self, original: &Path, digest: &[u8; 32]) {
        let image = original.display();
        error!(%image, "a file of the image cache was altered: it is not served");
        let restored = self.import(original, digest, &CancellationToken::new());
        let mut under_way = self.restored.lock().unwrap_or_else(PoisonError::into_inner);
        match restored {
            Ok(()) => {
                info!(%image, "it is right again, and served");
                under_way.remove(digest);
            }
            Err(error) => {
                error!(%image, %error, "it can't be restored, and is not served");
                under_way.insert(*digest, Restoring::FailedAt(Instant::now()));
            }
        }
    }

    /// The copy of this hash, if there is one and it is right; it is hashed if its mark is not the
    /// one that was kept.
    fn open_verified(
        &self,
        kept: &Path,
        wanted: &[u8; 32],
        stop: &CancellationToken,
    ) -> Result<Option<Asset>, AssetError> {
        let failed = |source| unreadable(kept, source);
        let file = match File::open(kept) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        keep_mode(&file, kept)?;
        let mark = FileMark::of(&file).map_err(failed)?;
        if self.kept_mark(wanted).as_deref() != Some(&mark.as_stored()) {
            let got = digest_of(&file, kept, stop, |_| Ok(()))?;
            if let Err(error) = is_wanted(kept, wanted, &got) {
                warn!(%error, "a kept image was altered: it is copied again");
                return Ok(None);
            }
            if FileMark::of(&file).map_err(failed)? != mark {
                let kept = kept.display();
                warn!(%kept, "a kept image was altered while it was read: it is copied again");
                return Ok(None);
            }
            self.keep_mark(wanted, &mark);
        }
        Asset::map(file, mark).map(Some).map_err(failed)
    }

    fn copy(
        &self,
        path: &Path,
        kept: &Path,
        wanted: &[u8; 32],
        stop: &CancellationToken,
    ) -> Result<(), AssetError> {
        let part = self.directory.join(format!("{}.part", hex(wanted)));
        let copied = self.copy_verified(path, wanted, (&part, kept), stop);
        if copied.is_err() {
            let _ = fs::remove_file(&part);
        }
        copied
    }

    fn copy_verified(
        &self,
        path: &Path,
        wanted: &[u8; 32],
        (part, kept): (&Path, &Path),
        stop: &CancellationToken,
    ) -> Result<(), AssetError> {
        let failed = |source| unwritable(part, source);
        let mut copy = create_file(part).map_err(failed)?;
        let got = digest_of(open(path)?, path, stop, |piece| {
            copy.write_all(piece).map_err(failed)
        })?;
        is_wanted(path, wanted, &got)?;
        copy.sync_all().map_err(failed)?;
        fs::rename(part, kept).map_err(failed)?;
        let directory = File::open(&self.directory);
        directory.and_then(|it| it.sync_all()).map_err(failed)?;
        // The renaming has changed it.
        self.keep_mark(wanted, &FileMark::of(&copy).map_err(failed)?);
        Ok(())
    }

    /// The mark at which the copy of this hash was right.
    fn kept_mark(&self, digest: &[u8; 32]) -> Option<String> {
        fs::read_to_string(self.marks.join(hex(digest))).ok()
    }

    /// Keeps a mark. One that is lost costs a hash at the next start.
    fn keep_mark(&self, digest: &[u8; 32], mark: &FileMark) {
        let path = self.marks.join(hex(digest));
        let written =
            create_file(&path).and_then(|mut it| it.write_all(mark.as_stored().as_bytes()));
        if let Err(error) = written {
            warn!(%error, path = %path.display(), "an image will be hashed again at the next start");
        }
    }
}

fn unreadable(path: &Path, source: io::Error) -> AssetError {
    let path = path.to_owned();
    AssetError::Unreadable { path, source }
}

fn unwritable(path: &Path, source: io::Error) -> AssetError {
    let path = path.to_owned();
    AssetError::Unwritable { path, source }
}
