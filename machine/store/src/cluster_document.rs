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
mod tests {
    use super::*;
    use machine_core::cluster::Role;

    #[test]
    fn the_format_stands() {
        let spec = ClusterSpec {
            name: "lab".to_owned(),
            endpoint: "https://10.77.0.10:6443".parse().unwrap(),
            os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: vec![
                MemberRule {
                    role: Role::ControlPlane,
                    selector: Selector::Named("cp1".to_owned()),
                    acceptance: Acceptance::Auto,
                    disk: Some("serial:D1".parse().unwrap()),
                },
                MemberRule {
                    role: Role::Worker,
                    selector: Selector::Matching(Pattern {
                        product: Some("R640".to_owned()),
                        arch: Some(Arch::X86_64),
                        ..Pattern::default()
                    }),
                    acceptance: Acceptance::Wait,
                    disk: None,
                },
            ],
        };
        let text = write(&spec);
        assert_eq!(
            text,
            concat!(
                r#"{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","#,
                r#""kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":["#,
                r#"{"role":"controlplane","select":{"named":"cp1"},"acceptance":"auto","#,
                r#""disk":"serial:D1"},{"role":"worker","select":{"matching":{"#,
                r#""manufacturer":null,"product":"R640","arch":"amd64","firmware":null}},"#,
                r#""acceptance":"wait","disk":null}]}"#
            )
        );
        assert_eq!(read(&text).as_ref(), Some(&spec));
        let mut networked = spec.clone();
        networked.os = OsSpec::Talos(TalosSpec {
            version: parse_version("1.13.9").unwrap(),
            kubernetes: parse_version("1.34.1").unwrap(),
            networks: KubernetesNetworks {
                pods: vec!["10.10.0.0/16".parse().unwrap()],
                services: vec!["10.11.0.0/16".parse().unwrap()],
            },
        });
        let text = write(&networked);
        let wanted = r#""networks":{"pods":["10.10.0.0/16"],"services":["10.11.0.0/16"]},"image""#;
        assert!(text.contains(wanted), "{text}");
        assert_eq!(read(&text), Some(networked));
        let flatcar = ClusterSpec {
            os: OsSpec::Flatcar(FlatcarSpec {
                version: parse_version("4459.2.1").unwrap(),
                authorized_keys: vec!["ssh-ed25519 AAAA".to_owned()],
            }),
            ..spec
        };
        let text = write(&flatcar);
        let wanted = r#""flatcar":"4459.2.1","authorized_keys":["ssh-ed25519 AAAA"],"image""#;
        assert!(text.contains(wanted), "{text}");
        assert_eq!(read(&text), Some(flatcar));
    }

    #[test]
    fn what_a_later_version_added_is_passed_over() {
        let text = concat!(
            r#"{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","#,
            r#""kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"later":{},"members":["#,
            r#"{"role":"worker","select":{"matching":{"product":"R640","later":1}},"#,
            r#""acceptance":"wait","later":[]}]}"#
        );
        let spec = read(text).unwrap();
        assert_eq!(spec.members.len(), 1);
        assert!(!write(&spec).contains("later"));
    }

    #[test]
    fn what_is_not_a_specification_is_none() {
        for text in ["", "{}", "[]", r#"{"name":"lab"}"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
