//! A machine as a value: what it is made of, before it is racked.
//!
//! What is not said is filled in when it is racked, differently for each machine of a lab.

use std::fmt;

use machine_core::hardware::{Firmware, MacAddress, SerialNumber, SystemUuid};
use serde::{Deserialize, Serialize};

/// What a machine is made of.
#[derive(Debug, Clone)]
#[must_use = "a machine is only a value until it is racked"]
pub struct Machine {
    pub(crate) name: String,
    pub(crate) firmware: Firmware,
    pub(crate) secure_boot: SecureBoot,
    pub(crate) memory_mib: u32,
    pub(crate) disks: Vec<Disk>,
    pub(crate) nics: Vec<MacAddress>,
    pub(crate) uuid: Option<SystemUuid>,
    pub(crate) serial: Option<SerialNumber>,
    pub(crate) boot_order: BootOrder,
    pub(crate) netboot: Netboot,
    pub(crate) credentials: Option<Credentials>,
}

/// A disk, empty when it is racked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// What it reports; virtio carries 20 characters.
    pub serial: SerialNumber,
    /// Its size.
    pub gib: u32,
}

/// What the firmware tries first when nobody overrides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootOrder {
    /// The disks, then the network.
    DiskFirst,
    /// The network, then the disks.
    NetworkFirst,
}

/// Whether UEFI starts only what is signed with a key that it trusts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecureBoot {
    /// It starts everything.
    Off,
    /// It has Microsoft's keys, and enforces them.
    Enforced,
}

/// How UEFI boots from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Netboot {
    /// PXE over IPv4 first, as OVMF does by itself.
    Pxe,
    /// HTTP over IPv4, with PXE switched off.
    Http,
}

/// Who may drive a BMC.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({}, …)", self.user)
    }
}

impl Machine {
    /// A machine with UEFI: OVMF with its own (EDK2's) network boot.
    pub fn uefi(name: &str) -> Self {
        Self::new(name, Firmware::Uefi)
    }

    /// A machine with a legacy BIOS: SeaBIOS, with iPXE as the boot ROM of its NICs.
    pub fn bios(name: &str) -> Self {
        Self::new(name, Firmware::Bios)
    }

    fn new(name: &str, firmware: Firmware) -> Self {
        Self {
            name: name.to_owned(),
            firmware,
            secure_boot: SecureBoot::Off,
            memory_mib: 512,
            disks: Vec::new(),
            nics: Vec::new(),
            uuid: None,
            serial: None,
            boot_order: BootOrder::DiskFirst,
            netboot: Netboot::Pxe,
            credentials: None,
        }
    }

    /// Enforcing Secure Boot with Microsoft's keys; only UEFI does.
    pub const fn secure_boot(mut self) -> Self {
        self.secure_boot = SecureBoot::Enforced;
        self
    }

    /// With this much memory (512 MiB otherwise).
    pub const fn memory(mut self, mib: u32) -> Self {
        self.memory_mib = mib;
        self
    }

    /// With one more disk.
    pub fn disk(mut self, serial: SerialNumber, gib: u32) -> Self {
        self.disks.push(Disk { serial, gib });
        self
    }

    /// With one more NIC (otherwise it has one, with an address of its own).
    pub fn nic(mut self, mac: MacAddress) -> Self {
        self.nics.push(mac);
        self
    }

    /// With this SMBIOS UUID.
    pub const fn uuid(mut self, uuid: SystemUuid) -> Self {
        self.uuid = Some(uuid);
        self
    }

    /// With this SMBIOS serial number.
    pub fn serial(mut self, serial: SerialNumber) -> Self {
        self.serial = Some(serial);
        self
    }

    /// With a BMC that this user may drive.
    pub fn bmc(mut self, user: &str, password: &str) -> Self {
        self.credentials = Some(Credentials {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        self
    }

    /// Booting over HTTP: UEFI only.
    pub const fn http_boot(mut self) -> Self {
        self.netboot = Netboot::Http;
        self
    }

    /// Booting from the network before its disks.
    pub const fn network_first(mut self) -> Self {
        self.boot_order = BootOrder::NetworkFirst;
        self
    }
}
