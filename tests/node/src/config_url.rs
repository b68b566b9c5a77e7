//! `talos.config` with its variables filled in.
//!
//! Talos knows `${uuid} ${serial} ${mac} ${hostname} ${code}`, in any case, inside query *values*
//! only; the parameter `uuid`, if it is empty (the legacy form, `?uuid=`), is filled too. `serial=`
//! and `mac=` stay empty. A URL without variables is asked for as it was written. With one, the whole query is decoded,
//! filled, and encoded again sorted by name. A value that the machine does not have stays in the
//! URL as the literal variable; Talos waits for it before it asks.

use std::collections::BTreeMap;

/// What the machine knows of itself when it asks for its config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UrlValues {
    /// SMBIOS system UUID.
    pub uuid: Option<String>,
    /// SMBIOS serial number.
    pub serial: Option<String>,
    /// MAC address of the first link that is up.
    pub mac: Option<String>,
    /// Host name.
    pub hostname: Option<String>,
    /// Download code from META.
    pub code: Option<String>,
}

impl UrlValues {
    fn variables(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("uuid", self.uuid.as_deref()),
            ("serial", self.serial.as_deref()),
            ("mac", self.mac.as_deref()),
            ("hostname", self.hostname.as_deref()),
            ("code", self.code.as_deref()),
        ]
    }
}

/// The URL to ask for. Nothing but the query is ever changed.
pub fn fill(url: &str, values: &UrlValues) -> String {
    let (before_fragment, fragment) = url.split_once('#').unwrap_or((url, ""));
    let Some((base, query)) = before_fragment.split_once('?') else {
        return url.to_owned();
    };
    let mut parameters = decode(query);
    let mut any = false;
    for (name, value) in values.variables() {
        any |= fill_variable(&mut parameters, name, value);
    }
    if !any {
        return url.to_owned();
    }
    let fragment = if fragment.is_empty() {
        String::new()
    } else {
        format!("#{fragment}")
    };
    format!("{base}?{}{fragment}", encode(&parameters))
}

/// Whether a URL that was filled asks for something that the machine does not know (yet).
pub fn lacks_a_value(url: &str, values: &UrlValues) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let parameters = decode(query);
    let mut entries = parameters.values().flatten();
    entries.any(|entry| {
        let lacks = |(name, value): (&str, Option<&str>)| {
            value.is_none() && position(entry, format!("${{{name}}}").as_bytes()).is_some()
        };
        values.variables().into_iter().any(lacks)
    })
}

type Parameters = BTreeMap<Vec<u8>, Vec<Vec<u8>>>;

/// Fills one variable wherever it stands; says whether it stood anywhere.
fn fill_variable(parameters: &mut Parameters, name: &str, value: Option<&str>) -> bool {
    let variable = format!("${{{name}}}");
    let mut found = false;
    for (key, entries) in parameters.iter_mut() {
        for entry in entries.iter_mut() {
            if name == "uuid" && key == name.as_bytes() && entry.is_empty() {
                found = true;
                *entry = value.unwrap_or_default().as_bytes().to_vec();
            } else if position(entry, variable.as_bytes()).is_some() {
                found = true;
                if let Some(value) = value {
                    *entry = replace(entry, variable.as_bytes(), value.as_bytes());
                }
            }
        }
    }
    found
}

fn position(text: &[u8], variable: &[u8]) -> Option<usize> {
    text.windows(variable.len())
        .position(|window| window.eq_ignore_ascii_case(variable))
}

fn replace(text: &[u8], variable: &[u8], value: &[u8]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = position(rest, variable) {
        let (before, after) = rest.split_at(at);
        filled.extend_from_slice(before);
        filled.extend_from_slice(value);
        rest = after.get(variable.len()..).unwrap_or_default();
    }
    filled.extend_from_slice(rest);
    filled
}

/// Splits a query as Go's `net/url` does: parts with a `;` or a broken `%` are dropped.
fn decode(query: &str) -> Parameters {
    let mut parameters = Parameters::new();
    for part in query
        .split('&')
        .filter(|part| !part.is_empty() && !part.contains(';'))
    {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if let (Some(name), Some(value)) = (unescape(name), unescape(value)) {
            parameters.entry(name).or_default().push(value);
        }
    }
    parameters
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut plain = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => plain.push(b' '),
            b'%' => plain.push(hexadecimal(bytes.next()?)? << 4 | hexadecimal(bytes.next()?)?),
            other => plain.push(other),
        }
    }
    Some(plain)
}

