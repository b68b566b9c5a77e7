//! A network namespace by name (ip-netns(8)): where commands run, and where sockets are made.
//!
//! Commands are sent inside by nsenter(1), not by `ip netns exec`, which also makes a mount
//! namespace and therefore refuses to work where `/` is no mount point, as in a chroot. So `/sys`
//! is the host's also for those inside; `/proc/net` and netlink are the namespace's.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use nix::sched::{CloneFlags, setns};

use crate::error::LabError;

/// A named network namespace. It is made and removed by the lab; this is only its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    pub(crate) fn named(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    /// Its name, as `ip netns` prints it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that stands for it.
    pub fn path(&self) -> PathBuf {
        PathBuf::from(NAMESPACES).join(&self.name)
    }

    /// Whether it is there.
    pub fn exists(&self) -> bool {
        self.path().exists()
    }

    /// A command that will run inside, in a process group of its own, with no standard input. Its
    /// pid is the program's own: nsenter becomes the program.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.path().display()))
            .arg(program)
            .stdin(Stdio::null())
            .process_group(0);
        command
    }

    /// Runs a closure on a thread inside. Sockets that it makes stay inside wherever they are used.
    pub fn enter<T: Send>(&self, run: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        let path = self.path();
        let file = File::open(&path).map_err(LabError::file("open", &path))?;
        let entered = thread::scope(|scope| {
            scope
                .spawn(move || {
                    setns(file, CloneFlags::CLONE_NEWNET)?;
                    Ok::<T, nix::Error>(run())
                })
                .join()
        });
        match entered {
            Ok(result) => result.map_err(|errno| {
                LabError::system(format!("enter namespace {}", self.name))(errno.into())
            }),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// All namespaces that there are whose names begin with `prefix`.
pub(crate) fn namespaces_with(prefix: &str) -> Vec<Namespace> {
    let Ok(entries) = std::fs::read_dir(NAMESPACES) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(prefix))
        .map(Namespace::named)
        .collect()
}

/// Where iproute2 keeps them.
const NAMESPACES: &str = "/run/netns";
