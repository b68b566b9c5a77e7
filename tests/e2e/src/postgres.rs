//! A PostgreSQL server in the lab, for a Drover that keeps its records there. It can be stopped and
//! started again with what it holds.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::User;
use testbed::lab::Lab;
use testbed::program::Program;

use crate::error::ScenarioError;

/// The server. It listens on a Unix socket in its directory, and on nothing else.
#[derive(Debug)]
pub struct Postgres {
    directory: PathBuf,
    program: Program,
}

impl Postgres {
    /// Makes an empty server in the lab's folder, and starts it.
    pub async fn start(lab: &Lab) -> Result<Self, ScenarioError> {
        let directory = lab.folder().join("postgres");
        fs::create_dir(&directory).map_err(ScenarioError::file("make", &directory))?;
        let owner = User::from_name(OWNER).ok().flatten();
        let owner = owner.ok_or(ScenarioError::NoPostgres)?;
        chown(
            &directory,
            Some(owner.uid.as_raw()),
            Some(owner.gid.as_raw()),
        )
        .map_err(ScenarioError::file("hand over", &directory))?;
        let mut make = as_owner(lab, "initdb", &directory)?;
        make.args(["--username", "drover", "--auth", "trust", "--no-sync"])
            .args(["--encoding", "UTF8", "--locale", "C", "-D"])
            .arg(data(&directory));
        let status = lab.start("initdb", make)?.wait(LONG).await?;
        if !status.success() {
            return Err(ScenarioError::NoPostgres);
        }
        let program = run(lab, &directory).await?;
        Ok(Self { directory, program })
    }

    /// The URL of its one database.
    pub fn url(&self) -> String {
        let socket = self.directory.display();
        format!("postgres://drover@localhost/postgres?host={socket}")
    }

    /// Stops it, as an administrator would who does not wait for its clients to leave.
    pub async fn stop(&mut self) -> Result<(), ScenarioError> {
        // SIGINT is PostgreSQL's fast shutdown: it ends sessions, and rolls back what they began.
        self.program.signal(Signal::SIGINT);
        self.program.wait(LONG).await?;
        Ok(())
    }

    /// Starts it again, after it was stopped.
    pub async fn start_again(&mut self, lab: &Lab) -> Result<(), ScenarioError> {
        self.program = run(lab, &self.directory).await?;
        Ok(())
    }
}

async fn run(lab: &Lab, directory: &Path) -> Result<Program, ScenarioError> {
    let mut command = as_owner(lab, "postgres", directory)?;
    command.arg("-D").arg(data(directory)).arg("-k");
    command.arg(directory).args(["-c", "listen_addresses="]);
    let mut program = lab.start("postgres", command)?;
    let is_ready = |line: &str| line.contains("database system is ready to accept connections");
    program
        .wait_ready("word that PostgreSQL serves", LONG, is_ready)
        .await?;
    Ok(program)
}

fn data(directory: &Path) -> PathBuf {
    directory.join("data")
}

/// PostgreSQL refuses to run as root.
fn as_owner(lab: &Lab, program: &str, directory: &Path) -> Result<Command, ScenarioError> {
    let mut command = lab.server().command("setpriv");
    command.args(["--reuid", OWNER, "--regid", OWNER, "--init-groups"]);
    command.arg(installed()?.join(program));
    command.current_dir(directory).env("LC_ALL", "C");
    Ok(command)
}

/// Debian keeps each major version in a directory of its own, and none of them in `$PATH`.
fn installed() -> Result<PathBuf, ScenarioError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.filter_map(Result::ok);
    let newest = versions.map(|version| version.path().join("bin")).max();
    newest.ok_or(ScenarioError::NoPostgres)
}

/// The user that Debian's package makes.
const OWNER: &str = "postgres";
const LONG: Duration = Duration::from_mins(2);
