//! Drover in the lab: its daemon, and its commands as a user types them.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::lab::Lab;
use testbed::namespace::Namespace;
use tokio::process::Command;

use crate::error::ScenarioError;
use crate::program;

/// A running Drover, and the way to ask it.
#[derive(Debug)]
pub struct Drover {
    client: Client,
    daemon: DaemonProcess,
}

/// The commands of `drover` for one daemon.
#[derive(Debug, Clone)]
pub struct Client {
    binary: PathBuf,
    socket: PathBuf,
    place: Namespace,
}

impl Drover {
    /// Starts `drover serve` with these settings, whose state directory is `state`, and waits until
    /// it serves.
    pub async fn start(lab: &Lab, settings: &Path, state: &Path) -> Result<Self, ScenarioError> {
        let binary = program::drover()?;
        let command = DaemonCommand::new(&binary)
            .argument("serve")
            .argument("--config")
            .argument(settings);
        let daemon = DaemonProcess::start(lab, command, is_ready).await?;
        let client = Client {
            binary,
            socket: state.join("drover.sock"),
            place: lab.server().clone(),
        };
        Ok(Self { client, daemon })
    }

    /// Its commands.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Its daemon.
    pub const fn daemon(&self) -> &DaemonProcess {
        &self.daemon
    }

    /// Asks it to end, and waits until it has drained.
    pub async fn stop(&mut self) -> Result<(), ScenarioError> {
        self.daemon.stop().await?;
        Ok(())
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub async fn kill(&mut self) -> Result<(), ScenarioError> {
        self.daemon.kill().await?;
        Ok(())
    }

    /// Waits for an end that it comes to by itself, or was brought to by somebody else.
    pub async fn wait_end(&mut self, within: Duration) -> Result<(), ScenarioError> {
        self.daemon.wait(within).await?;
        Ok(())
    }

    /// Starts it again.
    pub async fn start_again(&mut self, lab: &Lab) -> Result<(), ScenarioError> {
        Ok(self.daemon.start_again(lab).await?)
    }
}

fn is_ready(line: &str) -> bool {
    line.contains(" ready ")
}

impl Client {
    /// A command with these words; it goes with the lab, and with its value.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = self.place.command(&self.binary);
        command.arg("--socket").arg(&self.socket).args(words);
        command.env("DROVER_REASON", "a scenario");
        let mut command = Command::from(command);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The beginning of a command line that asks this daemon, for people.
    pub fn command_line(&self) -> String {
        let (binary, socket) = (self.binary.display(), self.socket.display());
        format!("{binary} --socket {socket}")
    }

    /// Runs a command; what it printed.
    pub async fn run(&self, words: &[&str]) -> Result<String, ScenarioError> {
        let failed = |said: String| ScenarioError::Command {
            command: words.join(" "),
            said,
        };
        let output = self.command(words).output().await;
        let output = output.map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ))
    }

    /// Runs a command with `--output json`; what it printed.
    pub async fn json(&self, words: &[&str]) -> Result<Value, ScenarioError> {
        let words: Vec<&str> = words.iter().copied().chain(["--output", "json"]).collect();
        let printed = self.run(&words).await?;
        serde_json::from_str(&printed).map_err(|_| ScenarioError::Printed {
            command: words.join(" "),
            wanted: "JSON document",
            got: printed,
        })
    }
}
