//! The transfer when nothing comes: how long it waits, how often it repeats, and how it ends.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and block numbers are meant to be cut to 16 bits"
)]

mod exchange;

use std::time::{Duration, Instant};

use exchange::{ack, blocks, epoch, ms, packets, start, windowed};
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::outcome::{Abort, Status};
use pxe_tftp::transfer::{RETRIES, Transfer, UNHEARD_DATAGRAMS};

/// Lets a transfer run out of time; the datagrams that left, and how long it took.
fn run_out(transfer: &mut Transfer, now: Instant) -> (Vec<Outgoing>, Duration) {
    let mut sent = Vec::new();
    let mut last = now;
    while let Some(deadline) = transfer.next_deadline() {
        assert_eq!(
            transfer.due(last),
            Outgoing::Nothing,
            "not before its deadline"
        );
        last = deadline;
        sent.extend(Some(transfer.due(deadline)).filter(|o| *o != Outgoing::Nothing));
    }
    (sent, last - now)
}

#[test]
fn a_forged_source_gets_little() {
    for options in ["", "blksize 1468 windowsize 64 tsize 0 timeout 1 "] {
        let now = epoch();
        let (mut transfer, first) = start(options, 1_000_000, now);
        let (sent, _) = run_out(&mut transfer, now);
        let all: Vec<Vec<u8>> = [vec![first], sent]
            .concat()
            .into_iter()
            .flat_map(|outgoing| packets(&transfer, outgoing))
            .collect();
        assert_eq!(all.len(), usize::from(UNHEARD_DATAGRAMS), "{options}");
        assert!(all.concat().len() <= 4096, "{options}");
        assert_eq!(
            transfer.status(),
            &Status::Aborted(Abort::Silence { all_sent: false })
        );
    }
}

#[test]
fn acks_before_any_data_do_not_prove_the_source() {
    let now = epoch();
    let (mut transfer, _) = start("", 1_000_000, now);
    for _ in 0..10 {
        assert_eq!(transfer.handle(&ack(0), now), Outgoing::Nothing);
    }
    let (sent, _) = run_out(&mut transfer, now);
    assert_eq!(sent.len(), usize::from(UNHEARD_DATAGRAMS) - 1);
}

#[test]
fn waits_double_until_patience_ends() {
    let now = epoch();
    let (transfer, _) = start("", 100, now);
    assert_eq!(transfer.next_deadline(), Some(now + ms(500)));
    let (mut transfer, now) = windowed(100_000, ms(1));
    let (sent, took) = run_out(&mut transfer, now);
    assert_eq!(sent, vec![blocks(1, 4); usize::from(RETRIES)]);
    assert_eq!(took, ms(200 + 400 + 800 + 1600 + 3200 + 4000 + 4000));
    assert_eq!(
        transfer.status(),
        &Status::Aborted(Abort::Silence { all_sent: false })
    );
}

#[test]
fn the_clients_timeout_ends_the_doubling() {
    let now = epoch();
    let (mut transfer, _) = start("timeout 1 ", 100, now);
    let (_, took) = run_out(&mut transfer, now);
    assert_eq!(took, ms(500 + 4 * 1000));
}

#[test]
fn repeated_packets_measure_nothing() {
    let now = epoch();
    let (mut transfer, _) = start("", 100_000, now);
    let now = now + ms(500);
    assert_eq!(transfer.due(now), blocks(1, 1));
    // Either of the two was answered: the wait of one second stays (Karn).
    assert_eq!(transfer.handle(&ack(1), now + ms(1)), blocks(2, 1));
    assert_eq!(transfer.next_deadline(), Some(now + ms(1) + ms(1000)));
    assert_eq!(transfer.handle(&ack(2), now + ms(2)), blocks(3, 1));
    assert_eq!(transfer.next_deadline(), Some(now + ms(2) + ms(200)));
}

#[test]
fn a_missing_last_ack_is_told_apart() {
    let now = epoch();
    let (mut transfer, _) = start("", 600, now);
    let _ = transfer.handle(&ack(1), now);
    let mut unreachable_instead = start("", 600, now).0;
    let _ = unreachable_instead.handle(&ack(1), now);
    let _ = run_out(&mut transfer, now);
    assert_eq!(
        transfer.status(),
        &Status::Aborted(Abort::Silence { all_sent: true })
    );
    unreachable_instead.unreachable();
    let expected = Status::Aborted(Abort::Unreachable { all_sent: true });
    assert_eq!(unreachable_instead.status(), &expected);
    assert_eq!(unreachable_instead.next_deadline(), None);
}

#[test]
fn a_client_that_lives_but_gets_nothing_ends_as_stalled() {
    let now = epoch();
    let (mut transfer, _) = start("", 100_000, now);
    let _ = transfer.handle(&ack(1), now);
    let mut sent = 0;
    while let Some(deadline) = transfer.next_deadline() {
        let _ = transfer.handle(&ack(1), deadline);
        sent += u32::from(transfer.due(deadline) != Outgoing::Nothing);
        assert!(sent < 100, "it must end");
    }
    assert_eq!(transfer.status(), &Status::Aborted(Abort::Stalled));
    assert!(sent > u32::from(RETRIES), "repeated ACKs are signs of life");
}

#[test]
fn a_client_that_asked_for_something_else_is_told_nothing() {
    let now = epoch();
    let (mut transfer, _) = start("", 100_000, now);
    transfer.replaced();
    assert_eq!(transfer.status(), &Status::Aborted(Abort::Replaced));
    assert_eq!(transfer.next_deadline(), None);
    assert_eq!(transfer.handle(&ack(1), now), Outgoing::Nothing);
    assert_eq!(transfer.cancel(), Outgoing::Nothing);
}

#[test]
fn a_cancelled_client_is_told_once() {
    let now = epoch();
    let (mut transfer, _) = start("", 100_000, now);
    let outgoing = transfer.cancel();
    assert_eq!(packets(&transfer, outgoing), [b"\0\x05\0\0server stops\0"]);
    assert_eq!(transfer.status(), &Status::Aborted(Abort::Cancelled));
    assert_eq!(transfer.cancel(), Outgoing::Nothing);
    assert_eq!(transfer.handle(&ack(1), now), Outgoing::Nothing);
    assert_eq!(transfer.due(now + ms(9000)), Outgoing::Nothing);
}
