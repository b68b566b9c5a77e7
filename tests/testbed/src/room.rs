//! The room of a lab: what is there for machines, BMCs and programs to be put into.

use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use tokio::runtime::Handle;

use crate::artefacts::Artefacts;
use crate::error::LabError;
use crate::network::Network;
use crate::program::Program;
use crate::tether::Tether;

/// Cables, a folder, a place for artefacts, and the line to the one who clears it all away.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) folder: PathBuf,
    pub(crate) artefacts: Artefacts,
    pub(crate) network: Network,
    pub(crate) tether: Tether,
    pub(crate) began: Instant,
}

impl Room {
    /// Starts a command with its output in the artefact `<name>.log`. It is the lab's from its
    /// birth: until nsenter has put it where it belongs, it is in the switch's namespace. The reaper
    /// would miss one that is on its way from outside.
    pub(crate) fn start(&self, name: &str, command: Command) -> Result<Program, LabError> {
        let runtime = Handle::current();
        self.network.switch().enter(move || {
            let _inside = runtime.enter();
            Program::start(name, command, &self.artefacts, self.began)
        })?
    }

    /// The folder of the machine with this name; it is made by whoever racks it.
    pub(crate) fn machine_folder(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// An artefact of the machine with this name.
    pub(crate) fn machine_artefact(&self, machine: &str, artefact: &str) -> PathBuf {
        self.artefacts.path(&format!("{machine}-{artefact}"))
    }
}
