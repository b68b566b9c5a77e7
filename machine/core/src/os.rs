//! What the machines of a cluster run: the system, its version, and what else its configs are made
//! of. Which one it is matters to whoever renders, boots or asks such a system, and to nobody else.

use std::fmt;
use std::net::IpAddr;

use semver::Version;
use thiserror::Error;

use crate::network::Network;

/// The operating system of a cluster's machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OsSpec {
    /// Talos, with the Kubernetes that it brings.
    Talos(TalosSpec),
    /// Flatcar Container Linux.
    Flatcar(FlatcarSpec),
}

/// Talos, and the Kubernetes on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TalosSpec {
    /// The version of Talos, such as `1.13.9`.
    pub version: Version,
    /// The version of Kubernetes, such as `1.34.1`.
    pub kubernetes: Version,
    /// The networks inside of its Kubernetes.
    pub networks: KubernetesNetworks,
}

/// The networks inside of a Kubernetes: nobody outside of it reaches them, and whatever they cover
/// outside can't be reached from inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KubernetesNetworks {
    /// Those of pods: at most one of each family.
    pub pods: Vec<Network>,
    /// Those of services: as many, of the same families.
    pub services: Vec<Network>,
}

impl KubernetesNetworks {
    /// Each with what it is for.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Network)> {
        let pods = self.pods.iter().map(|it| ("pods", it));
        pods.chain(self.services.iter().map(|it| ("services", it)))
    }

    /// What is wrong with them: with a pod's and a service's address alike nothing is reached, and
    /// Kubernetes takes at most 2^20 addresses of services and one network of each family
    /// (kubernetes `cmd/kube-apiserver/app/options/validation.go`).
    pub fn fault(&self) -> Option<String> {
        let families =
            |of: &[Network]| -> Vec<bool> { of.iter().map(|it| it.address().is_ipv4()).collect() };
        let of_pods = families(&self.pods);
        let is_once =
            matches!(of_pods.as_slice(), [_]) || matches!(of_pods.as_slice(), [a, b] if a != b);
        if !is_once || of_pods != families(&self.services) {
            return Some(format!(
                "wanted for pods and for services one network each, or one of IPv4 and one of IPv6 in \
                 the same order, got {self}"
            ));
        }
        let width = |it: &Network| if it.address().is_ipv4() { 32 } else { 128 };
        let large = self.services.iter().find(|it| width(it) - it.prefix() > 20);
        if let Some(large) = large {
            return Some(format!(
                "wanted at most 1048576 addresses for services, got {large}"
            ));
        }
        self.pods.iter().find_map(|pods| {
            let other = self.services.iter().find(|it| it.overlaps(pods))?;
            Some(format!(
                "wanted networks apart, got {pods} for pods and {other} for services"
            ))
        })
    }
}

/// `pods 10.244.0.0/16, services 10.96.0.0/12`.
impl fmt::Display for KubernetesNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (what, network)) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{what} {network}")?;
        }
        Ok(())
    }
}

/// Talos' own: `10.244.0.0/16` and `10.96.0.0/12` (talos `pkg/machinery/constants`,
/// `DefaultIPv4PodNet`, `DefaultIPv4ServiceNet`).
impl Default for KubernetesNetworks {
    fn default() -> Self {
        let network = |a, b, prefix| {
            let address = IpAddr::from([a, b, 0, 0]);
            Network::containing(address, prefix).into_iter().collect()
        };
        Self {
            pods: network(10, 244, 16),
            services: network(10, 96, 12),
        }
    }
}

/// Flatcar Container Linux.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlatcarSpec {
    /// Its version, such as `4459.2.1`.
    pub version: Version,
    /// The public keys that may log in as `core`, as `authorized_keys` has them, one a line.
    pub authorized_keys: Vec<String>,
}

/// A text that is not a version.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("wanted a version such as 1.34.1, got {got:?}")]
pub struct ParseVersionError {
    /// What came, at most its first 64 characters.
    pub got: String,
}

impl OsSpec {
    /// Talos of this version, with this version of Kubernetes, on the usual networks.
    pub fn talos(version: &str, kubernetes: &str) -> Result<Self, ParseVersionError> {
        Ok(Self::Talos(TalosSpec {
            version: parse_version(version)?,
            kubernetes: parse_version(kubernetes)?,
            networks: KubernetesNetworks::default(),
        }))
    }