fn hexadecimal(digit: u8) -> Option<u8> {
    u8::try_from(char::from(digit).to_digit(16)?).ok()
}

fn encode(parameters: &Parameters) -> String {
    let mut query = String::new();
    for (name, entries) in parameters {
        for entry in entries {
            if !query.is_empty() {
                query.push('&');
            }
            escape(name, &mut query);
            query.push('=');
            escape(entry, &mut query);
        }
    }
    query
}

fn escape(bytes: &[u8], query: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for &byte in bytes {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' | b'~' => {
                query.push(char::from(byte));
            }
            b' ' => query.push('+'),
            other => {
                query.push('%');
                for nibble in [other >> 4, other & 15] {
                    query.extend(DIGITS.get(usize::from(nibble)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> UrlValues {
        UrlValues {
            uuid: Some("4c4c4544-0000-4000-8000-000000000001".into()),
            serial: Some("LAB 1".into()),
            mac: Some("52:54:00:77:00:01".into()),
            hostname: Some("n1".into()),
            code: None,
        }
    }

    #[test]
    fn fills_sorts_and_encodes() {
        for (url, wanted) in [
            (
                "http://h:80/c?t=x&m=${mac}&a=${UUID}",
                "http://h:80/c?a=4c4c4544-0000-4000-8000-000000000001&m=52%3A54%3A00%3A77%3A00%3A01&t=x",
            ),
            ("http://h/c?s=${serial}${hostname}", "http://h/c?s=LAB+1n1"),
            (
                "http://h/c?z=1&uuid=",
                "http://h/c?uuid=4c4c4544-0000-4000-8000-000000000001&z=1",
            ),
            (
                "http://h/c?uuid=&serial=&mac=",
                "http://h/c?mac=&serial=&uuid=4c4c4544-0000-4000-8000-000000000001",
            ),
        ] {
            assert_eq!(fill(url, &values()), wanted, "{url}");
        }
    }

    #[test]
    fn leaves_a_url_without_variables_as_it_was_written() {
        for url in [
            "http://h/c",
            "http://h/c/${uuid}",
            "http://h/c?z=1&a=%2f",
            "http://h/c?uuid=other",
            "http://h/c?serial=&mac=",
            "http://h/c?${uuid}=1",
        ] {
            assert_eq!(fill(url, &values()), url);
        }
    }

    #[test]
    fn a_value_that_is_not_there_stays_a_variable() {
        let url = "http://h/c?t=1&s=${serial}&u=${uuid}";
        let known = UrlValues {
            serial: None,
            ..values()
        };
        assert_eq!(
            fill(url, &known),
            "http://h/c?s=%24%7Bserial%7D&t=1&u=4c4c4544-0000-4000-8000-000000000001"
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_variable_of_its_own_name() {
        let known = UrlValues {
            serial: Some("${serial}".into()),
            ..values()
        };
        assert_eq!(
            fill("http://h/c?s=${serial}", &known),
            "http://h/c?s=%24%7Bserial%7D"
        );
    }

    proptest! {
        #[test]
        fn what_was_escaped_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut text = String::new();
            escape(&bytes, &mut text);
            prop_assert_eq!(unescape(&text), Some(bytes));
        }

        #[test]
        fn every_parameter_survives_and_they_are_sorted(
            names in proptest::collection::vec("[a-z]{1,6}", 1..6), serial in "[ -~]{1,20}",
        ) {
            prop_assume!(!serial.contains('$'));
            let query: Vec<String> = names.iter().map(|name| format!("x{name}=${{serial}}")).collect();
            let url = fill(&format!("http://h/c?{}", query.join("&")),
                &UrlValues { serial: Some(serial.clone()), ..UrlValues::default() });
            let filled = decode(url.split_once('?').unwrap().1);
            prop_assert_eq!(filled.values().map(Vec::len).sum::<usize>(), names.len());
            prop_assert!(filled.values().flatten().all(|value| value == serial.as_bytes()));
        }

        #[test]
        fn never_panics(url in "\\PC{0,80}") {
            let _ = fill(&url, &values());
        }
    }
}
