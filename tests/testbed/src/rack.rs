//! A machine in the rack: a chassis with cables, a console that can be read, and maybe a BMC.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use machine_core::hardware::{Firmware, MacAddress, SerialNumber, SystemUuid};
use machine_core::power::PowerState;

use crate::artefacts::is_set;
use crate::bmc::Bmc;
use crate::chassis::{Chassis, DiskFile, Nic};
use crate::error::LabError;
use crate::machine::{BootOrder, Disk, Machine};
use crate::room::Room;
use crate::tether::Tether;
use crate::transcript::Transcript;

/// A machine that is racked, and off until somebody powers it on.
#[derive(Debug)]
pub struct RackedMachine {
    machine: Machine,
    uuid: SystemUuid,
    serial: SerialNumber,
    chassis: Chassis,
    console: Transcript,
    bmc: Option<Bmc>,
    tether: Tether,
}

impl RackedMachine {
    /// Puts `machine` into the room as its machine number `number`, counted from 1.
    pub(crate) fn rack(room: &Room, mut machine: Machine, number: u8) -> Result<Self, LabError> {
        check(&machine)?;
        if machine.nics.is_empty() {
            machine
                .nics
                .push(MacAddress::new([0x52, 0x54, 0x00, 0x77, 0x00, number]));
        }
        let uuid = machine.uuid.unwrap_or_else(|| default_uuid(number));
        let serial = match &machine.serial {
            Some(serial) => serial.clone(),
            None => parse_serial(&format!("LAB{number:03}"))?,
        };
        let folder = room.machine_folder(&machine.name);
        fs::create_dir(&folder).map_err(LabError::file("create", &folder))?;
        let artefact = |name: &str| room.machine_artefact(&machine.name, name);
        let chassis = Chassis {
            name: machine.name.clone(),
            namespace: room.network.switch().name().to_owned(),
            console: artefact("console.raw"),
            log: artefact("qemu.log"),
            calls: artefact("bmc-calls.log"),
            uefi: machine.firmware == Firmware::Uefi,
            netboot: machine.netboot,
            secure_boot: machine.secure_boot,
            memory_mib: machine.memory_mib,
            uuid: uuid.to_string(),
            serial: serial.to_string(),
            nics: cable(room, &machine.nics)?,
            disks: make_disks(&folder, &machine.disks)?,
            network_first: machine.boot_order == BootOrder::NetworkFirst,
            kvm: is_set("KVM"),
            folder,
        };
        chassis.save()?;
        let stamped = artefact("console.log");
        let console = Transcript::follow_stamped(&chassis.console, &stamped, room.began)?;
        let bmc = match machine.credentials.clone() {
            None => None,
            Some(credentials) => {
                let address = Ipv4Addr::new(10, 77, 1, number.saturating_add(10));
                room.network.add_server_address(address)?;
                Some(Bmc::of_chassis(room, &chassis, address, credentials)?)
            }
        };
        Ok(Self {
            machine,
            uuid,
            serial,
            chassis,
            console,
            bmc,
            tether: room.tether.clone(),
        })
    }

    /// Its name in the lab.
    pub fn name(&self) -> &str {
        &self.machine.name
    }

    /// Its firmware.
    pub const fn firmware(&self) -> Firmware {
        self.machine.firmware
    }

    /// The hardware addresses of its NICs; there is at least one.
    pub fn macs(&self) -> &[MacAddress] {
        &self.machine.nics
    }

    /// Its SMBIOS UUID.
    pub const fn uuid(&self) -> SystemUuid {
        self.uuid
    }

    /// Its SMBIOS serial number.
    pub const fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// Its disks.
    pub fn disks(&self) -> &[Disk] {
        &self.machine.disks
    }

    /// The file that holds the contents of the disk with this serial number.
    pub fn disk_file(&self, serial: &SerialNumber) -> Option<&Path> {
        let mut disks = self.chassis.disks.iter();
        let found = disks.find(|disk| disk.serial == serial.as_str())?;
        Some(&found.path)
    }

    /// What it says on its serial port.
    pub const fn console(&self) -> &Transcript {
        &self.console
    }

    /// Its BMC, if it has one.
    pub const fn bmc(&self) -> Option<&Bmc> {
        self.bmc.as_ref()
    }

    /// Its BMC, to make it fail.
    pub const fn bmc_mut(&mut self) -> Option<&mut Bmc> {
        self.bmc.as_mut()
    }

    /// Its chassis, whose buttons can be pressed without a BMC.
    pub const fn chassis(&self) -> &Chassis {
        &self.chassis
    }

    /// Whether it has power.
    pub fn power(&self) -> PowerState {
        self.chassis.power()
    }

    /// Presses its power button while it is off.
    pub fn power_on(&self) -> Result<(), LabError> {
        self.chassis.power_on(&self.tether)
    }

    /// Presses its reset button.
    pub fn reset(&self) -> Result<(), LabError> {
        self.chassis.reset(&self.tether)
    }

    /// A power cut: nothing in it gets another turn. The BMC lives on and says that it is off.
    pub fn cut_power(&self) -> Result<(), LabError> {
        self.chassis.cut_power()
    }
}

fn check(machine: &Machine) -> Result<(), LabError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if machine.name.is_empty() || !machine.name.chars().all(plain) {
        return Err(LabError::Unfit {
            what: "a machine's name",
            wanted: "lower-case letters, digits and hyphens",
            got: machine.name.clone(),
        });
    }
    for disk in &machine.disks {
        // VIRTIO_BLK_ID_BYTES: a longer one would be cut off.
        if disk.serial.as_str().len() > 20 {
            return Err(LabError::Unfit {
                what: "a disk's serial number",
                wanted: "at most 20 characters",
                got: disk.serial.to_string(),
            });
        }
    }
    Ok(())
}

/// Differs between the machines of a lab in its last byte.
const fn default_uuid(number: u8) -> SystemUuid {
    SystemUuid::from_bytes([
        0x4c, 0x4c, 0x45, 0x44, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, number,
    ])
}

fn parse_serial(text: &str) -> Result<SerialNumber, LabError> {
    text.parse().map_err(|_| LabError::Unfit {
        what: "a machine's serial number",
        wanted: "printable characters",
        got: text.to_owned(),
    })
}

fn cable(room: &Room, macs: &[MacAddress]) -> Result<Vec<Nic>, LabError> {
    macs.iter()
        .map(|mac| {
            Ok(Nic {
                mac: mac.to_string(),
                tap: room.network.add_tap()?,
            })
        })
        .collect()
}

fn make_disks(folder: &Path, disks: &[Disk]) -> Result<Vec<DiskFile>, LabError> {
    let paths = (0..).map(|number| folder.join(format!("disk{number}.raw")));
    disks.iter().zip(paths).map(make_disk).collect()
}

/// A sparse file: it takes the room that is written to.
fn make_disk((disk, path): (&Disk, PathBuf)) -> Result<DiskFile, LabError> {
    File::create(&path)
        .and_then(|file| file.set_len(u64::from(disk.gib) << 30))
        .map_err(LabError::file("make", &path))?;
    Ok(DiskFile {
        serial: disk.serial.to_string(),
        path,
    })
}
