//! The disk that a document names.

use machine_core::disk::DiskIdentity;
use machine_core::hardware::ParseHardwareError;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::Spanned;

use crate::document::{DocumentError, Reader};

/// A disk in a document: by its serial number or its world-wide name. What else people write there
/// is known, to say why it names no disk.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskDocument {
    #[serde(default)]
    serial: Option<Spanned<String>>,
    #[serde(default)]
    wwn: Option<Spanned<String>>,
    #[serde(default)]
    wwid: Option<IgnoredAny>,
    #[serde(default)]
    size: Option<IgnoredAny>,
    #[serde(default)]
    path: Option<IgnoredAny>,
    #[serde(default)]
    device: Option<IgnoredAny>,
    #[serde(default)]
    name: Option<IgnoredAny>,
    #[serde(default)]
    model: Option<IgnoredAny>,
    #[serde(default, rename = "type")]
    kind: Option<IgnoredAny>,
}

const WANTED: &str = "either serial or wwn";
/// Why nothing else names a disk.
const NO_PROPERTY: &str = "a disk by serial or wwn (`lsblk -o NAME,SERIAL,WWN`): another disk may \
                           have the same size, model or type, or get the same path at the next \
                           boot, and what is named here is erased";

impl DiskDocument {
    /// A property by which a person wanted to choose a disk.
    fn property(&self) -> Option<&'static str> {
        [
            (&self.size, "size"),
            (&self.path, "path"),
            (&self.device, "device"),
            (&self.name, "name"),
            (&self.model, "model"),
            (&self.kind, "type"),
        ]
        .into_iter()
        .find_map(|(it, name)| it.is_some().then_some(name))
    }
}

/// The disk that a document names.
pub(crate) fn disk_identity(
    reader: Reader<'_>,
    disk: &Spanned<DiskDocument>,
) -> Result<DiskIdentity, DocumentError> {
    if let Some(property) = disk.value.property() {
        return Err(reader.wrong(disk, "disk", NO_PROPERTY, property));
    }
    if disk.value.wwid.is_some() {
        return Err(reader.wrong(disk, "disk", "wwn for a world-wide name", "wwid"));
    }
    match (&disk.value.serial, &disk.value.wwn) {
        (Some(serial), None) => DiskIdentity::from_serial(&serial.value)
            .map_err(|error| refused(reader, serial, "disk.serial", error)),
        (None, Some(wwn)) => DiskIdentity::from_wwn(&wwn.value)
            .map_err(|error| refused(reader, wwn, "disk.wwn", error)),
        (Some(_), Some(_)) => Err(reader.wrong(disk, "disk", WANTED, "both")),
        (None, None) => Err(reader.wrong(disk, "disk", WANTED, "neither")),
    }
}

fn refused(
    reader: Reader<'_>,
    value: &Spanned<String>,
    field: &'static str,
    error: ParseHardwareError,
) -> DocumentError {
    reader.wrong(value, field, error.wanted, error.got)
}

/// A note on the disks that Talos may not find by what they are named with; one for all of them.
pub(crate) fn caveat<'a>(
    disks: impl Iterator<Item = (&'a str, &'a DiskIdentity)>,
) -> Option<String> {
    let mut told: Vec<String> = Vec::new();
    let mut why = None;
    for (owner, disk) in disks {
        if let Some(caveat) = disk.caveat() {
            why = Some(caveat);
            told.push(format!("{owner} ({disk})"));
        }
    }
    why.map(|why| format!("{}: {why}", listed(&told)))
}

/// How many names a note lists.
const LISTED: usize = 8;

/// Names for a note: the first of them, and how many more there are.
pub(crate) fn listed(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
