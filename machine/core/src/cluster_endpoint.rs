//! The URL of a cluster's Kubernetes API: the one parser of it, for the document that people apply
//! and for the configs that machines are handed.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use thiserror::Error;

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

    /// Its host, without brackets.
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
        match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]:{port}"),
            Err(_) => format!("{}:{port}", self.host.to_ascii_lowercase()),
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

fn parse(text: &str) -> Option<ClusterEndpoint> {
    let authority = text.strip_prefix("https://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (host, port) = split_port(authority)?;
    let port = match port {
        None => None,
        Some(digits) => Some(port_number(digits)?),
    };
    Some(ClusterEndpoint {
        url: text.to_owned(),
        host: host_of(host)?.to_owned(),
        port,
    })
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`.
fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(bracket) = authority.find(']') {
        let (host, rest) = authority.split_at_checked(bracket + 1)?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

fn port_number(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    plain
        .then(|| digits.parse().ok())
        .flatten()
        .filter(|port| *port > 0)
}

fn host_of(host: &str) -> Option<&str> {
    if let Some(inner) = host.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        return inner.parse::<Ipv6Addr>().is_ok().then_some(inner);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    let label = |label: &str| {
        !label.is_empty() && label.len() < 64 && !label.starts_with('-') && !label.ends_with('-')
    };
    let fits = host.len() < 254 && host.bytes().all(allowed) && host.split('.').all(label);
    fits.then_some(host)
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
