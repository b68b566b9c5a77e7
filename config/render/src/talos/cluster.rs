//! What a config says of the cluster, checked where Talos does not check.

use std::str::FromStr;

use machine_core::cluster_endpoint::{ClusterEndpoint, WANTED};
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
            endpoint: endpoint
                .parse()
                .map_err(|_| ClusterError::new("cluster endpoint", WANTED, endpoint))?,
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

/// A version of Kubernetes such as `1.28.0`, without a leading `v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesVersion(String);

impl KubernetesVersion {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Major and minor: `(1, 28)`.
    pub fn minor(&self) -> (u32, u32) {
        let mut numbers = self.0.split(['.', '-']).map(|it| it.parse().unwrap_or(0));
        (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
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
