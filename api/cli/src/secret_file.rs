//! Files with keys: readable by their owner only, whole or not there at all.

use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::CommandError;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Put the new one in its place: it is made anew each day.
    Replace,
    /// Leave it alone: it may be the only copy.
    Keep,
}

/// Writes a document with keys with mode 0600; to standard output for `-`.
pub(crate) fn write_secret(
    path: &Path,
    document: &str,
    existing: Existing,
) -> Result<(), CommandError> {
    if path.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        out.write_all(document.as_bytes())?;
        return Ok(out.flush()?);
    }
    write_file(path, document, existing).map_err(|error| CommandError::Unwritable {
        path: path.to_owned(),
        why: if error.kind() == io::ErrorKind::AlreadyExists {
            "there is a file already; it is left alone".to_owned()
        } else {
            error.to_string()
        },
    })
}

/// Written beside its place and then moved there: a link in its place is replaced, never followed.
fn write_file(path: &Path, document: &str, existing: Existing) -> io::Result<()> {
    if existing == Existing::Keep {
        let written = create(path).and_then(|file| fill(file, document));
        return written;
    }
    let beside = beside(path);
    let moved = create(&beside)
        .and_then(|file| fill(file, document))
        .and_then(|()| std::fs::rename(&beside, path));
    if moved.is_err() {
        // The first error counts; what is left has mode 0600.
        let _ = std::fs::remove_file(&beside);
    }
    moved
}

fn create(path: &Path) -> io::Result<std::fs::File> {
    std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

fn fill(mut file: std::fs::File, document: &str) -> io::Result<()> {
    file.write_all(document.as_bytes())?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn keys_are_for_their_owner_whatever_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let (file, other) = (
            directory.path().join("talosconfig"),
            directory.path().join("other"),
        );
        std::fs::write(&other, "mine").unwrap();
        std::os::unix::fs::symlink(&other, &file).unwrap();
        write_secret(&file, "keys", Existing::Replace).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "keys");
        assert_eq!(mode(&file), 0o600);
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "mine");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_secret(&file, "new keys", Existing::Replace).unwrap();
        assert_eq!(
            (
                std::fs::read_to_string(&file).unwrap().as_str(),
                mode(&file)
            ),
            ("new keys", 0o600)
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn the_only_copy_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secrets.yaml");
        write_secret(&file, "first", Existing::Keep).unwrap();
        assert_eq!(mode(&file), 0o600);
        let said = write_secret(&file, "second", Existing::Keep).unwrap_err();
        assert!(said.to_string().contains("left alone"), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    }
}
