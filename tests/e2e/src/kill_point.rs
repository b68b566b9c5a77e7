//! Kill points: moments in a program's life, told by the system calls that it makes.
//!
//! They are recognised by what is read and written, not by counting: a request for a config begins
//! with `GET /c/`; its answer is the next one that goes out on the same socket. An event is read
//! from a socket of the sink; its acknowledgement is the next HEADERS frame (RFC 9113 §6.2) there.

use std::fmt;
use std::str::FromStr;

/// When a program is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KillPoint {
    /// It has read the request for a config, and has done nothing about it.
    ConfigAsked,
    /// It is about to write to its database for the first time after that request.
    BeforeCommit,
    /// The release is committed, and not a byte of the config has gone out.
    BeforeFirstByte,
    /// The first bytes of the config have gone out.
    AfterFirstByte,
    /// It has read and kept the event that the install began, and not acknowledged it.
    BeforeAcknowledgement,
    /// It has acknowledged that event.
    AfterAcknowledgement,
}

impl KillPoint {
    /// Every point, in the order in which a boot comes to them.
    pub const ALL: [Self; 6] = [
        Self::ConfigAsked,
        Self::BeforeCommit,
        Self::BeforeFirstByte,
        Self::AfterFirstByte,
        Self::BeforeAcknowledgement,
        Self::AfterAcknowledgement,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigAsked => "config-asked",
            Self::BeforeCommit => "before-commit",
            Self::BeforeFirstByte => "before-first-byte",
            Self::AfterFirstByte => "after-first-byte",
            Self::BeforeAcknowledgement => "before-acknowledgement",
            Self::AfterAcknowledgement => "after-acknowledgement",
        }
    }
}

impl fmt::Display for KillPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KillPoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        all.find(|point| point.as_str() == text)
            .ok_or_else(|| text.to_owned())
    }
}

/// A system call that matters, with the first of the bytes that it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call<'a> {
    /// Bytes were read from a descriptor.
    Read(u64, &'a [u8]),
    /// Bytes are about to be sent to a descriptor.
    Send(u64, &'a [u8]),
    /// A file is about to be written at a position, as databases do.
    Store,
}

/// What is to be done about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let it go on.
    GoOn,
    /// This is the moment.
    Kill,
    /// When this call has been done, it is the moment.
    KillAfter,
}

/// Looks at a program's calls until its moment has come.
#[derive(Debug)]
pub struct Lookout {
    point: KillPoint,
    /// The descriptor on which the request or the event came.
    seen_on: Option<u64>,
}

impl Lookout {
    /// For this moment.
    pub const fn new(point: KillPoint) -> Self {
        Self {
            point,
            seen_on: None,
        }
    }

    /// Looks at the next call.
    pub fn look(&mut self, call: Call<'_>) -> Verdict {
        match (call, self.seen_on) {
            (Call::Read(descriptor, bytes), None) if self.begins(bytes) => {
                self.seen_on = Some(descriptor);
                if self.point == KillPoint::ConfigAsked {
                    return Verdict::Kill;
                }
                Verdict::GoOn
            }
            (Call::Store, Some(_)) if self.point == KillPoint::BeforeCommit => Verdict::Kill,
            (Call::Send(descriptor, bytes), Some(seen)) if descriptor == seen => self.sent(bytes),
            _ => Verdict::GoOn,
        }
    }

    /// Whether what was read is what the moment follows.
    fn begins(&self, bytes: &[u8]) -> bool {
        match self.point {
            KillPoint::ConfigAsked
            | KillPoint::BeforeCommit
            | KillPoint::BeforeFirstByte
            | KillPoint::AfterFirstByte => bytes.starts_with(b"GET /c/"),
            KillPoint::BeforeAcknowledgement | KillPoint::AfterAcknowledgement => {
                holds(bytes, b"machine.PhaseEvent") && holds(bytes, b"install")
            }
        }
    }

    fn sent(&self, bytes: &[u8]) -> Verdict {
        let (is_it, then) = match self.point {
            KillPoint::ConfigAsked | KillPoint::BeforeCommit => (false, Verdict::GoOn),
            KillPoint::BeforeFirstByte => (bytes.starts_with(b"HTTP/1.1 200"), Verdict::Kill),
            KillPoint::AfterFirstByte => (bytes.starts_with(b"HTTP/1.1 200"), Verdict::KillAfter),
            KillPoint::BeforeAcknowledgement => (has_headers(bytes), Verdict::Kill),
            KillPoint::AfterAcknowledgement => (has_headers(bytes), Verdict::KillAfter),
        };
        if is_it { then } else { Verdict::GoOn }
    }
}

fn holds(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// Whether one of the HTTP/2 frames is a HEADERS frame: 24 bits of length, 8 bits of type, then
/// flags and stream (RFC 9113 §4.1).
fn has_headers(mut bytes: &[u8]) -> bool {
    while let [high, middle, low, kind, ..] = bytes {
        if *kind == HEADERS {
            return true;
        }
        let length = u32::from_be_bytes([0, *high, *middle, *low]);
        let frame = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .saturating_add(9);
        bytes = bytes.get(frame..).unwrap_or_default();
    }
    false
}

const HEADERS: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// A request on one socket beside another client's, and what follows.
    fn verdict(point: KillPoint) -> (usize, Verdict) {
        let headers: &[u8] = &[
            0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2, 1, 4, 0, 0, 0, 1,
        ];
        let event = b"\x00type.googleapis.com/machine.PhaseEvent\x12\x07install";
        let calls = [
            Call::Store,
            Call::Send(7, b"HTTP/1.1 200 OK"),
            Call::Read(7, b"GET /c/token/machine.yaml HTTP/1.1"),
            Call::Send(8, b"HTTP/1.1 200 OK"),
            Call::Store,
            Call::Send(7, b"HTTP/1.1 200 OK"),
            Call::Send(9, headers),
            Call::Read(9, event),
            Call::Send(9, &[0, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            Call::Send(9, headers),
        ];
        let mut lookout = Lookout::new(point);
        let verdicts = calls.iter().map(|call| lookout.look(*call));
        verdicts
            .enumerate()
            .find(|(_, verdict)| *verdict != Verdict::GoOn)
            .unwrap()
    }

    #[test]
    fn each_point_is_one_call() {
        for (point, place, then) in [
            (KillPoint::ConfigAsked, 2, Verdict::Kill),
            (KillPoint::BeforeCommit, 4, Verdict::Kill),
            (KillPoint::BeforeFirstByte, 5, Verdict::Kill),
            (KillPoint::AfterFirstByte, 5, Verdict::KillAfter),
            (KillPoint::BeforeAcknowledgement, 9, Verdict::Kill),
            (KillPoint::AfterAcknowledgement, 9, Verdict::KillAfter),
        ] {
            assert_eq!(verdict(point), (place, then), "{point}");
            assert_eq!(point.as_str().parse(), Ok(point));
        }
    }
}
