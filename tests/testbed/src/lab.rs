//! A lab: a site in a box, from its first cable to the moment when nothing is left of it.
//!
//! Only [`Lab::finish`] means that the run passed. However else the lab goes (an early return, a
//! panic, Ctrl-C, SIGKILL), its artefacts stay and their path is said where that is possible.

use std::fs::{self, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use machine_core::hardware::MacAddress;

use crate::artefacts::Artefacts;
use crate::bmc::{Bmc, BmcSettings};
use crate::error::LabError;
use crate::machine::Machine;
use crate::namespace::Namespace;
use crate::network::{BRIDGE, Network};
use crate::process::ProcessIdentity;
use crate::program::Program;
use crate::rack::RackedMachine;
use crate::reaper::{LabRecord, Reaper, labs_folder, remove_stale};
use crate::requirement::{Purpose, built, check};
use crate::room::Room;

/// A lab that is up. Several can be, also in one process.
#[derive(Debug)]
pub struct Lab {
    room: Room,
    reaper: Reaper,
    racked: AtomicU8,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nobody said that it passed.
    Open,
    Passed,
    LeftRunning,
}

/// What differs between sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    /// Whether a router advertises itself over IPv6. Without one, iPXE waits for it at every boot.
    pub router: bool,
}

impl Default for Site {
    fn default() -> Self {
        Self { router: true }
    }
}

impl Lab {
    /// Brings up a lab whose artefacts carry `name`, on an ordinary site.
    pub fn up(name: &str) -> Result<Self, LabError> {
        Self::up_at(name, Site::default())
    }

    /// Brings up a lab on a site of this kind.
    pub fn up_at(name: &str, site: Site) -> Result<Self, LabError> {
        if !nix::unistd::geteuid().is_root() {
            return Err(LabError::NotRoot);
        }
        check(Purpose::Demo)?;
        remove_stale()?;
        let began = Instant::now();
        let (id, folder) = claim_folder()?;
        let artefacts = Artefacts::create(name, &id)?;
        let record = LabRecord {
            id,
            owner: ProcessIdentity::own(),
            artefacts: artefacts.directory().to_owned(),
        };
        record.save(&folder)?;
        let mut reaper = Reaper::spawn(&folder, &artefacts)?;
        let network = Network::lay(&record.prefix(), reaper.tether()).inspect_err(|_| {
            // What was laid is taken up before anyone hears of the failure.
            let _ = reaper.reap();
        })?;
        let room = Room {
            folder,
            artefacts,
            network,
            tether: reaper.tether(),
            began,
        };
        let lab = Self {
            room,
            reaper,
            racked: AtomicU8::new(0),
            outcome: Outcome::Open,
        };
        if site.router {
            let mut router = lab.switch().command(built("testbed-router", "testbed")?);
            router.arg(BRIDGE);
            lab.start("router", router)?;
        }
        Ok(lab)
    }

    /// The server's namespace: where the daemon and the BMCs are.
    pub const fn server(&self) -> &Namespace {
        self.room.network.server()
    }

    /// The switch's namespace: where every packet of the segment passes.
    pub const fn switch(&self) -> &Namespace {
        self.room.network.switch()
    }

    /// A new namespace with a link to the switch and no address, for a client program.
    pub fn add_client(&self, name: &str, mac: Option<MacAddress>) -> Result<Namespace, LabError> {
        self.room.network.add_client(name, mac)
    }

    /// The same, with an address, for a server program that is there beside ours.
    pub fn add_host(&self, name: &str, address: Ipv4Addr) -> Result<Namespace, LabError> {
        let host = self.add_client(name, None)?;
        self.room.network.give_address(&host, address)?;
        Ok(host)
    }

    /// Racks a machine; it is off. Must be called within a Tokio runtime, as all that follows files.
    pub fn rack(&self, machine: Machine) -> Result<RackedMachine, LabError> {
        let number = self.racked.fetch_add(1, Ordering::Relaxed) + 1;
        RackedMachine::rack(&self.room, machine, number)
    }

