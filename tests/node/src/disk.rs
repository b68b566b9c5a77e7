//! Which disk the config means.
//!
//! A selector's fields must all match; `serial`, `wwid`, `model` and `name` are patterns in which `*`
//! stands for anything ([`crate::glob`]). Of several disks the first is taken, as Talos does. Talos
//! 1.13 knows a serial of virtio and `NVMe` disks only; a SATA or SCSI disk has its WWID.

use crate::config_document::DiskSelectorSection;
use crate::glob;
use thiserror::Error;

/// Where to install to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallTarget {
    /// `install.disk`, a device path.
    Path(String),
    /// `install.diskSelector`.
    Selector(DiskSelectorSection),
}

/// A disk, as the kernel shows it in `/sys/block`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disk {
    /// Its name: `vda`.
    pub name: String,
    /// Its length in sectors of 512 bytes.
    pub sectors: u64,
    /// How it is attached.
    pub transport: Transport,
    /// Its serial number. Not everything has one that Talos knows: [`Disk::known_serial`].
    pub serial: String,
    /// Its world-wide identifier: `naa.…`, `eui.…`, `nvme.…`, `t10.…`.
    pub wwid: String,
    /// Its model.
    pub model: String,
}

/// How a disk is attached, as far as it matters here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Transport {
    /// `nvme`.
    Nvme,
    /// `virtio`: virtio-blk.
    Virtio,
    /// `sata`, `sas`, `usb`, virtio-scsi: whatever the kernel's SCSI layer drives.
    Scsi,
    /// None that Talos would install to: a loop device, a RAM disk.
    #[default]
    None,
}

impl Disk {
    /// The serial that a selector is held against, "" if Talos knows none.
    pub fn known_serial(&self) -> &str {
        match self.transport {
            Transport::Nvme | Transport::Virtio => &self.serial,
            Transport::Scsi | Transport::None => "",
        }
    }
}

/// Picks the disk to install to.
pub fn choose<'a>(disks: &'a [Disk], target: &InstallTarget) -> Result<&'a Disk, NoSuchDisk> {
    match target {
        InstallTarget::Path(path) => {
            let name = path.strip_prefix("/dev/").unwrap_or(path);
            let chosen = disks.iter().find(|disk| disk.name == name);
            chosen.ok_or_else(|| NoSuchDisk::NoPath(path.clone()))
        }
        InstallTarget::Selector(selector) => {
            let chosen = disks.iter().find(|disk| selects(selector, disk));
            chosen.ok_or_else(|| NoSuchDisk::NoMatch(expression(selector)))
        }
    }
}

/// No disk is meant, in Talos's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoSuchDisk {
    /// Nothing has this path. Talos finds that out while it installs.
    #[error("lstat {0}: no such file or directory")]
    NoPath(String),
    /// No disk matches the selector. Talos finds that out before it takes the config.
    #[error("no disks matched the expression: {0}")]
    NoMatch(String),
}

/// The fields that are patterns, and what each is held against.
fn patterns(selector: &DiskSelectorSection) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("disk.dev_path", &selector.name),
        ("disk.model", &selector.model),
        ("disk.serial", &selector.serial),
        ("disk.wwid", &selector.wwid),
    ]
    .into_iter()
    .filter_map(|(field, pattern)| Some((field, pattern.as_deref()?)))
}

fn selects(selector: &DiskSelectorSection, disk: &Disk) -> bool {
    let not_known_here = [
        &selector.modalias,
        &selector.uuid,
        &selector.disk_type,
        &selector.bus_path,
    ];
    if selector.size.is_some() || not_known_here.iter().any(|field| field.is_some()) {
        return false;
    }
    let device = format!("/dev/{}", disk.name);
    disk.transport != Transport::None
        && patterns(selector).all(|(field, pattern)| {
            let value = match field {
                "disk.dev_path" => &device,
                "disk.model" => &disk.model,
                "disk.serial" => disk.known_serial(),
                _ => &disk.wwid,
            };
            glob::matches(pattern, value)
        })
}

/// The selector as Talos spells it in CEL.
fn expression(selector: &DiskSelectorSection) -> String {
    let globs = patterns(selector).map(|(field, pattern)| format!("glob({pattern:?}, {field})"));
    let usable = ["disk.transport != \"\"", "!disk.readonly", "!disk.cdrom"];
    let parts: Vec<String> = globs.chain(usable.map(str::to_owned)).collect();
    parts.join(" && ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disks() -> Vec<Disk> {
        let disk = |name: &str, transport, serial: &str, wwid: &str| Disk {
            name: name.into(),
            sectors: 2_097_152,
            transport,
            serial: serial.into(),
            wwid: wwid.into(),
            model: String::new(),
        };
        vec![
            disk("loop0", Transport::None, "", ""),
            disk("sda", Transport::Scsi, "S4EVNF0M", "naa.5000c500a1b2c3d4"),
            disk("vda", Transport::Virtio, "data", ""),
            disk("vdb", Transport::Virtio, "root-1", ""),
            disk(
                "nvme0n1",
                Transport::Nvme,
                "N-1",
                "nvme.1b36-4e2d31-00000001",
            ),
        ]
    }

    fn selector(serial: Option<&str>, wwid: Option<&str>) -> InstallTarget {
        InstallTarget::Selector(DiskSelectorSection {
            serial: serial.map(str::to_owned),
            wwid: wwid.map(str::to_owned),
            ..DiskSelectorSection::default()
        })
    }

    fn chosen(target: &InstallTarget) -> Option<String> {
        let disks = disks();
        let chosen = choose(&disks, target).ok();
        chosen.map(|disk| disk.name.clone())
    }

    #[test]
    fn a_disk_is_chosen_by_what_it_is_not_by_its_place() {
        for (target, wanted) in [
            (selector(Some("root-1"), None), Some("vdb")),
            (selector(Some("root"), None), None),
            (selector(Some("other"), None), None),
            (selector(Some("N-1"), None), Some("nvme0n1")),
            (selector(Some("N-1"), Some("nvme.*")), Some("nvme0n1")),
            (selector(Some("root-1"), Some("nvme.*")), None),
            (InstallTarget::Path("/dev/vda".into()), Some("vda")),
            (InstallTarget::Path("/dev/sdz".into()), None),
        ] {
            assert_eq!(chosen(&target).as_deref(), wanted, "{target:?}");
        }
    }

    #[test]
    fn sata_and_scsi_disks_are_found_by_wwid_and_never_by_serial() {
        assert_eq!(chosen(&selector(Some("S4EVNF0M"), None)), None);
        let by_wwid = selector(None, Some("naa.5000c500a1b2c3d4"));
        assert_eq!(chosen(&by_wwid).as_deref(), Some("sda"));
        for other_form in ["0x5000c500a1b2c3d4", "5000c500a1b2c3d4"] {
            assert_eq!(chosen(&selector(None, Some(other_form))), None);
        }
    }

    #[test]
    fn a_pattern_takes_the_first_disk_that_it_fits() {
        assert_eq!(chosen(&selector(Some("*"), None)).as_deref(), Some("sda"));
        assert_eq!(chosen(&selector(Some("*a*"), None)).as_deref(), Some("vda"));
        assert_eq!(chosen(&selector(Some("root-?"), None)), None);
    }

    #[test]
    fn a_rule_that_is_not_understood_picks_no_disk() {
        let target = InstallTarget::Selector(DiskSelectorSection {
            serial: Some("root-1".into()),
            size: Some(serde_json::json!(">= 1GB")),
            ..DiskSelectorSection::default()
        });
        assert_eq!(chosen(&target), None);
    }
}
