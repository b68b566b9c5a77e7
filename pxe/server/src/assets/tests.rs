//! What is kept, what is copied again, and what is never served.

use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::asset_error::AssetError;
use crate::assets::{Assets, Found};
use crate::hashing::hex;

fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

fn served(assets: &Assets, digest: &[u8; 32]) -> Option<Bytes> {
    match assets.find(digest) {
        Found::Asset(asset) => Some(asset.bytes),
        Found::Altered | Found::Nothing => None,
    }
}

/// A file of this content, its hash, and its copy in the cache of the same folder.
struct Image {
    directory: tempfile::TempDir,
    original: PathBuf,
    wanted: [u8; 32],
    kept: PathBuf,
}

impl Image {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let original = directory.path().join("vmlinuz");
        fs::write(&original, b"kernel").unwrap();
        let wanted = digest(b"kernel");
        let kept = directory.path().join("cache/sha256").join(hex(&wanted));
        Self {
            directory,
            original,
            wanted,
            kept,
        }
    }

    fn open(&self) -> Assets {
        Assets::open(&self.directory.path().join("cache")).unwrap()
    }

    fn import(&self) -> Result<Bytes, AssetError> {
        let assets = self.open();
        let imported = assets.import(&self.original, &self.wanted, &CancellationToken::new());
        imported.map(|()| served(&assets, &self.wanted).unwrap())
    }
}

/// Changes two bytes, keeps the size, and sets the time of the change back.
fn alter(path: &Path) {
    let before = fs::metadata(path).unwrap();
    let mut content = fs::read(path).unwrap();
    content[..2].copy_from_slice(b"XX");
    fs::write(path, &content).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    let times = FileTimes::new().set_modified(before.modified().unwrap());
    file.set_times(times).unwrap();
    let after = fs::metadata(path).unwrap();
    assert_eq!(after.len(), before.len());
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
}

#[test]
fn two_bytes_changed_in_the_cache_are_not_served_after_a_restart() {
    let image = Image::new();
    assert_eq!(image.import().unwrap(), "kernel");
    alter(&image.kept);
    assert_eq!(image.import().unwrap(), "kernel", "it is copied again");
    assert_eq!(fs::read(&image.kept).unwrap(), b"kernel");
    alter(&image.kept);
    fs::remove_file(&image.original).unwrap();
    let error = image.import().unwrap_err();
    assert!(matches!(error, AssetError::Unreadable { .. }), "{error}");
}

#[test]
fn what_nobody_has_touched_is_not_hashed_again() {
    let image = Image::new();
    image.import().unwrap();
    // Whoever is told to stop hashes nothing.
    let stop = CancellationToken::new();
    stop.cancel();
    let import = || image.open().import(&image.original, &image.wanted, &stop);
    import().unwrap();
    for touch in [
        (|image: &Image| alter(&image.kept)) as fn(&Image),
        |image| fs::remove_dir_all(image.directory.path().join("cache/marks")).unwrap(),
    ] {
        touch(&image);
        let stopped = import().unwrap_err();
        assert!(matches!(stopped, AssetError::Stopped { .. }), "{stopped}");
        image.import().unwrap();
        import().unwrap();
    }
}

#[tokio::test]
async fn what_is_altered_while_it_is_served_is_refused_until_it_is_right_again() {
    let image = Image::new();
    let assets = Arc::new(image.open());
    let stop = CancellationToken::new();
    assets
        .import(&image.original, &image.wanted, &stop)
        .unwrap();
    let Found::Asset(under_way) = assets.find(&image.wanted) else {
        panic!("it is there");
    };
    alter(&image.kept);
    assert!(under_way.seal.check().is_err(), "a transfer under way ends");
    assert!(matches!(assets.find(&image.wanted), Found::Altered));
    assets.restore(image.wanted);
    let restored = async {
        while served(&assets, &image.wanted).is_none() {
            tokio::task::yield_now().await;
        }
    };
    let long = std::time::Duration::from_mins(1);
    tokio::time::timeout(long, restored).await.unwrap();
    assert_eq!(served(&assets, &image.wanted).unwrap(), "kernel");

    // Without an original it stays refused.
    alter(&image.kept);
    fs::remove_file(&image.original).unwrap();
    assets.restore_now(&image.original, &image.wanted);
    assert!(matches!(assets.find(&image.wanted), Found::Altered));
    assert!(
        !assets.begins(image.wanted),
        "nobody makes it hash without end"
    );
}

#[test]
fn folders_and_files_have_their_mode_whatever_was_there() {
    let image = Image::new();
    image.import().unwrap();
    let folder = image.directory.path().join("cache");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let modes = || {
        [
            mode(&folder),
            mode(&folder.join("sha256")),
            mode(&image.kept),
        ]
    };
    assert_eq!(modes(), [0o755, 0o755, 0o644]);
    for path in [&folder, &folder.join("sha256"), &image.kept] {
        fs::set_permissions(path, Permissions::from_mode(0o777)).unwrap();
    }
    image.import().unwrap();
    assert_eq!(modes(), [0o755, 0o755, 0o644]);
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
    assert!(served(&again, &wanted).is_none(), "not imported yet");
    again
        .import(&original, &wanted, &CancellationToken::new())
        .unwrap();
    assert_eq!(served(&again, &wanted).unwrap(), "kernel");
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
    assert!(served(&assets, &digest(b"kernel")).is_none());
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
    assert_eq!(served(&assets, &digest(b"")), Some(Bytes::new()));
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
        imported.map(|()| served(&assets, &wanted).unwrap())
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
