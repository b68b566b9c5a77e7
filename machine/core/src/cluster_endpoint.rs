//! The URL of a cluster's Kubernetes API: the one parser of it, for the document that people apply
//! and for the configs that machines are handed.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use url::{Host, Url};

/// The URL of a Kubernetes API: `https://`, a host, and a port (without one it means 443, which
/// Talos accepts and Drover refuses for a machine).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterEndpoint {
    url: String,
    host: String,
    port: Option<u16>,
}

/// A text that is not the URL of a Kubernetes API.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted {WANTED}, got {got:?}")]
pub struct ParseEndpointError {
    /// What came, at most its first 128 characters.
    pub got: String,
}

/// What a Kubernetes API's URL looks like, for messages.
pub const WANTED: &str = "a URL such as https://10.0.0.1:6443";

impl ClusterEndpoint {
    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Its host, without brackets: names in lower case, addresses in their shortest form.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port, if it names one.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The same text for every spelling of the same place: a lower-case host, the shortest form of
    /// an IPv6 address, and always a port.
    pub fn place(&self) -> String {
        let port = self.port.unwrap_or(HTTPS);
        if self.host.contains(':') {
            format!("[{}]:{port}", self.host)
        } else {
            format!("{}:{port}", self.host)
        }
    }
}

impl fmt::Display for ClusterEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl FromStr for ClusterEndpoint {
    type Err = ParseEndpointError;

    fn from_str(text: &str) -> Result<Self, ParseEndpointError> {
        parse(text).ok_or_else(|| ParseEndpointError {
            got: text.chars().take(128).collect(),
        })
    }
}

/// The port of `https://` without one (RFC 9110 §4.2.2).
const HTTPS: u16 = 443;

/// `Url` reads what browsers read: tabs within, an empty port, port 0, `0x7f.1` for 127.0.0.1, labels
/// that begin with a hyphen. Talos and Go's resolver do not; so its answer is held against the text.
fn parse(text: &str) -> Option<ClusterEndpoint> {
    let written = text.strip_prefix("https://")?;
    let written = written.strip_suffix('/').unwrap_or(written);
    let url = Url::parse(text).ok()?;
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let host = host_of(&url.host()?)?;
    let names = |host: &str, port: Option<u16>| match port {
        None => written.eq_ignore_ascii_case(host),
        Some(port) => written.eq_ignore_ascii_case(&format!("{host}:{port}")),
    };
    // `Url` says no port where it is the scheme's own.
    let explicit = url
        .port()
        .or_else(|| written.ends_with(":443").then_some(HTTPS));
    let spelling = match url.host()? {
        // An IPv6 address has many spellings: its own is taken.
        Host::Ipv6(_) => written.get(..=written.find(']')?)?,
        Host::Domain(_) | Host::Ipv4(_) => &host,
    };
    let is_as_written = names(spelling, explicit) && explicit != Some(0);
    (is_bare && is_as_written).then(|| ClusterEndpoint {
        url: text.to_owned(),
        host: host.clone(),
        port: explicit,
    })
}

/// A host as it stands in configs, without brackets (RFC 1123 §2.1 for names).
fn host_of(host: &Host<&str>) -> Option<String> {
    let domain = match host {
        Host::Ipv4(address) => return Some(address.to_string()),
        Host::Ipv6(address) => return Some(address.to_string()),
        Host::Domain(domain) => *domain,
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let label = |label: &str| {
        !label.is_empty() && label.len() < 64 && !label.starts_with('-') && !label.ends_with('-')
    };
    let fits = domain.len() < 254 && domain.bytes().all(allowed) && domain.split('.').all(label);
    fits.then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        for (text, host, port) in [
            ("https://base:6443", "base", Some(6443)),
            ("https://10.82.196.40:443", "10.82.196.40", Some(443)),
            ("https://[fd00::1]:6443", "fd00::1", Some(6443)),
            ("https://[FD00:0::1]:443", "fd00::1", Some(443)),
            ("https://[fd00::443]", "fd00::443", None),
            ("https://edge.example.com", "edge.example.com", None),
            (
                "https://edge.example.com:6443/",
                "edge.example.com",
                Some(6443),
            ),
        ] {
            let endpoint: ClusterEndpoint = text.parse().unwrap();
            assert_eq!((endpoint.host(), endpoint.port()), (host, port), "{text}");
            assert_eq!(endpoint.as_str(), text);
        }
        for text in [
            "",
            "base",
            "base:6443",
            "http://base:6443",
            "https://",
            "https://:6443",
            "https://base:",
            "https://base:0",
            "https://base:65536",
            "https://base:+1",
            "https://base:06443",
            "https:base:6443",
            "https:///base:6443",
            "https://ba\tse:6443",
            "https://base:6443?x",
            "https://base:6443#x",
            "https://0x7f.1:6443",
            "https://127.1:6443",
            "https://b%61se:6443",
            "https://b\u{e4}se:6443",
            "https://base:6443/x",
            "https://a b:6443",
            "https://u@base:6443",
            "https://fd00::1:6443",
            "https://[fd00::1",
            "https://[fd00::1:6443",
            "https://[base]:6443",
            "https://-a:6443",
            "https://a..b:6443",
        ] {
            assert!(text.parse::<ClusterEndpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn spellings_of_one_place_are_one_place() {
        let place = |text: &str| text.parse::<ClusterEndpoint>().unwrap().place();
        for (one, other) in [
            ("https://lab.example:6443", "https://LAB.example:6443/"),
            ("https://[fd00::1]:6443", "https://[FD00:0:0::1]:6443"),
            ("https://lab.example", "https://lab.example:443"),
        ] {
            assert_eq!(place(one), place(other));
        }
        assert_ne!(place("https://lab:6443"), place("https://lab:443"));
    }
}
