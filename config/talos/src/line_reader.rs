//! Lines out of a stream of bytes, with a limit on their length and on the time that one may take.
//!
//! A line that is too long is skipped to its end and told once; its connection goes on.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::time::{Instant, timeout_at};

use crate::dropped::Dropped;

/// The lines of a stream.
#[derive(Debug)]
pub(crate) struct LineReader<S> {
    stream: BufReader<S>,
    line: Vec<u8>,
    skips: bool,
    begun: Option<Instant>,
}

/// What one look at the buffer found.
enum Found {
    Nothing,
    Line,
    TooLong,
}

impl<S: AsyncRead + Unpin> LineReader<S> {
    /// The lines of this stream.
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
            line: Vec::new(),
            skips: false,
            begun: None,
        }
    }

    /// The next line, without its end; none at the end of the stream. Empty lines are passed over.
    pub(crate) async fn next(&mut self) -> Option<Result<Vec<u8>, Dropped>> {
        loop {
            let filled = match self.begun {
                None => self
                    .stream
                    .fill_buf()
                    .await
                    .is_ok_and(|buffer| !buffer.is_empty()),
                Some(begun) => timeout_at(begun + LINE_TIME, self.stream.fill_buf())
                    .await
                    .is_ok_and(|read| read.is_ok_and(|buffer| !buffer.is_empty())),
            };
            if !filled {
                return self.unfinished().map(Err);
            }
            match self.take() {
                Found::Nothing => {}
                Found::TooLong => return Some(Err(Dropped::LineTooLong { limit: LINE_LIMIT })),
                Found::Line => return Some(Ok(std::mem::take(&mut self.line))),
            }
        }
    }

    /// Takes what the buffer holds, up to the end of a line.
    fn take(&mut self) -> Found {
        let buffer = self.stream.buffer();
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let part = buffer
            .get(..end.unwrap_or(buffer.len()))
            .unwrap_or_default();
        let fits = self.line.len() + part.len() <= LINE_LIMIT;
        if !self.skips && fits {
            self.line.extend_from_slice(part);
        }
        let taken = part.len() + usize::from(end.is_some());
        self.stream.consume(taken);

        let breaks = !self.skips && !fits;
        let skipped = self.skips || breaks;
        self.skips = skipped && end.is_none();
        self.begun = end
            .is_none()
            .then(|| self.begun.unwrap_or_else(Instant::now));
        if skipped {
            self.line.clear();
        }
        match (breaks, end) {
            (true, _) => Found::TooLong,
            (false, Some(_)) if !skipped && !self.line.is_empty() => Found::Line,
            (false, _) => Found::Nothing,
        }
    }

    /// The stream ended, failed, or took too long over a line.
    fn unfinished(&mut self) -> Option<Dropped> {
        let bytes = std::mem::take(&mut self.line).len();
        (bytes > 0).then_some(Dropped::LineUnfinished { bytes })
    }
}

/// Bytes of one line.
pub(crate) const LINE_LIMIT: usize = 16 * 1024;
/// How long a line may take from its first byte to its last.
const LINE_TIME: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt;

    fn lines_of(bytes: &[u8]) -> Vec<Result<Vec<u8>, Dropped>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut reader = LineReader::new(bytes);
            let mut lines = Vec::new();
            while let Some(line) = reader.next().await {
                lines.push(line);
            }
            lines
        })
    }

    #[test]
    fn lines_are_split_and_empty_ones_passed_over() {
        assert_eq!(lines_of(b""), []);
        assert_eq!(
            lines_of(b"\n\na\n\nbc\n"),
            [Ok(b"a".to_vec()), Ok(b"bc".to_vec())]
        );
        assert_eq!(
            lines_of(b"a\nbc"),
            [Ok(b"a".to_vec()), Err(Dropped::LineUnfinished { bytes: 2 })]
        );
    }

    #[test]
    fn a_line_that_is_too_long_costs_only_itself() {
        let longest = vec![b'x'; LINE_LIMIT];
        for extra in [1, 10_000, 100_000] {
            let mut bytes = longest.clone();
            bytes.push(b'\n');
            bytes.extend(vec![b'y'; LINE_LIMIT + extra]);
            bytes.extend(b"\nz\n");
            assert_eq!(
                lines_of(&bytes),
                [
                    Ok(longest.clone()),
                    Err(Dropped::LineTooLong { limit: LINE_LIMIT }),
                    Ok(b"z".to_vec())
                ],
                "{extra}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_is_never_finished_ends_its_connection() {
        let (mut peer, stream) = tokio::io::duplex(64);
        let mut reader = LineReader::new(stream);
        peer.write_all(b"whole\nhal").await.unwrap();
        assert_eq!(reader.next().await, Some(Ok(b"whole".to_vec())));
        assert_eq!(
            reader.next().await,
            Some(Err(Dropped::LineUnfinished { bytes: 3 }))
        );
        drop(peer);
        assert_eq!(reader.next().await, None);
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(lines in prop::collection::vec("[a-z]{1,60}", 0..40)) {
            let bytes: Vec<u8> =
                lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect();
            let wanted: Vec<_> = lines.into_iter().map(|line| Ok(line.into_bytes())).collect();
            prop_assert_eq!(lines_of(&bytes), wanted);
        }
    }
}
