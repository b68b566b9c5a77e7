//! What a slot partition holds: a system image with its length and checksum in front.
//!
//! A node that boots from a slot reads it back and checks it, so that an installation that copied too
//! little, or to the wrong place, does not look like one that worked.
//!
//! `drvslot1` · length, 8 bytes little-endian · CRC-32 of the image, 4 bytes · 4 bytes of zero · image

use crate::partition_table::crc32;
use thiserror::Error;

/// The length of what stands in front of the image.
pub const HEADER: usize = 24;

const MAGIC: &[u8; 8] = b"drvslot1";

/// The bytes of a slot partition with this image in it.
pub fn encode(image: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(u64::try_from(image.len()).unwrap_or(u64::MAX).to_le_bytes());
    bytes.extend(crc32(image).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(image);
    bytes
}

/// How long the image is, read from the partition's first bytes.
pub fn length(header: &[u8]) -> Result<usize, BadSlot> {
    let length = header
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.get(..8))
        .ok_or(BadSlot::Empty)?;
    let length = length
        .try_into()
        .map(u64::from_le_bytes)
        .map_err(|_| BadSlot::Empty)?;
    usize::try_from(length).map_err(|_| BadSlot::Short)
}

/// Checks a whole slot: header and image.
pub fn check(bytes: &[u8]) -> Result<&[u8], BadSlot> {
    let length = length(bytes)?;
    let end = HEADER.checked_add(length).ok_or(BadSlot::Short)?;
    let image = bytes.get(HEADER..end).ok_or(BadSlot::Short)?;
    let wanted = bytes
        .get(16..20)
        .and_then(|field| field.try_into().ok())
        .map(u32::from_le_bytes);
    if wanted == Some(crc32(image)) {
        Ok(image)
    } else {
        Err(BadSlot::Damaged)
    }
}

/// A slot that cannot be booted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadSlot {
    /// Nothing was ever written here.
    #[error("the slot is empty")]
    Empty,
    /// It ends before its image does.
    #[error("the slot ends before its image")]
    Short,
    /// The checksum differs.
    #[error("the slot's image does not have its checksum")]
    Damaged,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_slot_is_read_back_and_damage_is_noticed(
            image in proptest::collection::vec(any::<u8>(), 1..200), at in 0_usize..200,
        ) {
            let mut slot = encode(&image);
            slot.extend([0; 64]);
            prop_assert_eq!(check(&slot), Ok(image.as_slice()));
            slot[HEADER + at % image.len()] ^= 1;
            prop_assert_eq!(check(&slot), Err(BadSlot::Damaged));
            slot.truncate(HEADER + image.len() - 1);
            prop_assert_eq!(check(&slot), Err(BadSlot::Short));
        }
    }

    #[test]
    fn zeroes_are_an_empty_slot() {
        assert_eq!(check(&[0; 512]), Err(BadSlot::Empty));
    }
}
