//! Folders and files of the cache, with the same mode whatever the umask is: everybody may read what
//! everybody is served, and only we write it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::asset_error::AssetError;

const FOLDER: u32 = 0o755;
const FILE: u32 = 0o644;

/// Makes a folder with its parents, unless it is there.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    if is(&fs::metadata(path)?, FOLDER) {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(FOLDER))
}

/// Makes a file, or empties it.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE))?;
    Ok(file)
}

/// Gives a file its mode again. To set it touches the file, so it is only set if it is another.
pub(super) fn keep_mode(file: &File, path: &Path) -> Result<(), AssetError> {
    let kept = match file.metadata() {
        Ok(found) if is(&found, FILE) => Ok(()),
        Ok(_) => file.set_permissions(Permissions::from_mode(FILE)),
        Err(error) => Err(error),
    };
    kept.map_err(|source| AssetError::Unwritable {
        path: path.to_owned(),
        source,
    })
}

/// Removes the halves of files that an instance has left that was killed.
pub(super) fn remove_halves(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "part") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn is(found: &fs::Metadata, mode: u32) -> bool {
    found.permissions().mode() & 0o7777 == mode
}
