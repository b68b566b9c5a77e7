//! The workspace as it lies on disk: what cargo says of it, and its files.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use thiserror::Error;

/// Something of the workspace could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A file or folder.
    #[error("could not read {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Cargo could not be run.
    #[error("could not run cargo")]
    Run(#[source] io::Error),
    /// Cargo refused.
    #[error("cargo {arguments}: {words}")]
    Cargo {
        /// What it was asked.
        arguments: String,
        /// What it said.
        words: String,
    },
}

/// A source file: its path below the workspace, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// With `/`, whatever the system.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What `cargo` prints for these arguments, run in the workspace and without the network.
pub fn cargo(arguments: &[&str]) -> Result<String, ReadError> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .arg("--offline")
        .current_dir(root())
        .output()
        .map_err(ReadError::Run)?;
    if !output.status.success() {
        return Err(ReadError::Cargo {
            arguments: arguments.join(" "),
            words: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The text of a file of the workspace.
pub fn read(path: &str) -> Result<String, ReadError> {
    let path = root().join(path);
    std::fs::read_to_string(&path).map_err(|source| ReadError::File { path, source })
}

/// Every Rust file below a folder of the workspace, in the order of their paths.
pub fn rust_files(folder: &str) -> Result<Vec<SourceFile>, ReadError> {
    let mut files = Vec::new();
    collect(&root(), folder, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(root: &Path, folder: &str, files: &mut Vec<SourceFile>) -> Result<(), ReadError> {
    let at = root.join(folder);
    let failed = |source| ReadError::File {
        path: at.clone(),
        source,
    };
    for entry in std::fs::read_dir(&at).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder && !name.starts_with('.') && name != "target" {
            collect(root, &path, files)?;
        } else if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "rs")
        {
            files.push(SourceFile {
                text: read(&path)?,
                path,
            });
        }
    }
    Ok(())
}
