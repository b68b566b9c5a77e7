//! A chassis: the file that describes a racked machine, for everyone who may press its buttons.
//!
//! The test, its BMC's program and a person at a shell all work from this file; what the machine
//! is doing is not in it, because QEMU knows that better.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::machine::{Netboot, SecureBoot};

/// A racked machine as QEMU needs to know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chassis {
    /// Its name in the lab.
    pub name: String,
    /// The folder of what belongs to it; this description, too.
    pub folder: PathBuf,
    /// The namespace in which it runs, the switch's.
    pub namespace: String,
    /// Where its console goes, as it comes.
    pub console: PathBuf,
    /// Where QEMU complains.
    pub log: PathBuf,
    /// Where the calls of its BMC are written down.
    pub calls: PathBuf,
    /// Whether it has UEFI; a legacy BIOS otherwise.
    pub uefi: bool,
    /// How UEFI boots from the network.
    pub netboot: Netboot,
    /// Whether its UEFI enforces Secure Boot.
    pub secure_boot: SecureBoot,
    /// Its memory.
    pub memory_mib: u32,
    /// Its SMBIOS UUID.
    pub uuid: String,
    /// Its SMBIOS serial number.
    pub serial: String,
    /// Its NICs, in order.
    pub nics: Vec<Nic>,
    /// Its disks, in order.
    pub disks: Vec<DiskFile>,
    /// Whether its own boot order has the network first.
    pub network_first: bool,
    /// Whether the user asked for KVM.
    pub kvm: bool,
}

/// A NIC and its cable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nic {
    /// Its hardware address.
    pub mac: String,
    /// The tap at the other end of its cable.
    pub tap: String,
}

/// A disk and the file that holds its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiskFile {
    /// The serial number that it reports.
    pub serial: String,
    /// The file.
    pub path: PathBuf,
}

impl Chassis {
    /// Reads the description in `folder`.
    pub fn load(folder: &Path) -> Result<Self, LabError> {
        let path = folder.join(FILE);
        let text = fs::read(&path).map_err(LabError::file("read", &path))?;
        serde_json::from_slice(&text).map_err(|source| LabError::Unreadable {
            path,
            wanted: "chassis",
            source,
        })
    }

    /// Writes it into its folder.
    pub(crate) fn save(&self) -> Result<(), LabError> {
        let path = self.folder.join(FILE);
        let text = serde_json::to_vec_pretty(self).map_err(|source| LabError::Unreadable {
            path: path.clone(),
            wanted: "chassis",
            source,
        })?;
        fs::write(&path, text).map_err(LabError::file("write", &path))
    }

    /// The Unix socket of QEMU's monitor.
    pub fn monitor(&self) -> PathBuf {
        self.folder.join("qmp")
    }

    /// The file in which QEMU writes its pid.
    pub fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }

    /// The UEFI variables of this machine.
    pub fn variables(&self) -> PathBuf {
        self.folder.join("variables.fd")
    }

    /// The boot device that its BMC was told to use once.
    pub(crate) fn override_file(&self) -> PathBuf {
        self.folder.join("boot-override")
    }

    /// There while its plug is pulled.
    pub(crate) fn unplugged_file(&self) -> PathBuf {
        self.folder.join("unplugged")
    }

    /// Held by whoever presses a button.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }
}

const FILE: &str = "chassis.json";
