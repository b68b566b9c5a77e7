//! The times of the API: RFC 3339 with milliseconds in JSON, null for what did not happen yet.
//!
//! Protobuf's own JSON writes them as `2026-11-23T22:20:05.250Z`, too; the type of `prost` prints
//! and reads that form, but leaves out milliseconds that are zero.

use prost_types::Timestamp;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::Serializer;

/// A time from milliseconds since 1970, UTC.
pub fn from_millis(millis: i64) -> Timestamp {
    let nanos = millis.rem_euclid(1000) * 1_000_000;
    Timestamp {
        seconds: millis.div_euclid(1000),
        // Below 10^9.
        nanos: i32::try_from(nanos).unwrap_or_default(),
    }
}

/// Milliseconds since 1970, UTC.
pub fn to_millis(time: &Timestamp) -> i64 {
    let millis = time.seconds.saturating_mul(1000);
    millis.saturating_add(i64::from(time.nanos / 1_000_000))
}

/// As it is written: always with milliseconds, so that texts are in the order of times.
pub fn text(time: &Timestamp) -> String {
    let text = time.to_string();
    match text.strip_suffix('Z') {
        Some(seconds) if !seconds.contains('.') => format!("{seconds}.000Z"),
        _ => text,
    }
}

/// Writes a time; null for none.
pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => to.serialize_str(&text(time)),
        None => to.serialize_none(),
    }
}

/// Reads a time.
pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    let read = |text: String| {
        text.parse()
            .map_err(|error| wrong::<D::Error>(&text, &error))
    };
    text.map(read).transpose()
}

fn wrong<E: Error>(text: &str, why: &prost_types::TimestampError) -> E {
    E::custom(format!(
        "wanted a time such as 2026-11-23T22:20:05.250Z, got {text:?}: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(
            text(&from_millis(1_763_936_405_250)),
            "2025-11-23T22:20:05.250Z"
        );
        assert_eq!(
            text(&from_millis(1_763_936_405_000)),
            "2025-11-23T22:20:05.000Z"
        );
    }

    #[test]
    fn a_time_is_what_it_was_before_1970_too() {
        for millis in [0, 1, -1, 1_763_936_405_250, -62_135_596_800_000] {
            assert_eq!(to_millis(&from_millis(millis)), millis);
        }
    }
}
