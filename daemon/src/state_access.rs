//! Who else may write to the state directory: it holds the key, the database and the images.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use nix::unistd::geteuid;

/// Who may write to a directory, besides its owner: its group, everybody.
const OTHERS_WRITE: u32 = 0o022;

/// What is wrong with the owner and the mode of the state directory, a sentence each; nothing of
/// one that is not there yet.
pub fn open_to_others(path: &Path) -> Vec<String> {
    let Ok(found) = fs::metadata(path) else {
        return Vec::new();
    };
    complaints(path, (found.uid(), found.mode()), geteuid().as_raw())
}

fn complaints(path: &Path, (owner, mode): (u32, u32), own: u32) -> Vec<String> {
    let path = path.display();
    let mut complaints = Vec::new();
    if owner != own {
        complaints.push(format!(
            "the state directory {path} belongs to user {owner}, who can replace the key and the \
             database in it; wanted user {own}, as whom drover runs: chown {own} {path}"
        ));
    }
    if mode & OTHERS_WRITE != 0 {
        complaints.push(format!(
            "others than its owner may write to the state directory {path} (mode {:o}), so they \
             can replace the key and the database in it: chmod 700 {path}",
            mode & 0o7777
        ));
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_directory_of_others_is_told_with_the_fix() {
        let path = Path::new("/var/lib/drover");
        for (owner, mode, fixes) in [
            (7, 0o40700, &[][..]),
            (7, 0o40755, &[]),
            (7, 0o40777, &["chmod 700 /var/lib/drover"]),
            (7, 0o40770, &["chmod 700 /var/lib/drover"]),
            (8, 0o40700, &["chown 7 /var/lib/drover"]),
            (
                8,
                0o41777,
                &["chown 7 /var/lib/drover", "chmod 700 /var/lib/drover"],
            ),
        ] {
            let told = complaints(path, (owner, mode), 7);
            assert_eq!(told.len(), fixes.len(), "{told:?}");
            for (said, fix) in told.iter().zip(fixes) {
                assert!(said.ends_with(fix), "{said}");
            }
        }
        assert!(open_to_others(Path::new("/nonexistent")).is_empty());
    }
}
