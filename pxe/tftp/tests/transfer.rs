//! The transfer, packet by packet: what each packet of the client sends.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and block numbers are meant to be cut to 16 bits"
)]

mod exchange;

use exchange::{ack, blocks, content, epoch, ms, packets, request, start, windowed};
use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::outcome::{Abort, Status};
use pxe_tftp::transfer::Transfer;

#[test]
fn lock_step_from_the_first_block_to_the_last() {
    let now = epoch();
    let (mut transfer, first) = start("", 1030, now);
    assert_eq!(first, blocks(1, 1));
    let first = packets(&transfer, first);
    assert_eq!(
        first,
        [[b"\0\x03\0\x01".as_slice(), &content(1030)[..512]].concat()]
    );
    assert_eq!(transfer.handle(&ack(1), now), blocks(2, 1));
    assert_eq!(transfer.progress(), (512, 1030));
    let last = transfer.handle(&ack(2), now);
    assert_eq!(
        packets(&transfer, last),
        [[b"\0\x03\0\x03".as_slice(), &content(1030)[1024..]].concat()]
    );
    assert_eq!(transfer.status(), &Status::Running);
    assert_eq!(transfer.handle(&ack(3), now), Outgoing::Nothing);
    assert_eq!(transfer.status(), &Status::Done);
    assert_eq!(transfer.progress(), (1030, 1030));
    assert_eq!(transfer.next_deadline(), None);
}

#[test]
fn an_exact_multiple_ends_with_an_empty_block() {
    for (length, count) in [(0, 1), (511, 1), (512, 2), (1024, 3)] {
        let now = epoch();
        let (mut transfer, mut outgoing) = start("", length, now);
        for number in 1..=count {
            let payload: usize = transfer
                .datagrams(outgoing)
                .map(|d| d.payload().len())
                .sum();
            let expected = (length + 512 - number * 512).min(512);
            assert_eq!(payload, expected, "{length} bytes, block {number}");
            outgoing = transfer.handle(&ack(number as u16), now);
        }
        assert_eq!(transfer.status(), &Status::Done, "{length} bytes");
    }
}

#[test]
fn payloads_are_slices_of_the_content() {
    let content = content(5000);
    let now = epoch();
    let request = request("blksize 1000 windowsize 8 ");
    let (mut transfer, _) = Transfer::start(&request, content.clone(), &Limits::default(), now);
    let window = transfer.handle(&ack(0), now);
    assert_eq!(
        window,
        blocks(1, 6),
        "a whole window in one batch, and no block after the last"
    );
    let inside = content.as_ptr_range();
    let payloads: Vec<&[u8]> = transfer.datagrams(window).map(|d| d.payload()).collect();
    assert!(
        payloads[..5]
            .iter()
            .all(|p| inside.contains(&p.as_ptr()) && p.len() == 1000)
    );
    assert!(payloads[5].is_empty());
}

#[test]
fn the_oack_is_answered_with_block_zero() {
    let now = epoch();
    let (mut transfer, first) = start("tsize 0 blksize 1432 ", 100, now);
    assert_eq!(
        packets(&transfer, first),
        [b"\0\x06blksize\x001432\0tsize\x00100\0"]
    );
    assert_eq!(
        transfer.handle(&ack(1), now),
        Outgoing::Nothing,
        "nothing was sent yet"
    );
    assert_eq!(transfer.handle(&ack(0), now), blocks(1, 1));
}

#[test]
fn options_that_mean_nothing_are_answered_with_data() {
    let (_, first) = start("multicast 1 blksize x ", 100, epoch());
    assert_eq!(first, blocks(1, 1));
}

#[test]
fn a_size_probe_is_no_failure() {
    let cases = [
        (
            "tsize 0 blksize 1468 ",
            "\0\x05\0\x08User aborted the transfer\0",
            true,
        ),
        ("tsize 0 ", "\0\x05\0\0TFTP Aborted\0", true),
        ("tsize 0 ", "\0\x05\0\x03Disk full\0", false),
        ("blksize 1468 ", "\0\x05\0\x08\0", false),
        ("", "\0\x05\0\x08\0", false),
    ];
    for (options, error, probe) in cases {
        let (mut transfer, _) = start(options, 9999, epoch());
        assert_eq!(
            transfer.handle(error.as_bytes(), epoch()),
            Outgoing::Nothing
        );
        let got = transfer.status();
        assert_eq!(
            got == &Status::Aborted(Abort::SizeProbe),
            probe,
            "{options} {error:?}"
        );
        assert!(matches!(got, Status::Aborted(_)));
        assert_eq!(
            transfer.next_deadline(),
            None,
            "nothing is sent to a client that gave up"
        );
    }
}

#[test]
fn an_error_after_the_first_block_is_a_failure() {
    let now = epoch();
    let (mut transfer, _) = start("tsize 0 ", 9999, now);
    let _ = transfer.handle(&ack(0), now);
    let _ = transfer.handle(b"\0\x05\0\x08stop", now);
    let Status::Aborted(Abort::Client { code: 8, message }) = transfer.status() else {
        panic!("{:?}", transfer.status());
    };
    assert_eq!(message.as_str(), "stop");
}

#[test]
fn a_repeated_ack_sends_nothing_in_lock_step() {
    let now = epoch();
    let (mut transfer, _) = start("", 100_000, now);
    for number in 1..100 {
        assert_eq!(
            transfer.handle(&ack(number), now),
            blocks(u64::from(number) + 1, 1)
        );
        for late in [ms(0), ms(1), ms(100), ms(199)] {
            assert_eq!(transfer.handle(&ack(number), now + late), Outgoing::Nothing);
        }
        assert_eq!(
            transfer.handle(&ack(number - 1), now),
            Outgoing::Nothing,
            "stale"
        );
    }
    assert_eq!(transfer.statistics().datagrams, 100);
}

