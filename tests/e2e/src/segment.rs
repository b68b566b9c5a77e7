//! What went over the segment, from the lab's capture (`pcap-savefile(5)`).

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use machine_core::hardware::MacAddress;

use crate::error::ScenarioError;

/// How many frames of this card in the capture hold these bytes.
pub fn frames_with(capture: &Path, card: MacAddress, bytes: &[u8]) -> Result<usize, ScenarioError> {
    let count = || count(BufReader::new(File::open(capture)?), card, bytes);
    count().map_err(ScenarioError::file("read", capture))
}

/// The last packet may be half written: the capture goes on.
fn count(mut capture: impl Read, card: MacAddress, bytes: &[u8]) -> io::Result<usize> {
    let mut header = [0; HEADER];
    capture.read_exact(&mut header)?;
    let mut found = 0;
    while let Some(frame) = next(&mut capture)? {
        let is_from_it = frame.get(6..12) == Some(card.octets().as_slice());
        let mut windows = frame.windows(bytes.len());
        found += usize::from(is_from_it && windows.any(|window| window == bytes));
    }
    Ok(found)
}

/// A record: seconds, fractions, length as captured and on the wire, in the byte order of this
/// machine, which wrote it; then the frame.
fn next(capture: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 16];
    let mut frame = Vec::new();
    let record = capture.read_exact(&mut header).and_then(|()| {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = header;
        let length = u32::from_ne_bytes([a, b, c, d]);
        frame.resize(usize::try_from(length).unwrap_or(usize::MAX), 0);
        capture.read_exact(&mut frame)
    });
    match record {
        Ok(()) => Ok(Some(frame)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The header of the file.
const HEADER: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn record(source: u8, payload: &[u8]) -> Vec<u8> {
        let frame = [&[0; 6][..], &[2, 0, 0, 0, 0, source], &[8, 0], payload].concat();
        let length = u32::try_from(frame.len()).unwrap().to_ne_bytes();
        [&[0; 8][..], &length, &length, &frame].concat()
    }

    #[test]
    fn frames_of_one_card_are_counted() {
        let mut capture = vec![0; HEADER];
        for (source, payload) in [
            (1, "GET /c/token"),
            (2, "GET /c/token"),
            (1, "GET /boot"),
            (1, "then GET /c/"),
        ] {
            capture.extend(record(source, payload.as_bytes()));
        }
        capture.extend(record(1, b"GET /c/").split_last().unwrap().1);
        let card = |last| MacAddress::new([2, 0, 0, 0, 0, last]);
        for (last, wanted) in [(1, 2), (2, 1), (3, 0)] {
            assert_eq!(count(&capture[..], card(last), b"GET /c/").unwrap(), wanted);
        }
    }
}
