//! What a config says of the cluster, checked where Talos does not check.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use machine_core::network::Network;
use thiserror::Error;

use crate::talos::contract::TalosContract;
use crate::talos::secrets::SecretsBundle;

/// A cluster as its machines' configs name it.
#[derive(Debug)]
pub struct ClusterInput<'a> {
    /// Its name.
    pub name: ClusterName,
    /// The URL of its Kubernetes API.
    pub endpoint: ClusterEndpoint,
    /// The version of Kubernetes.
    pub kubernetes: KubernetesVersion,
    /// The contract of the Talos version that reads the config.
    pub contract: TalosContract,
    /// The networks of pods; Talos' default is `10.244.0.0/16`.
    pub pod_subnets: Vec<Network>,
    /// The networks of services; Talos' default is `10.96.0.0/12`.
    pub service_subnets: Vec<Network>,
    /// Its secrets.
    pub secrets: &'a SecretsBundle,
}

impl<'a> ClusterInput<'a> {
    /// A cluster on Talos' default networks.
    pub fn new(
        name: &str,
        endpoint: &str,
        kubernetes: &str,
        contract: TalosContract,
        secrets: &'a SecretsBundle,
    ) -> Result<Self, ClusterError> {
        Ok(Self {
            name: name.parse()?,
            endpoint: endpoint.parse()?,
            kubernetes: kubernetes.parse()?,
            contract,
            pod_subnets: vec![subnet("10.244.0.0/16")?],
            service_subnets: vec![subnet("10.96.0.0/12")?],
            secrets,
        })
    }
}

/// A fact of a cluster that cannot go into a config.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: wanted {wanted}, got {got:?}")]
pub struct ClusterError {
    /// Which fact.
    pub field: &'static str,
    /// What would have been accepted.
    pub wanted: &'static str,
    /// What came, at most its first 128 characters.
    pub got: String,
}

impl ClusterError {
    fn new(field: &'static str, wanted: &'static str, got: &str) -> Self {
        Self {
            field,
            wanted,
            got: got.chars().take(128).collect(),
        }
    }
}

/// A cluster's name: 1 to 253 letters, digits, dots, hyphens and underscores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterName(String);

impl ClusterName {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ClusterName {
    type Err = ClusterError;

    fn from_str(text: &str) -> Result<Self, ClusterError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if text.is_empty() || text.len() > 253 || !text.bytes().all(allowed) {
            let wanted = "1 to 253 letters, digits, dots, hyphens and underscores";
            return Err(ClusterError::new("cluster name", wanted, text));
        }
        Ok(Self(text.to_owned()))
    }
}

/// The URL of a Kubernetes API: `https://`, a host, and a port (without one it means 443, which
/// Talos accepts and Drover refuses for a machine).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterEndpoint {
    url: String,
    host: String,
    port: Option<u16>,
}

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
}

impl fmt::Display for ClusterEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl FromStr for ClusterEndpoint {
    type Err = ClusterError;

    fn from_str(text: &str) -> Result<Self, ClusterError> {
        let refused = || {
            ClusterError::new(
                "cluster endpoint",
                "a URL such as https://10.0.0.1:6443",
                text,
            )
        };
        let authority = text.strip_prefix("https://").ok_or_else(refused)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (host, port) = split_port(authority).ok_or_else(refused)?;
        let port = match port {
            None => None,
            Some(digits) => Some(port_number(digits).ok_or_else(refused)?),
        };
        let host = host_of(host).ok_or_else(refused)?;
        Ok(Self {
            url: text.to_owned(),
            host: host.to_owned(),
            port,
        })
    }
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

/// A version of Kubernetes such as `1.28.0`, without a leading `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesVersion(String);

impl KubernetesVersion {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Accepts a leading `v`, which Talos strips too.
impl FromStr for KubernetesVersion {
    type Err = ClusterError;

    fn from_str(text: &str) -> Result<Self, ClusterError> {
        let version = text.strip_prefix('v').unwrap_or(text);
        let (numbers, label) = version.split_once('-').unwrap_or((version, "x"));
        let parts: Vec<&str> = numbers.split('.').collect();
        let number = |part: &&str| {
            (1..=5).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let label_fits = !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
        if parts.len() != 3 || !parts.iter().all(number) || !label_fits {
            let wanted = "a version such as 1.34.1";
            return Err(ClusterError::new("kubernetes version", wanted, text));
        }
        Ok(Self(version.to_owned()))
    }
}

fn subnet(text: &str) -> Result<Network, ClusterError> {
    text.parse()
        .map_err(|_| ClusterError::new("subnet", "a network such as 10.244.0.0/16", text))
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
            "https://[base]:6443",
            "https://-a:6443",
            "https://a..b:6443",
        ] {
            assert!(text.parse::<ClusterEndpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn kubernetes_versions() {
        for text in ["1.28.0", "v1.28.0", "1.37.0-rc.1"] {
            assert!(text.parse::<KubernetesVersion>().is_ok(), "{text}");
        }
        for text in [
            "", "1.28", "1.28.x", "1.28.0-", "1.28.0 ", "1.28.0\n", "latest", "1..0",
        ] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn names() {
        for text in ["base", "0", "cluster.local"] {
            assert!(text.parse::<ClusterName>().is_ok(), "{text}");
        }
        for text in ["", "a b", "a\n", "a/b"] {
            assert!(text.parse::<ClusterName>().is_err(), "{text}");
        }
    }
}
