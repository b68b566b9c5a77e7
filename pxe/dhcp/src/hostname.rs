//! The name that a client gives itself (option 12), made safe.
//!
//! It comes from the network and ends in tables, logs and web pages: what is not a host name by
//! RFC 1123 §2.1 is no name at all.

use std::fmt;

use machine_core::lease_options::DomainName;

/// A host name: it has the form of a domain name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostName(DomainName);

impl HostName {
    /// The name in these bytes, up to the first NUL (some clients terminate it).
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let name = bytes.split(|byte| *byte == 0).next()?;
        let name = std::str::from_utf8(name).ok()?;
        name.parse().ok().map(Self)
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
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
