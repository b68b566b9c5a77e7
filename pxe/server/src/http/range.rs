//! Byte ranges (RFC 9110 §14): one range is honoured, several are answered with the whole, as the
//! RFC permits.

use bytes::Bytes;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, HeaderMap, HeaderValue, RANGE};
use http::{Response, StatusCode};

use crate::http::body::{AssetBody, empty};

/// Which part is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Range {
    /// All of it.
    Whole,
    /// From this byte, to this one if given, both included.
    From(u64, Option<u64>),
    /// The last so many bytes.
    Last(u64),
}

/// What the header asks for. A header that makes no sense asks for the whole (RFC 9110 §14.2).
pub(crate) fn requested_range(headers: &HeaderMap) -> Range {
    headers
        .get(RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(parse)
        .unwrap_or(Range::Whole)
}

fn parse(value: &str) -> Option<Range> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    match (first.trim(), last.trim()) {
        ("", last) => position(last).map(Range::Last),
        (first, "") => Some(Range::From(position(first)?, None)),
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            (first <= last).then_some(Range::From(first, Some(last)))
        }
    }
}

/// Digits and nothing else: `parse` alone takes a plus.
fn position(text: &str) -> Option<u64> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

impl Range {
    /// The reply that carries this part of the content.
    pub(crate) fn reply(self, content: Bytes) -> Response<AssetBody> {
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let mut reply = match self.part(length) {
            Part::Whole => Response::new(AssetBody::new(content)),
            Part::Slice(first, end) => {
                let slice = content.slice(index(first)..index(end));
                let mut reply = Response::new(AssetBody::new(slice));
                *reply.status_mut() = StatusCode::PARTIAL_CONTENT;
                set(&mut reply, &format!("bytes {first}-{}/{length}", end - 1));
                reply
            }
            Part::Nothing => {
                let mut reply = Response::new(empty());
                *reply.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                set(&mut reply, &format!("bytes */{length}"));
                reply
            }
        };
        reply
            .headers_mut()
            .insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        reply
    }

    fn part(self, length: u64) -> Part {
        match self {
            Self::Whole => Part::Whole,
            Self::From(first, _) if first >= length => Part::Nothing,
            Self::From(first, last) => {
                let end = last.map_or(length, |last| last.saturating_add(1).min(length));
                Part::Slice(first, end)
            }
            Self::Last(0) => Part::Nothing,
            Self::Last(_) if length == 0 => Part::Nothing,
            Self::Last(count) => Part::Slice(length.saturating_sub(count), length),
        }
    }
}

/// A range that was compared with a length.
enum Part {
    Whole,
    Slice(u64, u64),
    Nothing,
}

/// An offset within a content that is in memory fits.
fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn set(reply: &mut Response<AssetBody>, range: &str) {
    if let Ok(value) = HeaderValue::from_str(range) {
        reply.headers_mut().insert(CONTENT_RANGE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Body;
    use proptest::prelude::*;

    fn ask(range: &str, length: usize) -> (u16, Option<u64>, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, HeaderValue::from_str(range).unwrap());
        let reply = requested_range(&headers).reply(Bytes::from(vec![0; length]));
        let told = reply
            .headers()
            .get(CONTENT_RANGE)
            .map(|it| it.to_str().unwrap().to_owned());
        (
            reply.status().as_u16(),
            reply.body().size_hint().exact(),
            told,
        )
    }

    #[test]
    fn ranges_as_the_rfc_has_them() {
        for (range, status, length, told) in [
            ("bytes=0-499", 206, 500, Some("bytes 0-499/1000")),
            ("bytes=500-", 206, 500, Some("bytes 500-999/1000")),
            ("bytes=-1", 206, 1, Some("bytes 999-999/1000")),
            ("bytes=-5000", 206, 1000, Some("bytes 0-999/1000")),
            ("bytes=900-5000", 206, 100, Some("bytes 900-999/1000")),
            ("bytes=1000-", 416, 0, Some("bytes */1000")),
            ("bytes=-0", 416, 0, Some("bytes */1000")),
            ("bytes=5-1", 200, 1000, None),
            ("bytes=+1-5", 200, 1000, None),
            ("bytes=0-1,5-6", 200, 1000, None),
            ("lines=0-1", 200, 1000, None),
        ] {
            assert_eq!(
                ask(range, 1000),
                (status, Some(length), told.map(str::to_owned)),
                "{range}"
            );
        }
        assert_eq!(ask("bytes=-5", 0).0, 416);
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "bytes=[0-9,-]{0,40}", length in 0usize..100) {
            let (status, size, _) = ask(&value, length);
            prop_assert!(matches!(status, 200 | 206 | 416));
            prop_assert!(size.unwrap() <= length as u64);
        }
    }
}
