//! Writes the system to a disk, so that a power cut at any moment leaves a disk that either boots the
//! whole system or nothing.
//!
//! The old partition table goes first; then the partitions; the new table and the boot code come last.
//! Each step is on the disk before the next begins, and what was copied is read back and compared.

use crate::console;
use crate::disks::{self, FAILED, FAILED_AT};
use crate::error::InitError;
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use node::disk::Disk;
use node::partition_table::{self, PARTITIONS, Partition, SMALLEST_DISK, STATE};
use node::state_record::StateRecord;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

/// Installs.
pub(crate) fn install(
    disk: &Disk,
    record: &StateRecord,
    uuid: Option<&str>,
) -> Result<(), InitError> {
    let boot_code = std::fs::read("/images/gptmbr.bin")?;
    let table = partition_table::build(disk.sectors, disk_id(uuid), &boot_code)?;
    let device = format!("/dev/{}", disk.name);
    let mut file = OpenOptions::new().read(true).write(true).open(&device)?;
    wipe(&mut file, disk.sectors)?;
    for partition in PARTITIONS {
        match partition.label {
            "ESP" => copy(&mut file, partition, "/images/esp.img")?,
            "SLOT-A" => copy(&mut file, partition, "/images/slot.img")?,
            STATE => write_state(&mut file, partition, record)?,
            // Slot B stays empty until the first upgrade.
            _ => {}
        }
    }
    file.sync_all()?;
    write_at(&mut file, table.end_sector * 512, &table.end)?;
    write_at(&mut file, 512, table.start.get(512..).unwrap_or_default())?;
    file.sync_all()?;
    write_at(&mut file, 0, table.start.get(..512).unwrap_or_default())?;
    file.sync_all()?;
    console::say("installer: partition table and boot code written");
    Ok(())
}

/// Gives a disk a STATE that keeps a config, and nothing that boots: what Talos leaves behind when an
/// installation fails.
pub(crate) fn leave_state(
    disk: &Disk,
    record: &StateRecord,
    uuid: Option<&str>,
) -> Result<(), InitError> {
    let table = partition_table::build_state_only(disk.sectors, disk_id(uuid))?;
    let mut file = OpenOptions::new()
        .write(true)
        .open(format!("/dev/{}", disk.name))?;
    for partition in PARTITIONS.iter().filter(|it| it.label == STATE) {
        // What an older installation kept at this place must not win over the record.
        for sector in (partition.first..partition.first + partition.sectors).step_by(2048) {
            write_at(&mut file, sector * 512, &vec![0; MEBIBYTE])?;
        }
        write_state(&mut file, *partition, record)?;
    }
    write_at(&mut file, table.end_sector * 512, &table.end)?;
    write_at(&mut file, 0, &table.start)?;
    write_at(&mut file, FAILED_AT, FAILED)?;
    file.sync_all()?;
    Ok(())
}

/// Takes away the partition tables of a disk and all that the partitions held. A test still sees whether
/// an installation had failed here.
pub(crate) fn wipe_disk(disk: &Disk) -> Result<(), InitError> {
    let mut file = OpenOptions::new()
        .write(true)
        .open(format!("/dev/{}", disk.name))?;
    let has_failed = disks::failed_before(std::slice::from_ref(disk));
    wipe(&mut file, disk.sectors)?;
    if has_failed {
        write_at(&mut file, FAILED_AT, FAILED)?;
    }
    file.sync_all()?;
    Ok(())
}

/// Takes both old tables away, then what lies behind the first partition, which is copied over whole.
fn wipe(file: &mut File, sectors: u64) -> Result<(), InitError> {
    let zeroes = vec![0; MEBIBYTE];
    write_at(file, 0, &zeroes)?;
    write_at(file, (sectors.max(SMALLEST_DISK) - 2048) * 512, &zeroes)?;
    file.sync_all()?;
    console::say("installer: old partition tables wiped");
    for sector in (SLOTS..SMALLEST_DISK).step_by(2048) {
        write_at(file, sector * 512, &zeroes)?;
    }
    file.sync_all()?;
    console::say("installer: room for the partitions wiped");
    Ok(())
}

