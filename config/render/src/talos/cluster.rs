//! What a config says of the cluster, checked where Talos does not check.

use std::str::FromStr;

use machine_core::cluster::ClusterSpec;
use machine_core::cluster_endpoint::{ClusterEndpoint, WANTED};
use machine_core::os::{KubernetesNetworks, TalosSpec, parse_version};
use semver::Version;
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
    pub kubernetes: Version,
    /// The networks inside of it.
    pub networks: KubernetesNetworks,
    /// The contract of the Talos version that reads the config.
    pub contract: TalosContract,
    /// Its secrets.
    pub secrets: &'a SecretsBundle,
}

impl<'a> ClusterInput<'a> {
    /// A cluster as its file describes it.
    pub fn of(
        cluster: &ClusterSpec,
        talos: &TalosSpec,
        contract: TalosContract,
        secrets: &'a SecretsBundle,
    ) -> Result<Self, ClusterError> {
        Ok(Self {
            name: cluster.name.parse()?,
            endpoint: cluster.endpoint.clone(),
            kubernetes: talos.kubernetes.clone(),
            networks: talos.networks.clone(),
            contract,
            secrets,
        })
    }

    /// A cluster as texts describe it, on the usual networks.
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
            kubernetes: kubernetes_version(kubernetes)?,
            networks: KubernetesNetworks::default(),
            contract,
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

/// A version of Kubernetes, as it stands on a command line.
fn kubernetes_version(text: &str) -> Result<Version, ClusterError> {
    parse_version(text)
        .map_err(|_| ClusterError::new("kubernetes version", "a version such as 1.34.1", text))
}

#[cfg(test)]
mod tests {
    use super::*;

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
