//! A lab with a place for the real daemon, and the ways to run it and its commands.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use machine_core::hardware::MacAddress;
use serde_json::Value;
use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::lab::{Lab, Site};
use testbed::namespace::Namespace;
use testbed::network::LINK;
use testbed::program::Program;
use testbed::requirement::{Purpose, built, check};

/// Only so that a test that hangs ends.
pub(crate) const LONG: Duration = Duration::from_mins(5);
/// The lines of a subnet of which the daemon is the only DHCP server: it need not listen for long
/// whether that is so.
pub(crate) const AUTHORITATIVE: &str =
    "mode: authoritative, ranges: [10.77.0.50-10.77.0.200], foreign_server_wait: 1";

/// A lab whose server's place is the daemon's.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) lab: Lab,
    binary: PathBuf,
}

/// What a command said before it ended.
#[derive(Debug)]
pub(crate) struct Said {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn up(name: &str) -> Self {
        check(Purpose::Test).unwrap();
        let binary = std::env::var_os("DROVER_BIN").map(PathBuf::from);
        Self {
            lab: Lab::up_at(name, Site { router: false }).unwrap(),
            binary: binary.unwrap_or_else(|| built("drover", "drover").unwrap()),
        }
    }

    /// A path in the lab's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.lab.folder().join(name)
    }

    /// The daemon's state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.path("state")
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// A settings file: one subnet with these lines besides its interface, and these sections.
    pub(crate) fn settings(&self, subnet: &str, sections: &str) -> PathBuf {
        let state = self.state();
        let text = format!(
            "state: {{ directory: {} }}\nsubnets:\n  - {{ interface: {LINK}, {subnet} }}\n{sections}",
            state.display()
        );
        self.write("drover.yaml", &text)
    }

    /// `drover serve` with these settings.
    pub(crate) fn serve_command(&self, settings: &Path) -> DaemonCommand {
        DaemonCommand::new(&self.binary)
            .argument("serve")
            .argument("--config")
            .argument(settings)
            .variable("DROVER_LOG_FORMAT", "text")
    }

    /// Starts `drover serve` and waits until it prints this: it need not come to serve.
    pub(crate) async fn begin(&self, settings: &Path, wanted: &str) -> Program {
        let mut command = self.lab.server().command(&self.binary);
        command.args(["serve", "--config"]).arg(settings);
        command.env("DROVER_LOG_FORMAT", "text");
        self.prints("starting", command, wanted).await
    }

    /// The program.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Starts the daemon and waits until it serves.
    pub(crate) async fn serve(&self, settings: &Path) -> DaemonProcess {
        self.start(self.serve_command(settings)).await
    }

    /// Starts `drover serve` with these words and waits until it serves.
    pub(crate) async fn serve_words(&self, words: &[&str]) -> DaemonProcess {
        let command = DaemonCommand::new(&self.binary)
            .argument("serve")
            .variable("DROVER_LOG_FORMAT", "text");
        let command = words.iter().fold(command, DaemonCommand::argument);
        self.start(command).await
    }

    async fn start(&self, command: DaemonCommand) -> DaemonProcess {
        let ready = |line: &str| line.contains(" ready ");
        DaemonProcess::start(&self.lab, command, ready)
            .await
            .unwrap()
    }

    /// Runs `drover` with these words in the server's place, with the socket of [`Self::state`].
    pub(crate) async fn drover(&self, words: &[&str]) -> Said {
        run(self.command(words)).await
    }

    /// The same, still to be run.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.lab.server().command(&self.binary);
        command
            .args(words)
            .env("DROVER_SOCKET", self.state().join("drover.sock"))
            .env("DROVER_LOG_FORMAT", "text")
            .env("DROVER_REASON", "a test")
            .env_remove("DROVER_CONFIG");
        command
    }

    /// The same, within `wrapper`: a program that becomes what its last arguments name.
    pub(crate) async fn drover_within(&self, wrapper: &[&str], words: &[&str]) -> Said {
        let mut command = self.lab.server().command(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(&self.binary)
            .args(words)
            .env("DROVER_REASON", "a test")
            .env("DROVER_LOG_FORMAT", "text");
        run(command).await
    }

    /// Registers the machines of this document.
    pub(crate) async fn register(&self, text: &str) {
        let rack = self.write("rack.yaml", text);
        let words = ["machine", "apply", "-f", rack.to_str().unwrap()];
        self.done(&words).await;
    }

    /// Runs a command that must succeed; what it printed.
    pub(crate) async fn done(&self, words: &[&str]) -> String {
        let said = self.drover(words).await;
        assert_eq!(said.code, Some(0), "{words:?}: {said:?}");
        said.out
    }

    /// The same, as JSON.
    pub(crate) async fn json(&self, words: &[&str]) -> Value {
        let out = self.done(&[words, &["--output", "json"]].concat()).await;
        serde_json::from_str(&out).unwrap()
    }

    /// A client's namespace with this card and maybe an address.
    pub(crate) fn client(
        &self,
        name: &str,
        mac: MacAddress,
        address: Option<Ipv4Addr>,
    ) -> Namespace {
        let client = self.lab.add_client(name, Some(mac)).unwrap();
        if let Some(address) = address {
            give_address(&client, address);
        }
        client
    }

    /// Runs a program of the lab until it prints this.
    pub(crate) async fn prints(&self, name: &str, command: Command, wanted: &str) -> Program {
        let mut program = self.lab.start(name, command).unwrap();
        let printed = |line: &str| line.contains(wanted);
        program.wait_ready(wanted, LONG, printed).await.unwrap();
        program
    }

    /// What udhcpc, which knows nothing, is told in this namespace: `key=value` lines.
    pub(crate) async fn udhcpc(&self, client: &Namespace) -> String {
        let script = self.lab.lease_script().unwrap();
        let mut command = client.command("udhcpc");
        command.args(["-f", "-q", "-n", "-t", "10", "-i", LINK, "-s"]);
        command.arg(script);
        let said = run(command).await;
        assert_eq!(said.code, Some(0), "udhcpc: {said:?}");
        said.out
    }
}

/// Gives a client's link an address; again, if it had it before.
pub(crate) fn give_address(client: &Namespace, address: Ipv4Addr) {
    let mut command = client.command("ip");
    command.args(["address", "replace", &format!("{address}/24"), "dev", LINK]);
    assert!(command.status().unwrap().success());
}

/// Runs a command to its end.
pub(crate) async fn run(command: Command) -> Said {
    let mut command = tokio::process::Command::from(command);
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let shown = format!("{command:?}");
    let output = tokio::time::timeout(LONG, command.output()).await;
    let output = output.unwrap_or_else(|_| panic!("it does not end: {shown}"));
    let output = output.unwrap();
    Said {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The value of a `key=value` line.
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(name, _)| *name == key)
        .map(|(_, value)| value)
        .next_back()
}

/// The card of the client with this number.
pub(crate) const fn card(number: u8) -> MacAddress {
    MacAddress::new([0x52, 0x54, 0x00, 0x77, 0xcc, number])
}
