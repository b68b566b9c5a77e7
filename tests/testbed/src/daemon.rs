//! The daemon under test: a real program in the server's place, which may be killed and restarted.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use crate::error::LabError;
use crate::lab::Lab;
use crate::program::Program;

/// How a daemon is started.
#[derive(Debug, Clone)]
#[must_use = "nothing runs until it is started"]
pub struct DaemonCommand {
    /// The program.
    pub binary: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// What its environment has besides ours.
    pub environment: Vec<(OsString, OsString)>,
}

impl DaemonCommand {
    /// A daemon without arguments.
    pub fn new(binary: impl AsRef<Path>) -> Self {
        Self {
            binary: binary.as_ref().to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }

    /// With one more argument.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// With one more variable in its environment.
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }
}

/// A daemon that said it was ready. All its lives write to one artefact, `daemon.log`.
#[derive(Debug)]
pub struct DaemonProcess {
    command: DaemonCommand,
    ready: fn(&str) -> bool,
    program: Program,
}

impl DaemonProcess {
    /// Starts it in the server's namespace and waits for a line of its output that is `ready`.
    pub async fn start(
        lab: &Lab,
        command: DaemonCommand,
        ready: fn(&str) -> bool,
    ) -> Result<Self, LabError> {
        let program = launch(lab, &command, ready).await?;
        Ok(Self {
            command,
            ready,
            program,
        })
    }

    /// The program of its present life.
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// Asks it to end (SIGTERM) and waits until it has drained.
    pub async fn stop(&mut self) -> Result<ExitStatus, LabError> {
        self.program.stop(DRAIN_WITHIN).await
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub async fn kill(&mut self) -> Result<ExitStatus, LabError> {
        self.program.kill().await
    }

    /// Waits for an end that it comes to by itself.
    pub async fn wait(&mut self, within: Duration) -> Result<ExitStatus, LabError> {
        self.program.wait(within).await
    }

    /// Starts it again, after it ended, as it was started before.
    pub async fn start_again(&mut self, lab: &Lab) -> Result<(), LabError> {
        self.program = launch(lab, &self.command, self.ready).await?;
        Ok(())
    }
}

async fn launch(
    lab: &Lab,
    command: &DaemonCommand,
    ready: fn(&str) -> bool,
) -> Result<Program, LabError> {
    let mut inside = lab.server().command(&command.binary);
    inside
        .args(&command.arguments)
        .envs(command.environment.iter().cloned());
    let mut program = lab.start("daemon", inside)?;
    program
        .wait_ready("word that the daemon is ready", READY_WITHIN, ready)
        .await?;
    Ok(program)
}

const READY_WITHIN: Duration = Duration::from_mins(1);
const DRAIN_WITHIN: Duration = Duration::from_mins(1);
