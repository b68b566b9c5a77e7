//! Mount namespaces for file systems that go with who runs in them.

use std::path::Path;
use std::process::Command;

/// The words of `unshare` for a mount namespace of one's own. Its mounts are nobody else's, but for
/// a root directory that is no mount point (a chroot): there they are seen outside, too, until
/// somebody takes them down.
pub(crate) fn own_mounts() -> Vec<&'static str> {
    let tried = Command::new("unshare").args(["--mount", "true"]).output();
    if tried.unwrap().status.success() {
        vec!["--mount"]
    } else {
        vec!["--mount", "--propagation", "unchanged"]
    }
}

/// Takes down what may be seen outside of the namespace in which it was mounted.
pub(crate) fn unmount(directory: &Path) {
    let mut umount = Command::new("umount");
    // It fails where there is nothing to do.
    umount.arg("--lazy").arg(directory).output().unwrap();
}
