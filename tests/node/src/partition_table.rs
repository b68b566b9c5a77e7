//! The partition table that the installer writes: a GPT (UEFI 2.10, §5.3) with a protective MBR whose
//! boot code starts the partition marked as bootable (the legacy BIOS bootable attribute, bit 2).
//!
//! ESP with the boot loaders and the kernels of both slots, SLOT-A, SLOT-B, STATE. The table is
//! returned as bytes in two pieces, and is the last thing written to the disk: a disk whose
//! installation was cut off has no table and boots nothing.

use thiserror::Error;

/// A partition: where it lies, in sectors of 512 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partition {
    /// Its label.
    pub label: &'static str,
    /// Its first sector.
    pub first: u64,
    /// How many sectors it has.
    pub sectors: u64,
    type_id: [u8; 16],
    attributes: u64,
}

/// The partitions in their order on the disk.
pub const PARTITIONS: [Partition; 4] = [
    Partition {
        label: "ESP",
        first: MIB,
        sectors: 64 * MIB,
        type_id: EFI_SYSTEM,
        attributes: 1 << 2,
    },
    Partition {
        label: "SLOT-A",
        first: 65 * MIB,
        sectors: 16 * MIB,
        type_id: LINUX,
        attributes: 0,
    },
    Partition {
        label: "SLOT-B",
        first: 81 * MIB,
        sectors: 16 * MIB,
        type_id: LINUX,
        attributes: 0,
    },
    Partition {
        label: STATE,
        first: 97 * MIB,
        sectors: 8 * MIB,
        type_id: LINUX,
        attributes: 0,
    },
];

/// The label of the partition that keeps the config.
pub const STATE: &str = "STATE";

/// Sectors in a mebibyte.
const MIB: u64 = 2048;

/// The smallest disk that the partitions and both tables fit on.
pub const SMALLEST_DISK: u64 = 106 * MIB;

/// The table of a disk: what to write at its start and at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTable {
    /// MBR, header and entries, from sector 0 on.
    pub start: Vec<u8>,
    /// Entries and header, up to the last sector.
    pub end: Vec<u8>,
    /// The sector where `end` begins.
    pub end_sector: u64,
}

/// Makes the table. `disk_id` names the disk, and each partition by its place.
pub fn build(
    sectors: u64,
    disk_id: [u8; 16],
    boot_code: &[u8],
) -> Result<PartitionTable, DiskTooSmall> {
    table(sectors, disk_id, boot_code, |_| true)
}

/// Makes the table of a disk that has a STATE and nothing that boots.
pub fn build_state_only(sectors: u64, disk_id: [u8; 16]) -> Result<PartitionTable, DiskTooSmall> {
    table(sectors, disk_id, &[], |label| label == STATE)
}

fn table(
    sectors: u64,
    disk_id: [u8; 16],
    boot_code: &[u8],
    has: impl Fn(&str) -> bool,
) -> Result<PartitionTable, DiskTooSmall> {
    if sectors < SMALLEST_DISK {
        return Err(DiskTooSmall { sectors });
    }
    let entries = entries(disk_id, has);
    let entries_crc = crc32(&entries);
    let last = sectors - 1;
    let header = |own, other, table| {
        header(&HeaderFields {
            own,
            other,
            table,
            sectors,
            disk_id,
            entries_crc,
        })
    };
    let mut start = protective_mbr(sectors, boot_code);
    start.extend(header(1, last, 2));
    start.extend(&entries);
    let end_sector = sectors - 33;
    let mut end = entries;
    end.extend(header(last, 1, end_sector));
    Ok(PartitionTable {
        start,
        end,
        end_sector,
    })
}

/// Too small to install to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a disk of at least {SMALLEST_DISK} sectors is wanted, this one has {sectors}")]
pub struct DiskTooSmall {
    /// How many sectors of 512 bytes it has.
    pub sectors: u64,
}

/// Reads the labels and places of a table's partitions back from a disk's first 34 sectors: only if
/// both checksums hold, as firmware and kernel do.
pub fn read(start: &[u8]) -> Option<Vec<(String, u64, u64)>> {
    let header = start.get(512..1024)?;
    let mut unsigned = header.get(..92)?.to_vec();
    unsigned.get_mut(16..20)?.fill(0);
    let entries = start.get(1024..1024 + 128 * 128)?;
    let sound = header.starts_with(b"EFI PART")
        && number(header, 16, 4)? == u64::from(crc32(&unsigned))
        && number(header, 88, 4)? == u64::from(crc32(entries));
    sound.then(|| entries.chunks_exact(128).filter_map(read_entry).collect())
}

