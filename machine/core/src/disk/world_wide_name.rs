//! World-wide names of disks, in the form in which Linux' `wwid` and Talos have them.

use std::fmt;
use std::str::FromStr;

use crate::disk::by_id::{Link, Name, without_label};
use crate::disk::identifier::checked;
use crate::hardware::ParseHardwareError;

/// Longest name: `nvme.` with vendor, 20 bytes of serial, 40 of model and a namespace has 140
/// characters, `t10.` up to 252 bytes of a designator.
const LONGEST: usize = 256;

const WANTED: &str = "a world-wide name such as naa.5000c500a1b2c3d4 (SATA, SAS), \
                      eui.0025385a81b1c2d3 or nvme.… (NVMe), or what `lsblk -o NAME,WWN` prints";
const NAA: &str = "a world-wide name with all its digits: 16 after naa. or 0x where the first is \
                   2, 3 or 5, and 32 where it is 6 (`lsblk -o NAME,WWN` prints them)";
const EUI: &str = "eui. with all of its 16, 24 or 32 digits, as `lsblk -o NAME,WWN` prints it";
const WHICH: &str = "naa.… or eui.… before these digits: without it they may be either \
                     (`lsblk -o NAME,WWN` prints it)";
const NVME: &str = "nvme.VENDOR-SERIAL-MODEL-NAMESPACE in hexadecimal digits, as \
                    `lsblk -o NAME,WWN` prints it";

/// The world-wide name of a disk, such as `naa.5000c500a1b2c3d4`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorldWideName(String);

impl WorldWideName {
    /// As Talos prints `wwid`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text is one by its look, to tell when it stands in the wrong field.
    pub(crate) fn is_written_like_one(text: &str) -> bool {
        let lower = text.to_ascii_lowercase();
        let begins = |head: &&str| lower.starts_with(head);
        ["naa.", "eui.", "nvme.", "t10."].iter().any(begins)
            || lower.strip_prefix("0x").is_some_and(|it| naa(it).is_some())
    }
}

impl fmt::Display for WorldWideName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Accepts every form that tools and labels print of the same name.
impl FromStr for WorldWideName {
    type Err = ParseHardwareError;

    fn from_str(text: &str) -> Result<Self, ParseHardwareError> {
        let text = checked(text, LONGEST, WANTED)?;
        let refused = |wanted| ParseHardwareError::new(wanted, &text);
        let is_eui = without_label(&text, EUI_LABELS) != text;
        let value = without_label(without_label(&text, EUI_LABELS), LABELS);
        let name = match Link::of(value) {
            Link::Name(Name::Naa(digits)) => naa(digits).ok_or(NAA),
            Link::Name(Name::Eui(digits)) => eui(digits).ok_or(EUI),
            Link::Name(Name::Printed(printed)) => read(printed),
            Link::Advice(wanted) => Err(wanted),
            Link::Virtio(_) => Err("serial instead of wwn: virtio disks have no world-wide name"),
            Link::None if is_eui => eui(&digits(value)).ok_or(EUI),
            Link::None => read(value),
        };
        name.map(Self).map_err(refused)
    }
}

/// What `smartctl` and labels print before a name.
const LABELS: &[&str] = &[
    "LU WWN Device Id:",
    "Logical Unit id:",
    "World Wide Name:",
    "WWN:",
    "WWID:",
];
/// What `smartctl` prints before the EUI-64 of an `NVMe` namespace.
const EUI_LABELS: &[&str] = &["IEEE EUI-64:", "EUI64:", "EUI-64:", "EUI:"];

fn read(text: &str) -> Result<String, &'static str> {
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("naa.") {
        return naa(rest).ok_or(NAA);
    }
    if let Some(rest) = lower.strip_prefix("eui.") {
        return eui(rest).ok_or(EUI);
    }
    if let Some(rest) = lower.strip_prefix("nvme.") {
        return is_nvme(rest).then(|| lower.clone()).ok_or(NVME);
    }
    if let Some(rest) = lower.strip_prefix("uuid.") {
        return is_uuid(rest).then(|| lower.clone()).ok_or(WANTED);
    }
    // The vendor's own text: its case and its spaces belong to it.
    if let Some(rest) = lower.strip_prefix("t10.") {
        let own = text.get(4..).unwrap_or_default();
        let is_whole = !rest.trim().is_empty();
        return is_whole.then(|| format!("t10.{own}")).ok_or(WANTED);
    }
    let hex = lower.strip_prefix("0x");
    let digits = digits(hex.unwrap_or(&lower));
    match naa(&digits) {
        Some(name) => Ok(name),
        None if hex.is_some() => Err(NAA),
        None if is_hex(&digits, &[16, 24, 32]) => Err(WHICH),
        None => Err(WANTED),
    }
}

/// Labels and `smartctl` part the digits by spaces, colons or hyphens.
fn digits(text: &str) -> String {
    text.chars().filter(|c| !" :-".contains(*c)).collect()
}

/// By their first digit NAA names are 8 bytes long (2, 3, 5) or 16 (6): SPC-4 §7.8.6.6.
fn naa(digits: &str) -> Option<String> {
    let lower = digits.to_ascii_lowercase();
    let length = match lower.chars().next()? {
        '2' | '3' | '5' => 16,
        '6' => 32,
        _ => return None,
    };
    is_hex(&lower, &[length]).then(|| format!("naa.{lower}"))
}

/// EUI-64, its form of 12 bytes, and NGUID (`NVMe` 1.4 §7.10).
fn eui(digits: &str) -> Option<String> {
    let lower = digits.to_ascii_lowercase();
    is_hex(&lower, &[16, 24, 32]).then(|| format!("eui.{lower}"))
}

fn is_hex(text: &str, lengths: &[usize]) -> bool {
    lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What Linux prints of a namespace without EUI-64 and NGUID (`drivers/nvme/host/sysfs.c`,
/// `wwid_show`): `1b36-SERIAL-MODEL-00000001`, serial and model as hexadecimal bytes.
fn is_nvme(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [vendor, serial, model, namespace] = parts.as_slice() else {
        return false;
    };
    let are_bytes =
        |it: &str| it.len().is_multiple_of(2) && it.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_named = !serial.is_empty() && !model.is_empty();
    is_named
        && is_hex(vendor, &[4])
        && is_hex(namespace, &[8])
        && are_bytes(serial)
        && are_bytes(model)
}

fn is_uuid(text: &str) -> bool {
    text.parse::<crate::hardware::SystemUuid>().is_ok()
}
