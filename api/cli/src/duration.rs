//! How long a command waits, as it is typed: `30s`, `30m`, `2h`, `1h30m`.

use std::time::Duration;

/// Reads a duration; the error says what would have been accepted.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("wanted a time such as 90s, 30m or 1h30m, got {text:?}");
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .ok_or_else(wanted)?;
        let (number, tail) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wanted())?;
        let end = tail
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let seconds = match unit {
            "s" => Some(number),
            "m" => number.checked_mul(60),
            "h" => number.checked_mul(3600),
            _ => None,
        };
        total = seconds
            .and_then(|seconds| total.checked_add(Duration::from_secs(seconds)))
            .ok_or_else(wanted)?;
        rest = tail;
    }
    if total.is_zero() {
        return Err(wanted());
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_typed() {
        for (text, seconds) in [("90s", 90), ("30m", 1800), ("2h", 7200), ("1h30m5s", 5405)] {
            let read = parse_duration(text);
            assert_eq!(read, Ok(Duration::from_secs(seconds)), "{text}");
        }
        let long = format!("{}h", u64::MAX);
        for text in [
            "",
            "30",
            "m",
            "0s",
            "1d",
            "-5s",
            "1.5h",
            "30 m",
            long.as_str(),
        ] {
            assert!(parse_duration(text).is_err(), "{text:?}");
        }
    }
}