    /// A script for `udhcpc -s` and `dhclient -sf` that prints what it is told, as variables (theirs
    /// are in lower case) sorted by name. Their own scripts would rewrite the host's `/etc/resolv.conf`.
    pub fn lease_script(&self) -> Result<PathBuf, LabError> {
        let path = self.room.folder.join("print-lease");
        fs::write(&path, "#!/bin/sh\nenv | grep '^[a-z]' | sort\n")
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            .map_err(LabError::file("write", &path))?;
        Ok(path)
    }

    /// Starts a command (made with [`Namespace::command`], so that it goes with the lab) with its
    /// output in the artefact `<name>.log`.
    pub fn start(&self, name: &str, command: Command) -> Result<Program, LabError> {
        self.room.start(name, command)
    }

    /// Starts a BMC that has no machine of QEMU's behind it, and waits until it answers.
    pub fn bmc(&self, settings: BmcSettings<'_>) -> Result<Bmc, LabError> {
        Bmc::start(&self.room, settings)
    }

    /// Captures all packets of the segment into the artefact `segment.pcap` from here on.
    pub async fn capture(&self) -> Result<Program, LabError> {
        let mut command = self.switch().command("tcpdump");
        // As root until its end: Debian's own user may not write to the artefacts.
        command.args(["-i", BRIDGE, "-U", "-Z", "root", "-s", "0", "-w"]);
        command.arg(self.room.artefacts.path("segment.pcap"));
        let mut program = self.start("tcpdump", command)?;
        program
            .wait_ready("word that tcpdump listens", CAPTURES_WITHIN, |line| {
                line.contains("listening on")
            })
            .await?;
        Ok(program)
    }

    /// What is kept if the run does not pass.
    pub const fn artefacts(&self) -> &Artefacts {
        &self.room.artefacts
    }

    /// The lab's own folder, which goes with it; for disks, sockets, a daemon's state.
    pub fn folder(&self) -> &Path {
        &self.room.folder
    }

    /// When it came up: what its consoles count from.
    pub const fn began(&self) -> Instant {
        self.room.began
    }

    /// The run passed: takes the lab down and removes its artefacts (with `KEEP=1` they stay).
    pub fn finish(mut self) {
        self.outcome = Outcome::Passed;
    }

    /// Leaves everything running when this process ends; says how to look around and end it.
    pub fn leave_running(mut self) -> Result<String, LabError> {
        let reaper = built("testbed-reaper", "testbed")?;
        self.reaper.keep()?;
        self.outcome = Outcome::LeftRunning;
        Ok(format!(
            "The lab is still up.\n\
             A shell in the server's place:  nsenter --net={server} bash\n\
             The packets of the segment:     nsenter --net={switch} tcpdump -ni {BRIDGE}\n\
             Consoles and logs:              {artefacts}\n\
             Take it down:                   {reaper} {folder} </dev/null\n",
            server = self.server().path().display(),
            switch = self.switch().path().display(),
            artefacts = self.room.artefacts.directory().display(),
            reaper = reaper.display(),
            folder = self.room.folder.display(),
        ))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if self.outcome == Outcome::LeftRunning {
            return;
        }
        let reaped = self.reaper.reap();
        if self.outcome == Outcome::Passed && reaped.is_ok() && self.room.artefacts.discard() {
            return;
        }
        let mut stderr = io::stderr();
        if let Err(error) = reaped {
            let _ = writeln!(stderr, "the lab was not taken down: {error}");
        }
        let directory = self.room.artefacts.directory().display();
        let _ = writeln!(
            stderr,
            "consoles, packets and logs of this lab: {directory}"
        );
    }
}

/// Takes a new id by making its folder: nobody else has it.
fn claim_folder() -> Result<(String, PathBuf), LabError> {
    let labs = labs_folder();
    fs::create_dir_all(&labs).map_err(LabError::file("create", &labs))?;
    loop {
        let drawn = RandomState::new().hash_one(std::process::id());
        let id = format!("{:06x}", drawn >> 40);
        let folder = labs.join(&id);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok((id, folder)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(LabError::file("create", &folder)(error)),
        }
    }
}

const CAPTURES_WITHIN: Duration = Duration::from_secs(30);
