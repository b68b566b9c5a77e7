//! Replays what a node sent over one HTTP/2 connection, byte for byte, one call after the other.
//!
//! A node waits for the answer to a call before it makes the next one; so does the replay. Frames
//! are those of RFC 9113 §4.1.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// What was answered on one stream.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The bytes of its DATA frames: a gRPC message if the call succeeded, nothing if it failed.
    pub(crate) data: Vec<u8>,
    /// Whether it ended as calls do, by a HEADERS frame.
    pub(crate) is_whole: bool,
}

/// Sends the bytes to `address`; the answer to each call, in order.
pub(crate) async fn replay(address: SocketAddr, bytes: &[u8]) -> Vec<Answer> {
    let node = TcpStream::connect(address).await.unwrap();
    // As Go's sockets do.
    node.set_nodelay(true).unwrap();
    let (mut from_sink, mut to_sink) = node.into_split();
    let (preface, mut rest) = bytes.split_at(PREFACE.len());
    assert_eq!(preface, PREFACE, "the recording is of HTTP/2");
    to_sink.write_all(preface).await.unwrap();
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let (frame, after) = Frame::split(rest);
        send(&mut to_sink, rest, after).await;
        rest = after;
        if frame.ends_stream() {
            answers.push(answer(&mut from_sink, frame.stream).await);
        }
    }
    answers
}

async fn send(to_sink: &mut OwnedWriteHalf, from: &[u8], to: &[u8]) {
    let length = from.len() - to.len();
    to_sink.write_all(&from[..length]).await.unwrap();
}

/// Reads frames until this stream has ended.
async fn answer(from_sink: &mut OwnedReadHalf, stream: u32) -> Answer {
    let mut answers: BTreeMap<u32, Answer> = BTreeMap::new();
    loop {
        let mut header = [0; HEADER];
        from_sink.read_exact(&mut header).await.unwrap();
        let frame = Frame::of(header);
        let mut payload = vec![0; frame.length];
        from_sink.read_exact(&mut payload).await.unwrap();
        assert!(
            !matches!(frame.kind, RST_STREAM | GOAWAY),
            "the sink broke off: {frame:?} {payload:?}"
        );
        let answer = answers.entry(frame.stream).or_default();
        if frame.kind == DATA {
            answer.data.extend(payload);
        }
        if frame.ends_stream() {
            answer.is_whole = frame.kind == HEADERS;
            if frame.stream == stream {
                return answer.clone();
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    length: usize,
    kind: u8,
    flags: u8,
    stream: u32,
}

impl Frame {
    const fn of(header: [u8; HEADER]) -> Self {
        let [a, b, c, kind, flags, e, f, g, h] = header;
        Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes([e, f, g, h]) & 0x7fff_ffff,
        }
    }

    /// The first frame, and the bytes behind it.
    fn split(bytes: &[u8]) -> (Self, &[u8]) {
        let frame = Self::of(*bytes.first_chunk().unwrap());
        (frame, &bytes[HEADER + frame.length..])
    }

    const fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADER: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
