//! Artefacts: the files by which a person understands afterwards what happened in a lab.
//!
//! They lie in a folder of their own for each lab, and stay there unless the run says that it
//! passed. A run that panics, returns an error or is killed says nothing: its artefacts stay.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::error::LabError;

/// The folder of one lab's artefacts.
#[derive(Debug, Clone)]
pub struct Artefacts {
    directory: PathBuf,
}

impl Artefacts {
    /// A new folder for the lab of this name and id: in `$DROVER_ARTEFACTS`, or in the checkout's
    /// `tests/artefacts`.
    pub(crate) fn create(lab: &str, id: &str) -> Result<Self, LabError> {
        let root = std::env::var_os("DROVER_ARTEFACTS").unwrap_or_else(default_root);
        let directory = PathBuf::from(root).join(format!("{lab}-{id}"));
        fs::create_dir_all(&directory).map_err(LabError::file("create", &directory))?;
        let directory = directory
            .canonicalize()
            .map_err(LabError::file("find", &directory))?;
        Ok(Self { directory })
    }

    /// Where they lie.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of the artefact of this name; nothing is created.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Opens an artefact to append to.
    pub fn append(&self, name: &str) -> Result<File, LabError> {
        let path = self.path(name);
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(LabError::file("open", &path))
    }

    /// Writes a whole artefact, such as a list of events.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> Result<(), LabError> {
        let path = self.path(name);
        fs::write(&path, contents).map_err(LabError::file("write", &path))
    }

    /// Removes them, unless the user asked to keep them with `KEEP=1`; whether they are gone.
    pub(crate) fn discard(&self) -> bool {
        !is_set("KEEP") && fs::remove_dir_all(&self.directory).is_ok()
    }
}

/// Whether an environment variable is set to something other than nothing or `0`.
pub(crate) fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty() && value != "0")
}

fn default_root() -> OsString {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../artefacts").into()
}
