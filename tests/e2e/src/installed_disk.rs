//! What an installation wrote to a disk, so that it can be told whether it was written again.
//!
//! The GPT (UEFI 2.10 §5.3) and every partition that only an installation writes; the one that
//! holds the running system's state is left out.

use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hasher};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::ScenarioError;

/// The digest of each part of a disk, by name.
pub type Digests = BTreeMap<String, u64>;

/// The partition that a running system writes.
const STATE: &str = "STATE";
const SECTOR: u64 = 512;
/// Protective MBR, header, and 128 entries of 128 bytes.
const TABLE_SECTORS: u64 = 34;

/// The digests of the disk in this file; only `table` if there are no partitions.
pub fn digests(disk: &Path) -> Result<Digests, ScenarioError> {
    let read = || -> std::io::Result<Digests> {
        let file = File::open(disk)?;
        let mut table = vec![0; 512 * 34];
        file.read_exact_at(&mut table, 0)?;
        let mut digests = Digests::new();
        digests.insert("table".to_owned(), digest(&file, 0, TABLE_SECTORS)?);
        for entry in table.chunks_exact(128).skip(8) {
            if let Some(partition) = partition(entry).filter(|it| it.name != STATE) {
                let digest = digest(&file, partition.first, partition.sectors)?;
                digests.insert(partition.name, digest);
            }
        }
        Ok(digests)
    };
    read().map_err(ScenarioError::file("read", disk))
}

struct Partition {
    name: String,
    first: u64,
    sectors: u64,
}

/// An entry: type at 0, first and last sector at 32 and 40, name in UTF-16 at 56.
fn partition(entry: &[u8]) -> Option<Partition> {
    let number = |at: usize| -> Option<u64> {
        let bytes = entry.get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    };
    let is_used = entry.get(..16)?.iter().any(|byte| *byte != 0);
    let (first, last) = (number(32)?, number(40)?);
    let name = entry
        .get(56..)?
        .chunks_exact(2)
        .map_while(|unit| match unit {
            [0, 0] => None,
            [low, high] => Some(u16::from_le_bytes([*low, *high])),
            _ => None,
        });
    is_used.then(|| Partition {
        name: char::decode_utf16(name)
            .map(|unit| unit.unwrap_or('?'))
            .collect(),
        first,
        sectors: last.saturating_sub(first) + 1,
    })
}

fn digest(file: &File, first: u64, sectors: u64) -> std::io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    let mut chunk = vec![0; 1 << 20];
    let (mut at, end) = (first * SECTOR, (first + sectors) * SECTOR);
    while at < end {
        let length = usize::try_from(end - at).map_or(chunk.len(), |rest| rest.min(chunk.len()));
        let Some(part) = chunk.get_mut(..length) else {
            break;
        };
        file.read_exact_at(part, at)?;
        hasher.write(part);
        at += u64::try_from(length).unwrap_or(u64::MAX);
    }
    Ok(hasher.finish())
}

/// Whether the disk in this file was never written to.
pub fn is_blank(disk: &Path) -> Result<bool, ScenarioError> {
    let read = || -> std::io::Result<bool> {
        let mut file = File::open(disk)?;
        let mut chunk = vec![0; 1 << 20];
        loop {
            let length = file.read(&mut chunk)?;
            let read = chunk.get(..length).unwrap_or_default();
            if read.is_empty() || read.iter().any(|byte| *byte != 0) {
                return Ok(read.is_empty());
            }
        }
    };
    read().map_err(ScenarioError::file("read", disk))
}
