//! Whole transfers over a channel that loses, duplicates and reorders, against a client model.
//!
//! Virtual time, one seed per case: a failure prints it and comes back with it.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and block numbers are meant to be cut to 16 bits"
)]

mod lossy_channel {
    pub(crate) mod channel;
    pub(crate) mod client;
}

use bytes::Bytes;
use lossy_channel::channel::{Channel, Link, Report};
use lossy_channel::client::{Client, Gaps, Wishes};
use proptest::prelude::*;
use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::request::Request;
use pxe_tftp::transfer::Transfer;

/// Bytes that no block size repeats.
fn content(length: usize) -> Bytes {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let pattern: Vec<u8> = (0..65_521.min(length)).map(|_| next()).collect();
    let mut content = pattern.repeat(length / pattern.len().max(1) + 1);
    content.truncate(length);
    content.into()
}

fn run(link: Link, wishes: Wishes, length: usize) -> Report {
    let content = content(length);
    let report = Channel::new(link, content.clone()).run(Client::new(wishes));
    assert!(
        report.received == content,
        "the bytes differ: {link:?} {wishes:?} {length}"
    );
    report
}

fn link(seed: u64, loss: u32) -> Link {
    Link {
        seed,
        loss,
        duplicates: 0,
        latency_us: 300,
        jitter_us: 0,
    }
}

fn wishes(block_size: Option<u16>, window: Option<u16>) -> Wishes {
    Wishes {
        block_size,
        window,
        transfer_size: true,
        gaps: Gaps::ReportEach,
    }
}

fn any_wishes() -> impl Strategy<Value = Wishes> {
    (
        prop_oneof![Just(None), (8_u16..=1500).prop_map(Some)],
        prop_oneof![Just(None), (1_u16..=80).prop_map(Some)],
        any::<bool>(),
        prop_oneof![Just(Gaps::ReportEach), Just(Gaps::ReportOnce)],
    )
        .prop_map(|(block_size, window, transfer_size, gaps)| Wishes {
            block_size,
            window,
            transfer_size,
            gaps,
        })
}

fn any_link(loss: std::ops::Range<u32>) -> impl Strategy<Value = Link> {
    (any::<u64>(), loss, 0_u32..40, 10_u64..20_000, 0_u64..5_000).prop_map(
        |(seed, loss, duplicates, latency_us, jitter_us)| Link {
            seed,
            loss,
            duplicates,
            latency_us,
            jitter_us,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn content_arrives_whole(link in any_link(0..50), wishes in any_wishes(), length in 0_usize..30_000) {
        let _ = run(link, wishes, length);
    }

    #[test]
    fn on_a_clean_link_each_block_is_sent_once(
        seed: u64,
        latency_us in 10_u64..20_000,
        wishes in any_wishes(),
        length in 0_usize..60_000,
    ) {
        let link = Link { seed, loss: 0, duplicates: 0, latency_us, jitter_us: 0 };
        let report = run(link, wishes, length);
        prop_assert_eq!(report.data_sent, report.blocks);
        prop_assert_eq!(report.transfers, 1);
    }

    #[test]
    fn duplicated_acks_never_multiply_blocks(
        seed: u64,
        latency_us in 10_u64..20_000,
        wishes in any_wishes(),
        length in 0_usize..60_000,
    ) {
        let link = Link { seed, loss: 0, duplicates: 0, latency_us, jitter_us: 0 };
        let content = content(length);
        let report = Channel::new(link, content).duplicating_acks().run(Client::new(wishes));
        prop_assert_eq!(report.data_sent, report.blocks);
    }

    #[test]
    fn any_packets_leave_a_transfer_in_order(
        options in proptest::collection::vec(any::<u8>(), 0..40),
        steps in proptest::collection::vec((any_packet(), 0_u64..2_000), 0..60),
    ) {
        let packet = [b"\0\x01f\0octet\0windowsize\x008\0".as_slice(), &options].concat();
        let request = Request::decode(&packet).unwrap();
        let mut now = lossy_channel::channel::epoch();
        let (mut transfer, mut outgoing) =
            Transfer::start(&request, content(9_000), &Limits::default(), now);
        for (packet, wait) in steps {
            if let Outgoing::Blocks { first, count } = outgoing {
                prop_assert!(count <= transfer.agreement().window && first >= 1);
            }
            prop_assert!(transfer.datagrams(outgoing).all(|d| d.parts().concat().len() <= 1472));
            now += std::time::Duration::from_millis(wait);
            let due = transfer.due(now);
            prop_assert!(transfer.next_deadline().is_none_or(|deadline| deadline > now));
            prop_assert!(transfer.datagrams(due).count() <= 8);
            outgoing = transfer.handle(&packet, now);
        }
    }
}

/// Mostly what a client could send.
fn any_packet() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => (0_u8..24).prop_map(|number| vec![0, 4, 0, number]),
        2 => any::<Vec<u8>>(),
        1 => any::<[u8; 2]>().prop_map(|[a, b]| vec![0, 4, a, b]),
        1 => any::<u8>().prop_map(|code| vec![0, 5, 0, code, b'x']),
    ]
}

#[test]
fn a_lossy_link_needs_one_transfer_and_bounded_time() {
    // 1 MiB in blocks of 1468 bytes at 5 and 20 % loss each way, in virtual time.
    for seed in 0..4 {
        for window in [None, Some(4), Some(8)] {
            for (loss, seconds) in [(5, 60), (20, 300)] {
                let report = run(link(seed, loss), wishes(Some(1468), window), 1 << 20);
                let took = report.took.as_secs();
                assert!(
                    took <= seconds,
                    "seed {seed}, {window:?}, {loss} %: {took} s"
                );
                assert_eq!(report.transfers, 1, "seed {seed}, {window:?}, {loss} %");
            }
        }
    }
}

#[test]
fn numbers_wrap_under_loss() {
    let report = run(link(7, 1), wishes(Some(8), Some(16)), 8 * 66_000);
    assert!(report.blocks > 65_536);
}

#[test]
fn sixty_four_mebibytes_in_small_blocks() {
    let report = run(link(1, 0), wishes(None, None), 64 << 20);
    assert_eq!(report.data_sent, (64 << 20) / 512 + 1);
}