/// Copies an image into a partition, a chunk to the disk at a time, and compares.
fn copy(file: &mut File, partition: Partition, image: &str) -> Result<(), InitError> {
    let mut source = File::open(image)?;
    let mut chunk = vec![0; CHUNK];
    let mut offset = partition.first * 512;
    loop {
        let length = fill(&mut source, &mut chunk)?;
        let written = chunk.get(..length).unwrap_or_default();
        if written.is_empty() {
            break;
        }
        write_at(file, offset, written)?;
        file.sync_data()?;
        compare(file, offset, written, partition.label)?;
        offset += u64::try_from(length).unwrap_or_default();
    }
    let mebibytes = (offset - partition.first * 512).div_ceil(1024 * 1024);
    console::say(&format!(
        "installer: {} written, {mebibytes} MiB",
        partition.label
    ));
    Ok(())
}

fn write_state(
    file: &mut File,
    partition: Partition,
    record: &StateRecord,
) -> Result<(), InitError> {
    let offset = partition.first * 512;
    write_at(file, offset + record.offset(), &record.encode())?;
    console::say("installer: config kept in STATE");
    Ok(())
}

/// Reads back from the disk, not from the page cache.
fn compare(file: &mut File, offset: u64, written: &[u8], label: &str) -> Result<(), InitError> {
    posix_fadvise(&*file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(|errno| {
        InitError::System {
            what: "fadvise".to_owned(),
            errno,
        }
    })?;
    let mut read = vec![0; written.len()];
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(&mut read)?;
    if read == written {
        Ok(())
    } else {
        Err(InitError::Differs {
            place: label.to_owned(),
        })
    }
}

/// Reads until the chunk is full or the source ends.
fn fill(source: &mut File, chunk: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = chunk.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match source.read(rest)? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn write_at(file: &mut File, offset: u64, bytes: &[u8]) -> Result<(), InitError> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    Ok(())
}

/// The machine's UUID names its disk.
fn disk_id(uuid: Option<&str>) -> [u8; 16] {
    let digits: String = uuid
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_hexdigit)
        .collect();
    u128::from_str_radix(&digits, 16)
        .unwrap_or(0x1d)
        .to_le_bytes()
}

const MEBIBYTE: usize = 1024 * 1024;
/// Where the first slot begins.
const SLOTS: u64 = 65 * 2048;
const CHUNK: usize = MEBIBYTE / 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disks::{find_state, system_disk};
    use node::disk::Transport;
    use node::quirk::Lasting;

    /// A file that stands for a disk; it goes away with this.
    struct Medium(std::path::PathBuf);

    impl Medium {
        fn new() -> (Self, Disk) {
            let name = format!("stand-in-disk-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            let file = File::create(&path).unwrap();
            file.set_len(SMALLEST_DISK * 512).unwrap();
            let disk = Disk {
                name: format!("..{}", path.display()),
                sectors: SMALLEST_DISK,
                transport: Transport::Virtio,
                ..Disk::default()
            };
            (Self(path), disk)
        }
    }

    impl Drop for Medium {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn what_a_failed_install_leaves_is_found_and_a_wipe_takes_it_away() {
        let (_medium, disk) = Medium::new();
        let disks = [disk.clone()];
        assert!(system_disk(&disks).is_none() && !disks::failed_before(&disks));
        let older = StateRecord {
            generation: 7,
            etcd_has_data: true,
            quirks: Lasting::default(),
            config: b"older".to_vec(),
        };
        leave_state(&disk, &older, None).unwrap();
        let record = StateRecord {
            generation: 0,
            etcd_has_data: false,
            quirks: Lasting::from_bytes([134, 0, 9]),
            config: b"machine: {}".to_vec(),
        };
        leave_state(&disk, &record, Some("4c4c4544")).unwrap();
        assert_eq!(find_state(&disks).unwrap().record, record);
        assert_eq!(system_disk(&disks), Some(disk.clone()));
        wipe_disk(&disk).unwrap();
        assert!(find_state(&disks).is_none() && system_disk(&disks).is_none());
        assert!(
            disks::failed_before(&disks),
            "node.install=fails-once sees it"
        );
    }
}
