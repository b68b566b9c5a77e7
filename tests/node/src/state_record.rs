//! What the STATE partition keeps: the config, whether etcd has data, and the quirks that last.
//!
//! Two copies, each at its own place with a generation and a checksum; the newer sound one counts, and
//! the other is the one overwritten next: a power cut in the middle of a write loses that write only.
//! (In Talos, etcd's data lies on EPHEMERAL. One partition is enough here.)
//!
//! `drvstat1` · generation, 8 bytes little-endian · length, 8 · etcd, 1 · quirks, 3 · CRC-32, 4 · config

use crate::partition_table::crc32;
use crate::quirk::Lasting;

/// The record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateRecord {
    /// Counts the writes.
    pub generation: u64,
    /// Whether etcd has written data: Bootstrap is refused from then on.
    pub etcd_has_data: bool,
    /// What a test asked of this node for longer than one boot.
    pub quirks: Lasting,
    /// The config, as it was accepted.
    pub config: Vec<u8>,
}

/// How many bytes a copy may take; the second begins where the first may end.
pub const COPY: usize = 2 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"drvstat1";
const HEADER: usize = 32;

impl StateRecord {
    /// The record that follows this one.
    #[must_use]
    pub fn followed_by(&self, etcd_has_data: bool) -> Self {
        Self {
            generation: self.generation.saturating_add(1),
            etcd_has_data,
            ..self.clone()
        }
    }

    /// Where in the partition this generation is written.
    pub fn offset(&self) -> u64 {
        if self.generation.is_multiple_of(2) {
            0
        } else {
            2 * 1024 * 1024
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(
            u64::try_from(self.config.len())
                .unwrap_or(u64::MAX)
                .to_le_bytes(),
        );
        bytes.push(u8::from(self.etcd_has_data));
        bytes.extend(self.quirks.to_bytes());
        let mut sealed = bytes.clone();
        sealed.extend(&self.config);
        bytes.extend(crc32(&sealed).to_le_bytes());
        bytes.extend(&self.config);
        bytes
    }

    /// The newer sound copy in a STATE partition, if there is one.
    pub fn newest(partition: &[u8]) -> Option<Self> {
        let first = decode(partition);
        let second = partition.get(COPY..).and_then(decode);
        first
            .into_iter()
            .chain(second)
            .max_by_key(|record| record.generation)
    }
}

fn decode(bytes: &[u8]) -> Option<StateRecord> {
    let header = bytes.get(..HEADER)?;
    let (front, checksum) = header.split_at_checked(28)?;
    let number = |at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(header.get(at..at + 8)?.try_into().ok()?))
    };
    let length = usize::try_from(number(16)?).ok()?;
    let config = bytes.get(HEADER..HEADER.checked_add(length)?)?;
    let mut sealed = front.to_vec();
    sealed.extend(config);
    let sound = header.starts_with(MAGIC) && checksum == crc32(&sealed).to_le_bytes();
    let quirks = *header.get(25..)?.first_chunk()?;
    sound.then(|| StateRecord {
        generation: number(8).unwrap_or_default(),
        etcd_has_data: header.get(24) == Some(&1),
        quirks: Lasting::from_bytes(quirks),
        config: config.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn write(partition: &mut [u8], record: &StateRecord, cut: usize) {
        let bytes = record.encode();
        let at = usize::try_from(record.offset()).unwrap();
        let cut = cut.min(bytes.len());
        partition[at..at + cut].copy_from_slice(&bytes[..cut]);
    }

    #[test]
    fn an_empty_partition_has_no_record() {
        assert_eq!(StateRecord::newest(&[]), None);
        assert_eq!(StateRecord::newest(&[0; 4096]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_cut_write_leaves_the_record_before_it(
            configs in proptest::collection::vec("[ -~]{1,60}", 1..5), cut in 0_usize..90,
        ) {
            let mut partition = vec![0; 2 * COPY];
            let mut before = None;
            for (generation, config) in (0..).zip(&configs) {
                let record = StateRecord {
                    generation, etcd_has_data: generation % 2 == 1, quirks: Lasting::from_bytes([3, 2, 1]), config: config.clone().into_bytes(),
                };
                let mut torn = partition.clone();
                let whole = record.encode().len();
                write(&mut torn, &record, cut.min(whole - 1));
                write(&mut partition, &record, whole);
                // What was not written may have stood there already: then nothing was torn.
                if torn != partition {
                    prop_assert_eq!(StateRecord::newest(&torn), before.clone());
                }
                prop_assert_eq!(StateRecord::newest(&partition), Some(record.clone()));
                before = Some(record);
            }
        }
    }
}
