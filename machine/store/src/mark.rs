//! The mark beside a database: a file of one line in the state directory, replaced as a whole.
//!
//! ```text
//! drover generation 1: 3f2a…(32 digits) 41
//! ```
//! When it was written is when the file was changed last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use machine_core::generation::{Generation, Mark};
use machine_core::time::Timestamp;

use crate::lineage_error::LineageError;

/// What the line begins with: what it is, and the number of its form.
const FORM: &str = "drover generation 1: ";

/// The mark in this file; `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<Mark>, LineageError> {
    let failed = |source| unusable(path, source);
    // A pipe in its place would keep the start waiting for ever.
    if fs::metadata(path).is_ok_and(|it| !it.is_file()) {
        return Err(LineageError::MalformedMark {
            path: path.to_owned(),
        });
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let changed = fs::metadata(path)
        .and_then(|it| it.modified())
        .map_err(failed)?;
    let generation = parse(&text).ok_or_else(|| LineageError::MalformedMark {
        path: path.to_owned(),
    })?;
    Ok(Some(Mark {
        generation,
        at: timestamp(changed),
    }))
}

/// Replaces the mark; when this returns, the new one outlives a power cut.
pub(crate) fn write(path: &Path, generation: Generation) -> Result<(), LineageError> {
    replace(path, generation).map_err(|source| unusable(path, source))
}

fn replace(path: &Path, generation: Generation) -> io::Result<()> {
    let part = PathBuf::from(format!("{}.part", path.display()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)?;
    let Generation { database, value } = generation;
    writeln!(file, "{FORM}{database} {value}")?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    let directory = path.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

fn parse(text: &str) -> Option<Generation> {
    let line = text.strip_prefix(FORM)?.strip_suffix('\n')?;
    let (database, value) = line.split_once(' ')?;
    let value = value.parse().ok().filter(|value: &i64| *value >= 0)?;
    Some(Generation {
        database: database.parse().ok()?,
        value,
    })
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn unusable(path: &Path, source: io::Error) -> LineageError {
    LineageError::Mark {
        path: path.to_owned(),
        source: Arc::new(source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machine_core::id::DatabaseId;
    use std::os::unix::fs::MetadataExt as _;

    #[test]
    fn a_mark_comes_back_and_is_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("generation");
        assert_eq!(read(&path).unwrap(), None);
        for value in [0, 7] {
            let database = DatabaseId::from_bytes([9; 16]);
            write(&path, Generation { database, value }).unwrap();
            let found = read(&path).unwrap().unwrap().generation;
            assert_eq!((found.database, found.value), (database, value));
        }
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_mark_is_named_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("generation");
        for text in ["", "41\n", "drover generation 1: 00 41\n", "\u{fffd}"] {
            fs::write(&path, text).unwrap();
            let error = read(&path).unwrap_err();
            assert!(
                matches!(error, LineageError::MalformedMark { .. }),
                "{error}"
            );
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = read(&path).unwrap_err();
        assert!(
            matches!(error, LineageError::MalformedMark { .. }),
            "{error}"
        );
        let half = format!("{FORM}{} 41", DatabaseId::from_bytes([9; 16]));
        assert_eq!(parse(&half), None, "its end is missing");
    }
}
