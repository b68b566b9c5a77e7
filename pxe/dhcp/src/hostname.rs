//! The name that a client gives itself (option 12), made safe.
//!
//! It comes from the network and ends in tables, logs and web pages: what is not a host name by
//! RFC 1123 §2.1 is no name at all.

use std::fmt;

/// A host name: letters, digits and hyphens in labels of 1 to 63, dots between, 253 in all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(String);

impl HostName {
    /// The name in these bytes, up to the first NUL (some clients terminate it).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let name = bytes.split(|byte| *byte == 0).next()?;
        let valid = name.len() <= 253 && name.split(|byte| *byte == b'.').all(is_label);
        valid.then(|| Self(String::from_utf8_lossy(name).into_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_label(label: &[u8]) -> bool {
    let hyphen_at_an_end = label.starts_with(b"-") || label.ends_with(b"-");
    (1..=63).contains(&label.len())
        && !hyphen_at_an_end
        && label
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept() {
        for (bytes, name) in [
            (&b"node-1"[..], "node-1"),
            (b"Node1.example.org", "Node1.example.org"),
            (b"node-1\0", "node-1"),
        ] {
            assert_eq!(HostName::from_bytes(bytes).unwrap().as_str(), name);
        }
    }

    #[test]
    fn anything_else_is_no_name() {
        let long = [b'a'; 64];
        for bytes in [
            &b""[..],
            b"\0node",
            b"a..b",
            b"-a",
            b"a-",
            b"a b",
            b"a\nb",
            b"<script>",
            b"${x}",
            b"\xe9ab",
            &long,
        ] {
            assert_eq!(HostName::from_bytes(bytes), None, "{bytes:?}");
        }
    }
}
