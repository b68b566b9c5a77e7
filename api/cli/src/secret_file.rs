//! Files with keys: readable by their owner only, whole or not there at all.

use std::fs::Metadata;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::error::CommandError;
use crate::own_config::is_replaced_by;

/// The largest file that is read to see whether it may be replaced: a config of one cluster has a few
/// kilobytes.
const LARGEST: u64 = 1024 * 1024;

/// What to do with a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Put the new one in the place of an older config of the same cluster: it is made anew each
    /// day. Leave anything else alone.
    ReplaceOwn,
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
    let unwritable = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => occupied(path, THERE),
        _ => CommandError::Unwritable {
            path: path.to_owned(),
            why: error.to_string(),
        },
    };
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            write_new(path, document).map_err(unwritable)
        }
        Err(error) => Err(unwritable(error)),
        Ok(_) if existing == Existing::Keep => Err(occupied(path, THERE)),
        Ok(found) => {
            refuse_unless_own(path, &found, document)?;
            replace(path, document).map_err(unwritable)
        }
    }
}

const THERE: &str = "there is a file already";

fn occupied(path: &Path, why: &'static str) -> CommandError {
    CommandError::Occupied {
        path: path.to_owned(),
        why,
    }
}

/// A name that was mistyped must not cost a person a file, or all the other clusters of a
/// kubeconfig.
fn refuse_unless_own(path: &Path, found: &Metadata, document: &str) -> Result<(), CommandError> {
    if found.is_symlink() {
        return Err(occupied(
            path,
            "it is a link, and what it leads to may be anything",
        ));
    }
    if !found.is_file() {
        return Err(occupied(path, "it is no file"));
    }
    let is_own = found.len() <= LARGEST
        && std::fs::read_to_string(path).is_ok_and(|held| is_replaced_by(&held, document));
    if is_own {
        return Ok(());
    }
    Err(occupied(
        path,
        "it holds something else than an older config of this cluster alone",
    ))
}

fn write_new(path: &Path, document: &str) -> io::Result<()> {
    let file = create(path)?;
    let filled = fill(file, document);
    if filled.is_err() {
        // The first error counts; what is left has mode 0600.
        let _ = std::fs::remove_file(path);
    }
    filled
}

/// Written beside its place and then moved there.
fn replace(path: &Path, document: &str) -> io::Result<()> {
    let beside = beside(path);
    write_new(&beside, document)?;
    let moved = std::fs::rename(&beside, path);
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
    use crate::own_config::tests::kubeconfig;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_config_of_the_same_cluster_gives_way_and_the_new_one_is_for_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("lab.kubeconfig");
        let [old, new] = ["viewer", "admin"].map(|role| kubeconfig("lab", role, "Y2E="));
        write_secret(&file, &old, Existing::ReplaceOwn).unwrap();
        assert_eq!(mode(&file), 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        write_secret(&file, &new, Existing::ReplaceOwn).unwrap();
        let held = std::fs::read_to_string(&file).unwrap();
        assert_eq!((held, mode(&file)), (new, 0o600));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_other_file_is_left_alone_and_so_is_what_a_link_leads_to() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let new = kubeconfig("lab", "admin", "Y2E=");
        let others = kubeconfig("other", "admin", "Y2E=");
        std::fs::write(path("script"), "#!/bin/sh\n").unwrap();
        std::fs::write(path("config"), &others).unwrap();
        std::fs::write(path("own"), &new).unwrap();
        std::os::unix::fs::symlink(path("own"), path("link")).unwrap();
        std::os::unix::fs::symlink(path("nowhere"), path("dangling")).unwrap();
        std::fs::create_dir(path("folder")).unwrap();
        for name in ["script", "config", "link", "dangling", "folder"] {
            let refused = write_secret(&path(name), &new, Existing::ReplaceOwn).unwrap_err();
            assert_eq!(refused.exit_code(), 3, "{refused}");
            let said = refused.to_string();
            assert!(
                said.contains("left alone") && said.contains("--file"),
                "{said}"
            );
        }
        let held = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        assert_eq!(held("script"), "#!/bin/sh\n");
        assert_eq!(held("config"), others);
        assert!(
            std::fs::symlink_metadata(path("link"))
                .unwrap()
                .is_symlink()
        );
        assert!(!path("nowhere").exists());
    }

    #[test]
    fn the_only_copy_is_not_overwritten_which_is_a_refusal() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secrets.yaml");
        write_secret(&file, "first", Existing::Keep).unwrap();
        assert_eq!(mode(&file), 0o600);
        let said = write_secret(&file, "second", Existing::Keep).unwrap_err();
        assert_eq!(said.exit_code(), 3);
        assert!(said.to_string().contains("left alone"), "{said}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "first");
    }
}