    /// Its name, as clusters' files and images have it: `talos`, `flatcar`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Talos(_) => "talos",
            Self::Flatcar(_) => "flatcar",
        }
    }

    /// Its name as people write it.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Talos(_) => "Talos",
            Self::Flatcar(_) => "Flatcar",
        }
    }

    /// Its version.
    pub const fn version(&self) -> &Version {
        match self {
            Self::Talos(talos) => &talos.version,
            Self::Flatcar(flatcar) => &flatcar.version,
        }
    }

    /// The version of the Kubernetes that it brings, if it brings one.
    pub const fn kubernetes(&self) -> Option<&Version> {
        match self {
            Self::Talos(talos) => Some(&talos.kubernetes),
            Self::Flatcar(_) => None,
        }
    }

    /// The networks inside of its Kubernetes.
    pub const fn networks(&self) -> Option<&KubernetesNetworks> {
        match self {
            Self::Talos(talos) => Some(&talos.networks),
            Self::Flatcar(_) => None,
        }
    }

    /// What the image is called unless the cluster names another: `talos-1.13.9`.
    pub fn default_image(&self) -> String {
        format!("{}-{}", self.name(), self.version())
    }

    /// Every version in it with the name of what it is of: what people are told of a change.
    pub fn versions(&self) -> Vec<(&'static str, &Version)> {
        let kubernetes = self.kubernetes().map(|it| ("Kubernetes", it));
        [(self.title(), self.version())]
            .into_iter()
            .chain(kubernetes)
            .collect()
    }
}

/// A version of three numbers, as semver has it; people also write it with a `v`.
pub fn parse_version(text: &str) -> Result<Version, ParseVersionError> {
    let version = text.strip_prefix('v').unwrap_or(text);
    version.parse().map_err(|_| ParseVersionError {
        got: text.chars().take(64).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_three_numbers_and_may_have_a_label() {
        for (text, wanted) in [
            ("1.28.0", "1.28.0"),
            ("v1.28.0", "1.28.0"),
            ("1.37.0-rc.1", "1.37.0-rc.1"),
            ("4459.2.1", "4459.2.1"),
        ] {
            assert_eq!(parse_version(text).unwrap().to_string(), wanted);
        }
        for text in [
            "", "v", "vv1.2.3", "1.28", "1.28.x", "1.28.0-", "1.28.0 ", "1.28.0\n", "latest",
            "1..0", "1.028.0",
        ] {
            assert_eq!(parse_version(text).unwrap_err().got, text);
        }
    }

    #[test]
    fn networks_of_kubernetes_are_apart_and_of_the_same_families() {
        let networks = |pods: &[&str], services: &[&str]| {
            let parsed = |of: &[&str]| of.iter().map(|it| it.parse().unwrap()).collect();
            KubernetesNetworks {
                pods: parsed(pods),
                services: parsed(services),
            }
        };
        for fine in [
            KubernetesNetworks::default(),
            networks(&["fd00:1::/64"], &["fd00:2::/112"]),
            networks(
                &["10.10.0.0/16", "fd00:1::/64"],
                &["10.11.0.0/16", "fd00:2::/112"],
            ),
        ] {
            assert_eq!(fine.fault(), None, "{fine}");
        }
        for (wrong, wanted) in [
            (networks(&[], &[]), "one network each"),
            (networks(&["10.10.0.0/16"], &[]), "one network each"),
            (
                networks(&["10.10.0.0/16"], &["fd00:2::/112"]),
                "one network each",
            ),
            (
                networks(
                    &["10.10.0.0/16", "10.12.0.0/16"],
                    &["10.11.0.0/16", "10.13.0.0/16"],
                ),
                "one network each",
            ),
            (
                networks(&["10.10.0.0/16"], &["10.0.0.0/8"]),
                "at most 1048576 addresses",
            ),
            (
                networks(&["10.0.0.0/8"], &["10.96.0.0/12"]),
                "wanted networks apart, got 10.0.0.0/8 for pods and 10.96.0.0/12 for services",
            ),
        ] {
            let told = wrong.fault().unwrap();
            assert!(told.contains(wanted), "{told}");
        }
    }

    #[test]
    fn an_os_says_what_it_is() {
        let talos = OsSpec::talos("1.13.9", "1.34.1").unwrap();
        assert_eq!(talos.default_image(), "talos-1.13.9");
        let told: Vec<String> = talos
            .versions()
            .iter()
            .map(|(what, version)| format!("{what} {version}"))
            .collect();
        assert_eq!(told, ["Talos 1.13.9", "Kubernetes 1.34.1"]);
        let networks = KubernetesNetworks::default();
        assert_eq!(
            networks.to_string(),
            "pods 10.244.0.0/16, services 10.96.0.0/12"
        );
        let flatcar = OsSpec::Flatcar(FlatcarSpec {
            version: Version::new(4459, 2, 1),
            authorized_keys: Vec::new(),
        });
        assert_eq!(flatcar.default_image(), "flatcar-4459.2.1");
        assert_eq!(flatcar.kubernetes(), None);
    }
}
