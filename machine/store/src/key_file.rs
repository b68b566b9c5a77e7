//! The file that holds the sealing key: one line, readable by its owner only, not backed up
//! together with the database.
//!
//! `drover-key-1 <id> <64 hexadecimal digits>`. The id follows from the key, so a damaged file is
//! noticed. A missing file is made complete and then linked to its name: nobody ever sees half of
//! it, and of two programs that make one at once, one wins.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::seal::{SealError, SealKey, random};

/// Why there is no key.
#[derive(Debug, Clone, Error)]
pub enum KeyFileError {
    /// The file is not there.
    #[error("wanted the sealing key in {}, but the file does not exist: restore it", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read or write it.
    #[error(
        "wanted the sealing key in {} for its owner only, got mode {mode:03o}: chmod 600, and ask who has read it",
        path.display()
    )]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file holds something else, or a damaged key.
    #[error("wanted one line with a sealing key in {}, got something else: restore the file", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// It can't be read or made.
    #[error("wanted to read or make the sealing key in {}, but could not", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// No key could be drawn.
    #[error(transparent)]
    Draw(#[from] SealError),
}

/// Reads the key.
pub fn load(path: &Path) -> Result<SealKey, KeyFileError> {
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => KeyFileError::Missing {
            path: path.to_owned(),
        },
        _ => io(path, error),
    };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::OpenToOthers {
            path: path.to_owned(),
            mode,
        });
    }
    // Room for the whole line, so that no half of it is left behind by growing.
    let mut text = Zeroizing::new(String::with_capacity(256));
    file.take(200).read_to_string(&mut text).map_err(failed)?;
    parse(&text).ok_or_else(|| KeyFileError::Malformed {
        path: path.to_owned(),
    })
}

/// Reads the key; makes one if the file is missing. To be used only where no secret was sealed
/// yet: a new key opens none of the old ones.
pub fn load_or_make(path: &Path) -> Result<SealKey, KeyFileError> {
    match load(path) {
        Err(KeyFileError::Missing { .. }) => {
            make(path)?;
            load(path)
        }
        other => other,
    }
}

fn make(path: &Path) -> Result<(), KeyFileError> {
    let key = SealKey::generate()?;
    let draft = draft_beside(path)?;
    let written = write_new(&draft, &key).and_then(|()| match std::fs::hard_link(&draft, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    });
    let removed = std::fs::remove_file(&draft);
    written.and(removed).map_err(|error| io(path, error))?;
    // The name is durable before anything is sealed with the key.
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or_else(|| Path::new(".")))
        .and_then(|directory| directory.sync_all())
        .map_err(|error| io(path, error))
}

fn draft_beside(path: &Path) -> Result<PathBuf, KeyFileError> {
    let drawn = u64::from_be_bytes(*random::<8>()?);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{drawn:016x}"));
    Ok(path.with_file_name(name))
}

fn write_new(path: &Path, key: &SealKey) -> std::io::Result<()> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    text.extend([MAGIC, " ", &key.id().to_string(), " "]);
    for byte in key.bytes().iter() {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        text.extend(digits.into_iter().flatten());
    }
    text.push('\n');
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn parse(text: &str) -> Option<SealKey> {
    let mut words = text.split_ascii_whitespace();
    let (magic, id, digits) = (words.next()?, words.next()?, words.next()?);
    let plain = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if magic != MAGIC || !plain || words.next().is_some() {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    let key = SealKey::from_bytes(bytes);
    (id.parse() == Ok(key.id())).then_some(key)
}

fn io(path: &Path, source: std::io::Error) -> KeyFileError {
    KeyFileError::Io {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

const MAGIC: &str = "drover-key-1";

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_missing_file_is_made_once_and_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal.key");
        assert!(matches!(load(&path), Err(KeyFileError::Missing { .. })));
        let key = load_or_make(&path).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(load(&path).unwrap().id(), key.id());
        assert_eq!(load_or_make(&path).unwrap().id(), key.id());
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "no draft is left: {names:?}");
    }

    #[test]
    fn of_several_makers_one_wins() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal.key");
        let ids: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| load_or_make(&path).unwrap().id()))
                .collect();
            makers.into_iter().map(|it| it.join().unwrap()).collect()
        });
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal.key");
        load_or_make(&path).unwrap();
        for open in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, Permissions::from_mode(open)).unwrap();
            assert!(
                matches!(load(&path), Err(KeyFileError::OpenToOthers { mode, .. }) if mode == open)
            );
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        assert!(load(&path).is_ok());
    }

    #[test]
    fn a_damaged_file_is_refused_and_never_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("seal.key");
        load_or_make(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let last = text.trim_end().chars().last().unwrap();
        let other = if last == '0' { "1\n" } else { "0\n" };
        let flipped = format!("{}{other}", &text[..text.trim_end().len() - 1]);
        for damaged in [
            String::new(),
            flipped,
            format!("{text}more"),
            text[1..].to_owned(),
        ] {
            std::fs::write(&path, &damaged).unwrap();
            assert!(matches!(
                load_or_make(&path),
                Err(KeyFileError::Malformed { .. })
            ));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
