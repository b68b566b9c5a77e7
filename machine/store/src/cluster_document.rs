//! A cluster's specification as the JSON document that the database keeps.
//!
//! The names here are a format: they never change their meaning, and a new field has a default. What
//! a later version has added is passed over, so that the program before it can still read it.

use machine_core::cluster::{Acceptance, ClusterSpec, MemberRule, Pattern, Selector};
use machine_core::disk::DiskIdentity;
use machine_core::hardware::{Arch, Firmware};
use machine_core::network::Network;
use machine_core::os::{FlatcarSpec, KubernetesNetworks, OsSpec, TalosSpec, parse_version};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The document of a specification.
pub(crate) fn write(spec: &ClusterSpec) -> String {
    let document = Document {
        name: spec.name.clone(),
        endpoint: spec.endpoint.to_string(),
        os: Os::of(&spec.os),
        image: spec.image.clone(),
        allow_plaintext: spec.allow_plaintext,
        members: spec.members.iter().map(Member::of).collect(),
    };
    // Strings, a boolean and a list of the same: there is nothing that JSON can't hold.
    serde_json::to_string(&document).unwrap_or_default()
}

/// The specification of a document; `None` if it is not one.
pub(crate) fn read(text: &str) -> Option<ClusterSpec> {
    let document: Document = serde_json::from_str(text).ok()?;
    let members = document.members.into_iter().map(Member::into_rule);
    Some(ClusterSpec {
        name: document.name,
        endpoint: document.endpoint.parse().ok()?,
        os: document.os.into_spec()?,
        image: document.image,
        allow_plaintext: document.allow_plaintext,
        members: members.collect::<Option<_>>()?,
    })
}

#[derive(Serialize, Deserialize)]
struct Document {
    name: String,
    endpoint: String,
    /// The fields of one system stand among the others, as those of Talos did when it was the only
    /// one.
    #[serde(flatten)]
    os: Os,
    image: String,
    allow_plaintext: bool,
    members: Vec<Member>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Os {
    Talos {
        talos: String,
        kubernetes: String,
        /// Those that are not the usual ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        networks: Option<Networks>,
    },
    Flatcar {
        flatcar: String,
        authorized_keys: Vec<String>,
    },
}

impl Os {
    fn of(spec: &OsSpec) -> Self {
        match spec {
            OsSpec::Talos(talos) => Self::Talos {
                talos: talos.version.to_string(),
                kubernetes: talos.kubernetes.to_string(),
                networks: (talos.networks != KubernetesNetworks::default())
                    .then(|| Networks::of(&talos.networks)),
            },
            OsSpec::Flatcar(flatcar) => Self::Flatcar {
                flatcar: flatcar.version.to_string(),
                authorized_keys: flatcar.authorized_keys.clone(),
            },
        }
    }

    fn into_spec(self) -> Option<OsSpec> {
        match self {
            Self::Talos {
                talos,
                kubernetes,
                networks,
            } => Some(OsSpec::Talos(TalosSpec {
                version: parse_version(&talos).ok()?,
                kubernetes: parse_version(&kubernetes).ok()?,
                networks: match networks {
                    Some(networks) => networks.into_networks()?,
                    None => KubernetesNetworks::default(),
                },
            })),
            Self::Flatcar {
                flatcar,
                authorized_keys,
            } => Some(OsSpec::Flatcar(FlatcarSpec {
                version: parse_version(&flatcar).ok()?,
                authorized_keys,
            })),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Networks {
    pods: Vec<String>,
    services: Vec<String>,
}

impl Networks {
    fn of(networks: &KubernetesNetworks) -> Self {
        let texts = |of: &[Network]| of.iter().map(ToString::to_string).collect();
        Self {
            pods: texts(&networks.pods),
            services: texts(&networks.services),
        }
    }

    fn into_networks(self) -> Option<KubernetesNetworks> {
        let parsed = |texts: Vec<String>| -> Option<Vec<Network>> {
            texts.iter().map(|text| text.parse().ok()).collect()
        };
        Some(KubernetesNetworks {
            pods: parsed(self.pods)?,
            services: parsed(self.services)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Member {
    role: String,
    select: Select,
    acceptance: Accept,
    disk: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Select {
    Named(String),
    Matching(Facts),
}

#[derive(Serialize, Deserialize)]
struct Facts {
    manufacturer: Option<String>,
    product: Option<String>,
    arch: Option<String>,
    firmware: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Accept {
    Auto,
    Wait,
}

impl Member {
    fn of(rule: &MemberRule) -> Self {
        Self {
            role: rule.role.as_str().to_owned(),
            select: match &rule.selector {
                Selector::Named(name) => Select::Named(name.clone()),
                Selector::Matching(pattern) => Select::Matching(Facts::of(pattern)),
            },
            acceptance: match rule.acceptance {
                Acceptance::Auto => Accept::Auto,
                Acceptance::Wait => Accept::Wait,
            },
            disk: rule.disk.as_ref().map(DiskIdentity::to_string),
        }
    }

    fn into_rule(self) -> Option<MemberRule> {
        Some(MemberRule {
            role: self.role.parse().ok()?,
            selector: match self.select {
                Select::Named(name) => Selector::Named(name),
                Select::Matching(facts) => Selector::Matching(facts.into_pattern()?),
            },
            acceptance: match self.acceptance {
                Accept::Auto => Acceptance::Auto,
                Accept::Wait => Acceptance::Wait,
            },
            disk: parsed(self.disk).ok()?,
        })
    }
}

impl Facts {
    fn of(pattern: &Pattern) -> Self {
        Self {
            manufacturer: pattern.manufacturer.clone(),
            product: pattern.product.clone(),
            arch: pattern.arch.as_ref().map(Arch::to_string),
            firmware: pattern.firmware.as_ref().map(Firmware::to_string),
        }
    }

    fn into_pattern(self) -> Option<Pattern> {
        Some(Pattern {
            manufacturer: self.manufacturer,
            product: self.product,
            arch: parsed(self.arch).ok()?,
            firmware: parsed(self.firmware).ok()?,
        })
    }
}

fn parsed<T: FromStr>(text: Option<String>) -> Result<Option<T>, T::Err> {
    text.map(|text| text.parse()).transpose()
}

#[cfg(test)]
mod tests;
