//! The line between a lab and its reaper: a pipe whose closing means that the owner is gone.
//!
//! Short commands that make something (`ip netns add`, QEMU until it is a daemon) hold an end of it
//! as their standard input, so that the reaper does not begin while one of them is under way. What
//! lives long never holds it.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{LabError, command_line};

/// An end of the pipe that the reaper listens to, shared by all who make something in the lab.
#[derive(Debug, Clone)]
pub struct Tether(Arc<Mutex<Option<OwnedFd>>>);

impl Tether {
    /// The writing end of the reaper's pipe.
    pub(crate) fn new(end: OwnedFd) -> Self {
        Self(Arc::new(Mutex::new(Some(end))))
    }

    /// No reaper waits: the caller outlives nobody, as a BMC's program inside the lab.
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// A standard input that holds the line for as long as the command runs.
    pub fn stdin(&self) -> Result<Stdio, LabError> {
        let end = self.held().as_ref().map(OwnedFd::try_clone);
        end.map_or_else(|| Ok(Stdio::null()), |end| end.map(Stdio::from))
            .map_err(LabError::system("share the reaper's pipe"))
    }

    /// Says a word to the reaper.
    pub(crate) fn say(&self, word: &str) -> Result<(), LabError> {
        let Some(end) = self.held().as_ref().map(OwnedFd::try_clone) else {
            return Ok(());
        };
        end.and_then(|end| File::from(end).write_all(word.as_bytes()))
            .map_err(LabError::system("speak to the reaper"))
    }

    /// Lets go of the line, for all who share this end.
    pub(crate) fn let_go(&self) {
        *self.held() = None;
    }

    fn held(&self) -> MutexGuard<'_, Option<OwnedFd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `command` to its end while holding the line; its standard output.
    pub fn run(&self, command: &mut Command) -> Result<String, LabError> {
        let output = command
            .stdin(self.stdin()?)
            .output()
            .map_err(LabError::system(format!("run `{}`", command_line(command))))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(LabError::Failed {
            command: command_line(command),
            status: output.status,
            said: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        })
    }

    /// Runs `ip` with these words.
    pub fn ip(&self, words: &str) -> Result<String, LabError> {
        self.run(Command::new("ip").args(words.split_ascii_whitespace()))
    }
}
