//! Disks as files: where the partitions of an installed system are, and its STATE.

use crate::error::InitError;
use node::disk::Disk;
use node::partition_table::{self, STATE};
use node::slot_image;
use node::state_record::{COPY, StateRecord};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

/// A partition of a disk that holds an installed system.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    device: String,
    offset: u64,
}

/// The STATE partition and what it keeps.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) place: Place,
    pub(crate) record: StateRecord,
}

/// The first STATE with a sound record on any disk.
pub(crate) fn find_state(disks: &[Disk]) -> Option<State> {
    disks.iter().find_map(|disk| {
        let place = find(disk, STATE)?;
        let record = StateRecord::newest(&read(&place, 2 * COPY).ok()?)?;
        Some(State { place, record })
    })
}

/// The first disk with a STATE partition, whatever is in it.
pub(crate) fn system_disk(disks: &[Disk]) -> Option<Disk> {
    let has_state = |disk: &&Disk| find(disk, STATE).is_some();
    disks.iter().find(has_state).cloned()
}

/// Whether a disk carries the mark of an installation that failed.
pub(crate) fn failed_before(disks: &[Disk]) -> bool {
    disks.iter().any(|disk| {
        let place = Place {
            device: format!("/dev/{}", disk.name),
            offset: FAILED_AT,
        };
        read(&place, FAILED.len()).is_ok_and(|bytes| bytes == FAILED)
    })
}

/// The mark of an installation that failed: a wipe leaves it, an installation takes it away.
pub(crate) const FAILED: &[u8] = b"drvfail1";
/// Where it stands: between the partition table and the first partition.
pub(crate) const FAILED_AT: u64 = 1024 * 512;

/// Writes a record, and does not come back before it is on the disk.
pub(crate) fn keep(place: &Place, record: &StateRecord) -> Result<(), InitError> {
    let mut file = OpenOptions::new().write(true).open(&place.device)?;
    file.seek(SeekFrom::Start(place.offset + record.offset()))?;
    file.write_all(&record.encode())?;
    file.sync_all()?;
    Ok(())
}

/// Why a slot that was booted is not sound; `None` if it is.
pub(crate) fn slot_fault(disks: &[Disk], slot: &str) -> Option<String> {
    let label = format!("SLOT-{slot}");
    let Some(place) = disks.iter().find_map(|disk| find(disk, &label)) else {
        return Some(format!("no partition {label}"));
    };
    let whole = || -> Result<Vec<u8>, String> {
        let header = read(&place, slot_image::HEADER).map_err(|error| error.to_string())?;
        let length = slot_image::length(&header).map_err(|error| error.to_string())?;
        read(&place, slot_image::HEADER + length).map_err(|error| error.to_string())
    };
    match whole() {
        Ok(bytes) => slot_image::check(&bytes)
            .err()
            .map(|error| format!("{label}: {error}")),
        Err(error) => Some(format!("{label}: {error}")),
    }
}

/// Writes the image of a slot with this system in it to the standard output.
pub(crate) fn print_slot_image(system: Option<&str>) -> Result<(), InitError> {
    let system = std::fs::read(system.unwrap_or_default())?;
    std::io::stdout().write_all(&slot_image::encode(&system))?;
    Ok(())
}

fn find(disk: &Disk, label: &str) -> Option<Place> {
    let device = format!("/dev/{}", disk.name);
    let start = read(
        &Place {
            device: device.clone(),
            offset: 0,
        },
        34 * 512,
    )
    .ok()?;
    let partitions = partition_table::read(&start)?;
    let (_, first, _) = partitions.into_iter().find(|(name, _, _)| name == label)?;
    Some(Place {
        device,
        offset: first * 512,
    })
}

fn read(place: &Place, length: usize) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(&place.device)?;
    file.seek(SeekFrom::Start(place.offset))?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}
