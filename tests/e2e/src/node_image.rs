//! The node image that `tests/node/image/build` made.

use std::fs;
use std::path::PathBuf;

use crate::error::ScenarioError;

/// A kernel and an initial RAM disk with their SHA-256.
#[derive(Debug, Clone)]
pub struct NodeImage {
    /// The kernel.
    pub kernel: PathBuf,
    /// Its SHA-256, in hexadecimal.
    pub kernel_sha256: String,
    /// The initial RAM disk.
    pub initrd: PathBuf,
    /// Its SHA-256, in hexadecimal.
    pub initrd_sha256: String,
}

impl NodeImage {
    /// The image that was built last.
    pub fn find() -> Result<Self, ScenarioError> {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../.cache/node-image/current"
        );
        let missing = || ScenarioError::NoImage {
            path: folder.into(),
        };
        let folder = fs::canonicalize(folder).map_err(|_| missing())?;
        let sums = fs::read_to_string(folder.join("sha256sums")).map_err(|_| missing())?;
        Ok(Self {
            kernel: folder.join("vmlinuz"),
            kernel_sha256: sum_of(&sums, "vmlinuz").ok_or_else(missing)?,
            initrd: folder.join("initrd"),
            initrd_sha256: sum_of(&sums, "initrd").ok_or_else(missing)?,
        })
    }
}

/// The checksum of a file in a list as sha256sum(1) prints it.
fn sum_of(sums: &str, file: &str) -> Option<String> {
    sums.lines()
        .filter_map(|line| line.split_once("  "))
        .find(|(_, name)| *name == file)
        .map(|(sum, _)| sum.to_owned())
}
