//! Packets and transfers of the tests, in virtual time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use pxe_tftp::agreement::Limits;
use pxe_tftp::datagram::Outgoing;
use pxe_tftp::request::Request;
use pxe_tftp::transfer::Transfer;

/// Virtual time: only differences matter.
#[expect(clippy::disallowed_methods, reason = "a base for virtual time")]
pub(crate) fn epoch() -> Instant {
    Instant::now()
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn request(options: &str) -> Request {
    let packet = format!("\0\x01file\0octet\0{}", options.replace(' ', "\0"));
    Request::decode(packet.as_bytes()).unwrap()
}

pub(crate) fn content(length: usize) -> Bytes {
    (0..length).map(|i| (i * 7 + i / 256) as u8).collect()
}

pub(crate) fn start(options: &str, length: usize, now: Instant) -> (Transfer, Outgoing) {
    Transfer::start(&request(options), content(length), &Limits::default(), now)
}

pub(crate) fn ack(number: u16) -> Vec<u8> {
    [&[0, 4], number.to_be_bytes().as_slice()].concat()
}

pub(crate) fn blocks(first: u64, count: u16) -> Outgoing {
    Outgoing::Blocks { first, count }
}

pub(crate) fn packets(transfer: &Transfer, outgoing: Outgoing) -> Vec<Vec<u8>> {
    let datagrams = transfer.datagrams(outgoing);
    datagrams
        .map(|datagram| datagram.parts().concat())
        .collect()
}

/// A transfer with a window of four whose OACK was answered after `round_trip`.
pub(crate) fn windowed(length: usize, round_trip: Duration) -> (Transfer, Instant) {
    let now = epoch();
    let (mut transfer, first) = start("blksize 512 windowsize 4 ", length, now);
    assert_eq!(first, Outgoing::OptionAcknowledgement);
    let now = now + round_trip;
    assert_eq!(transfer.handle(&ack(0), now), blocks(1, 4));
    (transfer, now)
}
