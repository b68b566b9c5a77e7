//! What is done otherwise after a transfer has failed.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test may panic, and block numbers are meant to be cut to 16 bits"
)]
#![expect(dead_code, reason = "helpers that other tests need")]

mod exchange;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use exchange::{ack, content, epoch, ms, request};
use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::lesson::{Failure, Lessons};
use pxe_tftp::transfer::Transfer;

const PEER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 9);
const OPTIONS: &str = "tsize 0 blksize 1468 ";

/// A transfer as it is begun for the peer, after what is known.
fn begin(lessons: &Lessons, now: Instant) -> (Transfer, Outgoing) {
    let (mut request, mut limits) = (request(OPTIONS), Limits::default());
    lessons.apply(PEER, &mut request, &mut limits, now);
    Transfer::start(&request, content(100_000), &limits, now)
}

/// Nothing comes any more; how it failed, and when.
fn run_out(transfer: &mut Transfer, mut now: Instant) -> (Option<Failure>, Instant) {
    while let Some(deadline) = transfer.next_deadline() {
        now = deadline;
        let _ = transfer.due(now);
    }
    (Failure::of(transfer), now)
}

/// A peer that is deaf to OACKs asks; the time after it.
fn asks_in_vain(lessons: &mut Lessons, now: Instant) -> Instant {
    let (mut transfer, first) = begin(lessons, now);
    assert_eq!(first, Outgoing::OptionAcknowledgement);
    let (failure, now) = run_out(&mut transfer, now);
    assert_eq!(failure, Some(Failure::UnansweredOptions));
    lessons.failed(PEER, failure.unwrap(), now);
    now
}

#[test]
fn who_is_deaf_to_an_oack_gets_data_at_once_the_third_time() {
    let mut lessons = Lessons::default();
    let now = asks_in_vain(&mut lessons, epoch());
    let now = asks_in_vain(&mut lessons, now);
    let (mut transfer, first) = begin(&lessons, now);
    assert_eq!(first, exchange::blocks(1, 1), "data, and no OACK");
    assert_eq!(transfer.agreement().block_size, 512);
    assert_eq!(transfer.handle(&ack(1), now), exchange::blocks(2, 1));
    // It was not that: options again.
    let (failure, now) = run_out(&mut transfer, now);
    lessons.failed(PEER, failure.unwrap(), now);
    asks_in_vain(&mut lessons, now);
}

#[test]
fn what_has_helped_is_remembered_over_restarts() {
    let hour = Duration::from_hours(1);
    let mut lessons = Lessons::default();
    let now = asks_in_vain(&mut lessons, epoch());
    let now = asks_in_vain(&mut lessons, now);
    lessons.succeeded(PEER, now);
    let is_deaf = |lessons: &Lessons, now| begin(lessons, now).1 == exchange::blocks(1, 1);
    for hours in 1..=3 {
        assert!(is_deaf(&lessons, now + hours * hour));
    }
    assert!(
        !is_deaf(&lessons, now + 24 * hour),
        "the address may be another's"
    );
    // It was switched off in mid-transfer.
    lessons.failed(PEER, Failure::Other, now);
    assert!(is_deaf(&lessons, now));
    // Twice in a row it is not the options.
    lessons.failed(PEER, Failure::Other, now);
    assert!(!is_deaf(&lessons, now));
}

#[test]
fn who_takes_options_after_all_begins_anew() {
    let mut lessons = Lessons::default();
    let now = asks_in_vain(&mut lessons, epoch());
    lessons.succeeded(PEER, now);
    asks_in_vain(&mut lessons, now);
    assert_eq!(begin(&lessons, now).1, Outgoing::OptionAcknowledgement);
}

#[test]
fn who_gets_no_full_block_is_offered_512_bytes() {
    let mut lessons = Lessons::default();
    let now = epoch();
    let (mut transfer, _) = begin(&lessons, now);
    let _ = transfer.handle(&ack(0), now + ms(1));
    let (failure, now) = run_out(&mut transfer, now + ms(1));
    assert_eq!(failure, Some(Failure::NoBlockArrived(1468)));
    lessons.failed(PEER, failure.unwrap(), now);
    let (transfer, first) = begin(&lessons, now);
    assert_eq!(first, Outgoing::OptionAcknowledgement);
    assert_eq!(transfer.agreement().block_size, 512);
    let later = now + Duration::from_mins(10);
    assert_eq!(begin(&lessons, later).0.agreement().block_size, 1468);
}

#[test]
fn a_question_for_the_size_teaches_nothing() {
    let now = epoch();
    let (mut transfer, _) = begin(&Lessons::default(), now);
    let _ = transfer.handle(b"\0\x05\0\x08enough\0", now);
    assert_eq!(Failure::of(&transfer), None);
}

#[test]
fn peers_that_are_forged_fill_no_memory() {
    let mut lessons = Lessons::default();
    let now = epoch();
    for number in 0..5000_u32 {
        let peer = Ipv4Addr::from_bits(0x0a00_0000 + number);
        lessons.failed(peer, Failure::UnansweredOptions, now);
    }
    lessons.failed(PEER, Failure::NoBlockArrived(1468), now);
    let block_size = begin(&lessons, now).0.agreement().block_size;
    assert_eq!(block_size, 1468, "there is no room for what it teaches");
}