#[test]
fn a_duplicate_by_the_network_sends_nothing_in_windows() {
    let (mut transfer, mut now) = windowed(100_000, ms(3));
    for window in 1..10_u16 {
        now += ms(3);
        let expected = blocks(u64::from(window) * 4 + 1, 4);
        assert_eq!(transfer.handle(&ack(window * 4), now), expected);
        for late in [ms(0), ms(1), ms(2)] {
            assert_eq!(
                transfer.handle(&ack(window * 4), now + late),
                Outgoing::Nothing
            );
        }
    }
    assert_eq!(transfer.statistics().datagrams, 41);
}

#[test]
fn a_window_whose_first_block_is_lost_goes_out_again() {
    let (mut transfer, sent) = windowed(100_000, ms(3));
    // The client saw blocks 2, 3 and 4 and repeats ACK 0 for each (EDK2).
    let now = sent + ms(3);
    for _ in 0..3 {
        assert_eq!(transfer.handle(&ack(0), now), Outgoing::Nothing);
    }
    let deadline = transfer.next_deadline().unwrap();
    assert_eq!(deadline, sent + ms(6), "two round trips, not a timeout");
    assert_eq!(transfer.due(deadline), blocks(1, 4));
    assert_eq!(transfer.handle(&ack(4), deadline + ms(3)), blocks(5, 4));
}

#[test]
fn an_overdue_gap_is_repaired_at_once() {
    let (mut transfer, sent) = windowed(100_000, ms(3));
    assert_eq!(transfer.handle(&ack(0), sent + ms(7)), blocks(1, 4));
}

#[test]
fn a_partial_ack_resumes_after_its_block() {
    let (mut transfer, now) = windowed(100_000, ms(3));
    let now = now + ms(3);
    assert_eq!(transfer.handle(&ack(2), now), blocks(3, 4));
    // The same gap, reported once more for block 4.
    assert_eq!(transfer.handle(&ack(2), now), Outgoing::Nothing);
    assert_eq!(transfer.handle(&ack(6), now + ms(3)), blocks(7, 4));
}

#[test]
fn stale_partial_acks_do_not_multiply_blocks() {
    let (mut transfer, now) = windowed(100_000, ms(3));
    let now = now + ms(3);
    assert_eq!(transfer.handle(&ack(1), now), blocks(2, 4));
    for number in 2..=4 {
        let sent = transfer.handle(&ack(number), now + ms(1));
        assert_eq!(
            sent,
            Outgoing::Nothing,
            "ACK {number} left before the blocks came"
        );
    }
    assert_eq!(transfer.handle(&ack(5), now + ms(3)), blocks(6, 4));
}

#[test]
fn a_second_gap_in_a_repeated_window_is_repaired_at_once() {
    let (mut transfer, now) = windowed(100_000, ms(3));
    let now = now + ms(3);
    assert_eq!(transfer.handle(&ack(1), now), blocks(2, 4));
    assert_eq!(transfer.handle(&ack(2), now + ms(3)), blocks(3, 4));
}

#[test]
fn windows_fall_into_step_again() {
    let (mut transfer, now) = windowed(100_000, ms(3));
    // Block 4 is lost. The client waits for it; at the deadline all four go out again.
    let now = now + ms(200);
    assert_eq!(transfer.due(now), blocks(1, 4));
    // The client answers block 1 with what it has, then gets block 4: it needs 5 to 7.
    let now = now + ms(3);
    assert_eq!(transfer.handle(&ack(3), now), blocks(5, 3));
    assert_eq!(transfer.handle(&ack(3), now), Outgoing::Nothing);
    assert_eq!(transfer.handle(&ack(7), now + ms(3)), blocks(8, 4));
    assert_eq!(transfer.statistics().repeated, 4);
}

#[test]
fn a_window_slides_no_further_than_the_last_block() {
    let (mut transfer, now) = windowed(512 * 3 + 9, ms(3));
    assert_eq!(transfer.due(now + ms(200)), blocks(1, 4));
    assert_eq!(transfer.handle(&ack(3), now + ms(203)), Outgoing::Nothing);
    assert_eq!(
        transfer.due(now + ms(403)),
        blocks(4, 1),
        "it is still awaited"
    );
    let _ = transfer.handle(&ack(4), now + ms(404));
    assert_eq!(transfer.status(), &Status::Done);
}

#[test]
fn acks_from_the_future_are_ignored() {
    let (mut transfer, now) = windowed(100_000, ms(3));
    for number in [5, 100, 32768, 65535] {
        assert_eq!(
            transfer.handle(&ack(number), now + ms(50)),
            Outgoing::Nothing
        );
    }
    assert_eq!(transfer.statistics().ignored, 4);
    assert_eq!(transfer.progress().0, 0);
}

#[test]
fn block_numbers_wrap() {
    let now = epoch();
    let (mut transfer, _) = start("blksize 8 windowsize 2 ", 8 * 65540, now);
    let mut outgoing = transfer.handle(&ack(0), now);
    for last in (2..=65540_u64).step_by(2) {
        assert_eq!(outgoing, blocks(last - 1, 2));
        let numbers: Vec<u16> = packets(&transfer, outgoing)
            .iter()
            .map(|packet| u16::from_be_bytes([packet[2], packet[3]]))
            .collect();
        assert_eq!(numbers, [(last - 1) as u16, last as u16]);
        outgoing = transfer.handle(&ack(last as u16), now);
    }
    assert_eq!(
        outgoing,
        blocks(65541, 1),
        "the empty last block, number 5 on the wire"
    );
    let _ = transfer.handle(&ack(5), now);
    assert_eq!(transfer.status(), &Status::Done);
}
