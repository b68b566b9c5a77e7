//! Which disk of a machine: an identity that one disk has, and that does not move with its slot.
//!
//! Talos takes the texts of a disk selector as patterns (`*` stands for anything, by
//! `ryanuber/go-glob`) and installs to the first disk that fits. So a text that could fit several
//! disks is no identity, and a text that Talos never prints fits none. People copy what `lsblk`,
//! `/dev/disk/by-id`, `smartctl` and labels show: each of these forms is read as the one that Talos
//! prints, or refused with what to write instead.

mod by_id;
mod identifier;
pub mod world_wide_name;

use std::fmt;
use std::str::FromStr;

use crate::disk::by_id::{Link, without_label};
use crate::disk::world_wide_name::WorldWideName;
use crate::hardware::ParseHardwareError;

/// Longest serial number of a disk: `NVMe`, ATA and virtio have 20 bytes; the rest is room for what
/// others give their disks.
const LONGEST_SERIAL: usize = 64;

/// Which disk of a machine: never `/dev/sda`, and never a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DiskIdentity {
    /// The serial number that the disk reports.
    Serial(DiskSerial),
    /// Its world-wide name, as Talos prints `wwid`.
    Wwn(WorldWideName),
    /// A text of an earlier version that names no single disk. Nothing is ever erased by it.
    Unusable(String),
}

/// The serial number of a disk: 1 to 64 printable ASCII characters, none of which is special to a
/// selector, a script or a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DiskSerial(String);

impl DiskSerial {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn checked(text: &str) -> Result<Self, ParseHardwareError> {
        let wanted = "a disk's serial number: 1 to 64 printable characters without quotes, $ or \
                      braces";
        identifier::checked(text, LONGEST_SERIAL, wanted).map(Self)
    }
}

impl fmt::Display for DiskSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl DiskIdentity {
    /// The disk of this serial number, as a person writes it.
    pub fn from_serial(text: &str) -> Result<Self, ParseHardwareError> {
        let text = without_label(text, &["Serial Number:", "SERIAL:", "SN:", "S/N:"]);
        let refused = |wanted| Err(ParseHardwareError::new(wanted, text));
        match Link::of(text) {
            Link::None => {}
            Link::Virtio(serial) => return DiskSerial::checked(serial).map(Self::Serial),
            Link::Advice(wanted) => return refused(wanted),
            Link::Name(_) => {
                return refused("a serial number; what /dev/disk/by-id calls so goes to wwn");
            }
        }
        let serial = DiskSerial::checked(text)?;
        if WorldWideName::is_written_like_one(text) {
            return refused("a serial number; a world-wide name goes to wwn");
        }
        Ok(Self::Serial(serial))
    }

    /// The disk of this world-wide name, as a person writes it.
    pub fn from_wwn(text: &str) -> Result<Self, ParseHardwareError> {
        text.parse().map(Self::Wwn)
    }

    /// Whether it names one disk.
    pub const fn is_usable(&self) -> bool {
        match self {
            Self::Serial(_) | Self::Wwn(_) => true,
            Self::Unusable(_) => false,
        }
    }

    /// What may keep Talos from finding the disk, and the way out. Talos 1.13 reads serial numbers
    /// of `NVMe` and virtio disks from the kernel; its helper for the others is not started for them
    /// (`block/disks.go`, as of 1.13.9).
    pub const fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Serial(_) => Some(
                "Talos 1.13 knows the serial numbers of NVMe and virtio disks only: if this is a \
                 SATA or SAS disk, use wwn, as `lsblk -o NAME,WWN` prints it",
            ),
            Self::Wwn(_) => None,
            Self::Unusable(_) => Some(
                "it names no single disk, and nothing is installed by it: name the disk by wwn or \
                 serial and apply again",
            ),
        }
    }
}

/// `serial:DISK1` or `wwn:naa.5000c500a1b2c3d4`.
impl fmt::Display for DiskIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(serial) => write!(f, "serial:{serial}"),
            Self::Wwn(wwn) => write!(f, "wwn:{wwn}"),
            Self::Unusable(text) => f.write_str(text),
        }
    }
}

/// Reads what [`DiskIdentity`] prints, and what earlier versions kept.
impl FromStr for DiskIdentity {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        let known = match text.split_once(':') {
            Some(("serial", serial)) => DiskSerial::checked(serial).map(Self::Serial),
            Some(("wwn", wwn)) => Self::from_wwn(wwn),
            _ => return Err(ParseHardwareError::new("serial:… or wwn:…", text)),
        };
        Ok(known.unwrap_or_else(|_| Self::Unusable(printable(text))))
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests;
