//! Which plain texts a reader takes for something other than a text.
//!
//! The rules of Go's yaml package: the YAML 1.2 core, and the booleans, base-60 numbers and dates
//! of YAML 1.1, which it still quotes for old parsers.

/// Whether a plain `text` would be read as something other than a text.
pub(super) fn resolves(text: &str) -> bool {
    const WORDS: [&str; 42] = [
        "", "~", "null", "Null", "NULL", "true", "True", "TRUE", "false", "False", "FALSE", "y",
        "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off",
        "OFF", "<<", ".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF",
        "-.inf", "-.Inf", "-.INF", "-0", "-0.0",
    ];
    if WORDS.contains(&text) {
        return true;
    }
    match text.bytes().next() {
        Some(b'.') => is_float(&text.replace('_', "")) && separates_digits(text),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            let plain = text.replace('_', "");
            is_timestamp(text) || is_integer(&plain) || is_float(&plain) || is_base_60(text)
        }
        _ => false,
    }
}

/// What Go's `strconv.ParseInt` or `ParseUint` takes with base 0, underscores removed.
fn is_integer(plain: &str) -> bool {
    let (sign, digits) = match plain.as_bytes().first() {
        Some(b'+' | b'-') => plain.split_at(1),
        _ => ("", plain),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, lower.as_str())
    } else {
        (10, lower.as_str())
    };
    if digits.starts_with('+') {
        return false;
    }
    u64::from_str_radix(digits, radix).is_ok_and(|value| match sign {
        "-" => value <= 1 << 63,
        "+" => value < 1 << 63,
        _ => true,
    })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, and within the range of a double.
fn is_float(plain: &str) -> bool {
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(plain);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|it| {
        let it = it.strip_prefix(['+', '-']).unwrap_or(it);
        !it.is_empty() && digits(it)
    });
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent_fits
        && plain.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether every underscore stands between two digits.
fn separates_digits(text: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    let parts: Vec<&str> = text.split('_').collect();
    parts.windows(2).all(
        |pair| matches!(pair, [left, right] if left.ends_with(digit) && right.starts_with(digit)),
    )
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`: a base-60 number of YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (places, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let loose = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let Some((first, rest)) = places.split_once(':') else {
        return false;
    };
    let sexagesimal = |place: &str| match place.as_bytes() {
        [unit] => unit.is_ascii_digit(),
        [ten, unit] => matches!(ten, b'0'..=b'5') && unit.is_ascii_digit(),
        _ => false,
    };
    first.starts_with(|c: char| c.is_ascii_digit())
        && loose(first)
        && loose(fraction)
        && rest.split(':').all(sexagesimal)
}

/// A date, or a date and a time, in the forms that Go's package reads.
fn is_timestamp(text: &str) -> bool {
    let Some(separator) = text.find(['T', 't', ' ']) else {
        return is_date(text);
    };
    let (date, rest) = text.split_at(separator);
    let Some(time) = rest.get(1..) else {
        return false;
    };
    if !is_date(date) {
        return false;
    }
    if rest.starts_with(' ') {
        return is_time_of_day(time);
    }
    if let Some(time) = time.strip_suffix('Z') {
        return is_time_of_day(time);
    }
    time.rfind(['+', '-']).is_some_and(|at| {
        let (time, zone) = time.split_at(at);
        is_time_of_day(time) && is_zone(zone)
    })
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) = (
        number(year, 4..=4),
        number(month, 1..=2),
        number(day, 1..=2),
    ) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1..=days).contains(&day)
}

fn is_time_of_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let [hour, minute, second] = parts.as_slice() else {
        return false;
    };
    let (second, fraction_fits) = match second.split_once(['.', ',']) {
        None => (*second, true),
        Some((second, fraction)) => {
            let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
            (second, digits && !fraction.is_empty())
        }
    };
    fraction_fits
        && number(hour, 1..=2).is_some_and(|it| it < 24)
        && number(minute, 1..=2).is_some_and(|it| it < 60)
        && number(second, 1..=2).is_some_and(|it| it < 60)
}

fn is_zone(text: &str) -> bool {
    let Some((hours, minutes)) = text.get(1..).and_then(|it| it.split_once(':')) else {
        return false;
    };
    number(hours, 2..=2).is_some_and(|it| it <= 24)
        && number(minutes, 2..=2).is_some_and(|it| it <= 60)
}

fn number(text: &str, width: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let plain = width.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}
