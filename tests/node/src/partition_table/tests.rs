//! What stands on a disk after it is written, and what damage is noticed.

use super::*;
use proptest::prelude::*;

#[test]
fn the_checksum_is_the_one_of_the_standard() {
    assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
}

#[test]
fn the_partitions_follow_each_other_and_fit_the_smallest_disk() {
    let mut free = 34;
    for partition in PARTITIONS {
        assert!(partition.first >= free, "{}", partition.label);
        assert_eq!(partition.first % MIB, 0);
        free = partition.first + partition.sectors;
    }
    assert!(free <= SMALLEST_DISK - 33);
    assert_eq!(
        build(SMALLEST_DISK - 1, [0; 16], &[]),
        Err(DiskTooSmall {
            sectors: SMALLEST_DISK - 1
        })
    );
}

#[test]
fn the_table_reads_back_with_the_labels_in_order() {
    let table = build(2_097_152, [7; 16], &[0x90; 440]).unwrap();
    assert_eq!(table.start.len(), 34 * 512);
    assert_eq!(table.end.len(), 33 * 512);
    assert_eq!(&table.start[510..512], &[0x55, 0xaa]);
    let read = read(&table.start).unwrap();
    let wanted: Vec<_> = PARTITIONS
        .iter()
        .map(|p| (p.label.to_owned(), p.first, p.sectors))
        .collect();
    assert_eq!(read, wanted);
}

#[test]
fn a_disk_that_only_keeps_a_config_has_nothing_to_boot() {
    let table = build_state_only(2_097_152, [7; 16]).unwrap();
    let read = read(&table.start).unwrap();
    let labels: Vec<&str> = read.iter().map(|(label, _, _)| label.as_str()).collect();
    assert_eq!(labels, [STATE]);
    assert_eq!(&table.start[..440], &[0; 440], "no boot code");
}

proptest! {
    #[test]
    fn one_flipped_bit_in_header_or_entries_is_noticed(at in 512_usize..604, bit in 0_u8..8) {
        let mut start = build(SMALLEST_DISK, [1; 16], &[]).unwrap().start;
        start[at] ^= 1 << bit;
        prop_assert_eq!(read(&start), None);
    }

    #[test]
    fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..20_000)) {
        let _ = read(&bytes);
    }
}
