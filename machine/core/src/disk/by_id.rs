//! The names of `/dev/disk/by-id`, as udev makes them, and the labels that tools print before a
//! value.

/// What a text is, read as a name of `/dev/disk/by-id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link<'a> {
    /// None of them.
    None,
    /// A world-wide name is in it.
    Name(Name<'a>),
    /// The serial number of a virtio disk.
    Virtio(&'a str),
    /// One that does not tell which of its letters are the serial number or the name: what to write
    /// instead.
    Advice(&'static str),
}

/// A world-wide name within a link's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name<'a> {
    /// As the kernel or a tool prints it.
    Printed(&'a str),
    /// The digits of an NAA name.
    Naa(&'a str),
    /// The digits of an EUI-64.
    Eui(&'a str),
}

const FOLDER: &str = "/dev/disk/by-id/";
/// Why a place is no identity.
const PLACE: &str = "a disk by its serial or wwn: paths and slots change from boot to boot, and \
                     with them the disk that would be erased";
const PARTITION: &str = "a whole disk, not a partition: leave out -partN";
const ATA: &str = "the wwn of this disk, as `lsblk -o NAME,WWN` prints it: its by-id name joins \
                   model and serial, and Talos 1.13 knows no serial of SATA disks";
const NVME: &str = "wwn: eui.… or nvme.… as /dev/disk/by-id has it after nvme-, or the serial as \
                    `lsblk -o NAME,SERIAL` prints it: this name joins model and serial";
const SCSI: &str = "the wwn of this disk, as `lsblk -o NAME,WWN` prints it: of the scsi- names \
                    only scsi-3… and scsi-2… hold one";
const OTHER: &str = "the wwn or serial of this disk, as `lsblk -o NAME,WWN,SERIAL` prints them";

impl<'a> Link<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let text = text.trim();
        let name = match text.strip_prefix(FOLDER) {
            Some(name) => name,
            None if text.starts_with('/') => return Self::Advice(PLACE),
            None => text,
        };
        let Some((kind, rest)) = name.split_once('-') else {
            return Self::None;
        };
        if is_link_kind(kind) && is_partition(rest) {
            return Self::Advice(PARTITION);
        }
        match kind {
            "wwn" => Self::Name(Name::Printed(rest)),
            "nvme"
                if ["eui.", "nvme.", "uuid."]
                    .iter()
                    .any(|it| rest.starts_with(it)) =>
            {
                Self::Name(Name::Printed(rest))
            }
            "nvme" => Self::Advice(NVME),
            "scsi" => scsi(rest),
            "ata" => Self::Advice(ATA),
            "virtio" => Self::Virtio(rest),
            "usb" | "mmc" | "dm" | "md" | "lvm" | "ieee1394" => Self::Advice(OTHER),
            _ if text.starts_with(FOLDER) => Self::Advice(OTHER),
            _ => Self::None,
        }
    }
}

fn is_link_kind(kind: &str) -> bool {
    matches!(kind, "wwn" | "nvme" | "scsi" | "ata" | "virtio" | "usb")
}

fn is_partition(rest: &str) -> bool {
    rest.rsplit_once("-part").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `scsi_id` puts the type of the designator (SPC-4 §7.8.6) as one digit before it.
fn scsi(rest: &str) -> Link<'_> {
    let is_hex =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_hexdigit());
    match (rest.strip_prefix('3'), rest.strip_prefix('2')) {
        (Some(digits), _) if is_hex(digits) => Link::Name(Name::Naa(digits)),
        (_, Some(digits)) if is_hex(digits) => Link::Name(Name::Eui(digits)),
        _ => Link::Advice(SCSI),
    }
}

/// The text behind one of these labels, in whatever case the tool prints them.
pub(crate) fn without_label<'a>(text: &'a str, labels: &[&str]) -> &'a str {
    let text = text.trim();
    let behind = |label: &&str| {
        let head = text.get(..label.len())?;
        head.eq_ignore_ascii_case(label)
            .then(|| text.get(label.len()..))
            .flatten()
    };
    labels.iter().find_map(behind).map_or(text, str::trim)
}
