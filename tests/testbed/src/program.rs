//! A program that runs in the lab, and its output as an artefact that can be waited on.
//!
//! It lives until it ends, is ended, or the lab goes; dropping this value ends nothing.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use crate::artefacts::Artefacts;
use crate::error::LabError;
use crate::transcript::{Mark, Transcript};

/// A running program.
#[derive(Debug)]
pub struct Program {
    name: String,
    child: Child,
    output: Transcript,
}

impl Program {
    /// Starts `command` with its output appended to the artefact `<name>.log`.
    pub(crate) fn start(
        name: &str,
        command: Command,
        artefacts: &Artefacts,
        lab_began: Instant,
    ) -> Result<Self, LabError> {
        let artefact = format!("{name}.log");
        let log = artefacts.append(&artefact)?;
        let errors = log
            .try_clone()
            .map_err(LabError::system(format!("share {artefact}")))?;
        let output = Transcript::follow(&artefacts.path(&artefact), lab_began)?;
        let mut command = tokio::process::Command::from(command);
        command.stdout(log).stderr(errors);
        let child = command
            .spawn()
            .map_err(LabError::system(format!("start {name}")))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            output,
        })
    }

    /// Its name in the lab.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its pid, until it has ended and was waited for.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// What it prints, from its start on.
    pub const fn output(&self) -> &Transcript {
        &self.output
    }

    /// The artefact that holds what it prints.
    pub fn log(&self) -> &Path {
        self.output.path()
    }

    /// Waits for a line of its output that `is_it`; if it ends without, says with which words.
    pub async fn wait_ready(
        &mut self,
        wanted: &str,
        within: Duration,
        is_it: impl Fn(&str) -> bool,
    ) -> Result<(), LabError> {
        let ready = self
            .output
            .wait_since(Mark::default(), wanted, within, &is_it);
        let status = tokio::select! {
            biased;
            line = ready => return line.map(drop),
            status = self.child.wait() => status,
        };
        // It may have said it just before it ended.
        self.output.catch_up().await?;
        let said = self
            .output
            .wait_since(Mark::default(), wanted, Duration::ZERO, &is_it);
        if said.await.is_ok() {
            return Ok(());
        }
        Err(LabError::Ended {
            name: self.name.clone(),
            status: status.map_err(LabError::system(format!("wait for {}", self.name)))?,
            log: self.log().to_owned(),
            said: self.output.last_lines(5),
        })
    }

    /// Sends it a signal; whether it was there to get it.
    pub fn signal(&self, signal: Signal) -> bool {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        pid.is_some_and(|pid| kill(Pid::from_raw(pid), signal).is_ok())
    }

    /// Waits for its end.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus, LabError> {
        match tokio::time::timeout(within, self.child.wait()).await {
            Ok(status) => status.map_err(LabError::system(format!("wait for {}", self.name))),
            Err(_) => Err(LabError::Late {
                wanted: format!("end of {}", self.name),
                within,
                last: self.output.last_lines(5),
            }),
        }
    }

    /// Asks it to end (SIGTERM) and waits for that.
    pub async fn stop(&mut self, within: Duration) -> Result<ExitStatus, LabError> {
        self.signal(Signal::SIGTERM);
        self.wait(within).await
    }

    /// Ends it at once (SIGKILL).
    pub async fn kill(&mut self) -> Result<ExitStatus, LabError> {
        self.signal(Signal::SIGKILL);
        self.wait(KILL_WITHIN).await
    }
}

const KILL_WITHIN: Duration = Duration::from_secs(30);
