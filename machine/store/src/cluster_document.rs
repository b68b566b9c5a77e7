//! A cluster's specification as the JSON document that the database keeps.
//!
//! The names here are a format: they never change their meaning, and a new field has a default. What
//! a later version has added is passed over, so that the program before it can still read it.

use machine_core::cluster::{Acceptance, ClusterSpec, MemberRule, Pattern, Selector};
use machine_core::disk::DiskIdentity;
use machine_core::hardware::{Arch, Firmware};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// The document of a specification.
pub(crate) fn write(spec: &ClusterSpec) -> String {
    let document = Document {
        name: spec.name.clone(),
        endpoint: spec.endpoint.clone(),
        talos: spec.talos.clone(),
        kubernetes: spec.kubernetes.clone(),
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
        endpoint: document.endpoint,
        talos: document.talos,
        kubernetes: document.kubernetes,
        image: document.image,
        allow_plaintext: document.allow_plaintext,
        members: members.collect::<Option<_>>()?,
    })
}

#[derive(Serialize, Deserialize)]
struct Document {
    name: String,
    endpoint: String,
    talos: String,
    kubernetes: String,
    image: String,
    allow_plaintext: bool,
    members: Vec<Member>,
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
            endpoint: "https://10.77.0.10:6443".to_owned(),
            talos: "1.13.9".to_owned(),
            kubernetes: "1.34.1".to_owned(),
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
        assert_eq!(read(&text), Some(spec));
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