fn read_entry(entry: &[u8]) -> Option<(String, u64, u64)> {
    let (first, last) = (number(entry, 32, 8)?, number(entry, 40, 8)?);
    let units = entry.get(56..128)?.chunks_exact(2);
    let units: Vec<u16> = units
        .filter_map(|unit| unit.try_into().ok().map(u16::from_le_bytes))
        .collect();
    let label = String::from_utf16_lossy(&units)
        .trim_end_matches('\0')
        .to_owned();
    (first != 0).then(|| (label, first, (last + 1).saturating_sub(first)))
}

fn number(bytes: &[u8], at: usize, length: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(length)?)?;
    Some(
        field
            .iter()
            .rev()
            .fold(0, |value, &byte| value << 8 | u64::from(byte)),
    )
}

fn protective_mbr(sectors: u64, boot_code: &[u8]) -> Vec<u8> {
    let mut mbr: Vec<u8> = boot_code.iter().copied().take(440).collect();
    mbr.resize(446, 0);
    mbr.extend([0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]);
    mbr.extend(1_u32.to_le_bytes());
    mbr.extend(u32::try_from(sectors - 1).unwrap_or(u32::MAX).to_le_bytes());
    mbr.resize(510, 0);
    mbr.extend([0x55, 0xaa]);
    mbr
}

struct HeaderFields {
    own: u64,
    other: u64,
    table: u64,
    sectors: u64,
    disk_id: [u8; 16],
    entries_crc: u32,
}

fn header(fields: &HeaderFields) -> Vec<u8> {
    let mut header = b"EFI PART".to_vec();
    header.extend(0x0001_0000_u32.to_le_bytes());
    header.extend(92_u32.to_le_bytes());
    header.extend([0; 8]);
    for place in [fields.own, fields.other, 34, fields.sectors - 34] {
        header.extend(place.to_le_bytes());
    }
    header.extend(fields.disk_id);
    header.extend(fields.table.to_le_bytes());
    for number in [128, 128, fields.entries_crc] {
        header.extend(number.to_le_bytes());
    }
    let checksum = crc32(&header).to_le_bytes();
    header.splice(16..20, checksum);
    header.resize(512, 0);
    header
}

fn entries(disk_id: [u8; 16], has: impl Fn(&str) -> bool) -> Vec<u8> {
    let mut entries = Vec::with_capacity(128 * 128);
    let wanted = PARTITIONS.into_iter().filter(|it| has(it.label));
    for (place, partition) in (1_u8..).zip(wanted) {
        let mut id = disk_id;
        if let Some(last) = id.last_mut() {
            *last = last.wrapping_add(place);
        }
        entries.extend(partition.type_id);
        entries.extend(id);
        entries.extend(partition.first.to_le_bytes());
        entries.extend((partition.first + partition.sectors - 1).to_le_bytes());
        entries.extend(partition.attributes.to_le_bytes());
        let mut label: Vec<u8> = partition
            .label
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        label.resize(72, 0);
        entries.extend(label);
    }
    entries.resize(128 * 128, 0);
    entries
}

/// CRC-32 of UEFI tables (ISO 3309, reflected, polynomial 04C11DB7).
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        let [low, ..] = crc.to_le_bytes();
        (crc >> 8)
            ^ REMAINDERS
                .get(usize::from(low ^ byte))
                .copied()
                .unwrap_or_default()
    })
}

/// The remainder of each byte.
static REMAINDERS: std::sync::LazyLock<Vec<u32>> = std::sync::LazyLock::new(|| {
    let step = |crc: u32| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    (0..256)
        .map(|byte| (0..8).fold(byte, |crc, _| step(crc)))
        .collect()
});

/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B, in the mixed byte order of a GPT.
const EFI_SYSTEM: [u8; 16] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
];
/// 0FC63DAF-8483-4772-8E79-3D69D8477DE4.
const LINUX: [u8; 16] = [
    0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4,
];

#[cfg(test)]
mod tests;
