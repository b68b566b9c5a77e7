//! A cluster's document.
//!
//! ```yaml
//! name: lab
//! endpoint: https://10.77.0.10:6443
//! talos: 1.13.9
//! kubernetes: 1.34.1
//! allow_plaintext: true
//! members:
//!   - { role: controlplane, machine: cp-1, disk: { serial: CP1 } }
//!   - { role: worker, match: { manufacturer: Lab }, accept: wait, disk: { wwn: naa.5000c500a1b2c3d4 } }
//! ```

use std::net::IpAddr;

use machine_core::cluster::{Acceptance, ClusterSpec, MemberRule, Pattern, Role, Selector};
use machine_core::cluster_endpoint::ClusterEndpoint;
use machine_core::network::Network;
use machine_core::os::{KubernetesNetworks, OsSpec, TalosSpec, parse_version};
use semver::Version;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::document::disk::{DiskDocument, disk_identity};
use crate::document::forms::CLUSTER;
use crate::document::{DocumentError, Reader};
use crate::yaml::plain::Flag;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterDocument {
    name: Spanned<String>,
    endpoint: Spanned<String>,
    talos: Spanned<String>,
    kubernetes: Spanned<String>,
    #[serde(default)]
    networks: Option<Spanned<NetworksDocument>>,
    #[serde(default)]
    image: Option<Spanned<String>>,
    #[serde(default)]
    allow_plaintext: Option<Flag>,
    members: Spanned<Vec<Spanned<MemberDocument>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworksDocument {
    pods: Vec<Spanned<String>>,
    services: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberDocument {
    role: Spanned<String>,
    #[serde(default)]
    machine: Option<Spanned<String>>,
    #[serde(default, rename = "match")]
    pattern: Option<PatternDocument>,
    #[serde(default)]
    accept: Option<Spanned<String>>,
    #[serde(default)]
    disk: Option<Spanned<DiskDocument>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PatternDocument {
    #[serde(default)]
    manufacturer: Option<String>,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    arch: Option<Spanned<String>>,
    #[serde(default)]
    firmware: Option<Spanned<String>>,
}

/// The only document of a file: a cluster is applied as a whole or not at all, and two could not be.
fn one(reader: Reader<'_>, text: &str) -> Result<ClusterDocument, DocumentError> {
    let (first, others) = reader.documents::<ClusterDocument>(text, &CLUSTER)?;
    match others.first() {
        None => Ok(first.value),
        Some(second) => {
            let why = "a second cluster begins here: wanted one in each file, for a file is \
                       applied as a whole or not at all; move the others to files of their own";
            Err(reader.malformed(second.referenced.line(), why.to_owned()))
        }
    }
}

/// Reads a cluster's document; `file` is what to call it in messages.
pub fn parse(file: &str, text: &str) -> Result<ClusterSpec, DocumentError> {
    let reader = Reader { file };
    let document = one(reader, text)?;
    let members = document
        .members
        .value
        .iter()
        .map(|member| rule(reader, member));
    let members = all_of(members)?;
    named_once(reader, &document.members.value)?;
    if members.iter().all(|rule| rule.role != Role::ControlPlane) {
        let wanted = "at least one with role: controlplane";
        return Err(reader.wrong(&document.members, "members", wanted, "none"));
    }
    let os = OsSpec::Talos(talos(reader, &document)?);
    let image = document
        .image
        .map_or_else(|| os.default_image(), |image| image.value);
    Ok(ClusterSpec {
        name: reader.name(&document.name, "name")?,
        endpoint: endpoint(reader, &document.endpoint)?,
        os,
        image,
        allow_plaintext: document.allow_plaintext.is_some_and(|it| it.0),
        members,
    })
}

fn talos(reader: Reader<'_>, document: &ClusterDocument) -> Result<TalosSpec, DocumentError> {
    let networks = match &document.networks {
        None => KubernetesNetworks::default(),
        Some(told) => networks(reader, told)?,
    };
    Ok(TalosSpec {
        version: version(reader, &document.talos, ("talos", "1.13.9"))?,
        kubernetes: version(reader, &document.kubernetes, ("kubernetes", "1.34.1"))?,
        networks,
    })
}

fn networks(
    reader: Reader<'_>,
    told: &Spanned<NetworksDocument>,
) -> Result<KubernetesNetworks, DocumentError> {
    let read = |of: &[Spanned<String>], field| -> Result<Vec<Network>, DocumentError> {
        let wanted = "a network such as 10.244.0.0/16";
        of.iter()
            .map(|it| reader.parsed(it, field, wanted))
            .collect()
    };
    let networks = KubernetesNetworks {
        pods: read(&told.value.pods, "networks.pods")?,
        services: read(&told.value.services, "networks.services")?,
    };
    match networks.fault() {
        None => Ok(networks),
        Some(why) => Err(DocumentError::Unusable {
            file: reader.file.to_owned(),
            line: told.referenced.line(),
            field: "networks",
            why,
        }),
    }
}

/// Every rule, or a mistake of each that has one.
fn all_of(
    rules: impl Iterator<Item = Result<MemberRule, DocumentError>>,
) -> Result<Vec<MemberRule>, DocumentError> {
    let (mut members, mut errors) = (Vec::new(), Vec::new());
    for rule in rules {
        match rule {
            Ok(rule) => members.push(rule),
            Err(error) => errors.push(error),
        }
    }
    DocumentError::all(errors)?;
    Ok(members)
}

/// Of two rules that name one machine only the first would ever take it.
fn named_once(
    reader: Reader<'_>,
    members: &[Spanned<MemberDocument>],
) -> Result<(), DocumentError> {
    let mut named: Vec<&Spanned<String>> = Vec::new();
    let mut errors = Vec::new();
    for machine in members.iter().filter_map(|it| it.value.machine.as_ref()) {
        match named.iter().find(|it| it.value == machine.value) {
            None => named.push(machine),
            Some(first) => {
                let line = first.referenced.line();
                let wanted = format!("each machine once, and line {line} names it");
                let got = machine.value.clone();
                errors.push(reader.wrong(machine, "members.machine", wanted, got));
            }
        }
    }
    DocumentError::all(errors)
}

/// What is wrong with a cluster's file beyond its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterFault {
    /// Where.
    pub field: ClusterField,
    /// What was wanted and what came.
    pub why: String,
}

/// A field of a cluster's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClusterField {
    /// `endpoint`
    Endpoint,
    /// The version of what the machines run.
    Version,
    /// `kubernetes`
    Kubernetes,
    /// `networks`
    Networks,
    /// `members`
    Members,
}

/// A fault, with its line in the document.
pub fn with_line(file: &str, text: &str, fault: &ClusterFault) -> DocumentError {
    let document = one(Reader { file }, text);
    let line = document.map(|it| match fault.field {
        ClusterField::Endpoint => it.endpoint.referenced.line(),
        ClusterField::Version => it.talos.referenced.line(),
        ClusterField::Kubernetes => it.kubernetes.referenced.line(),
        // Without the field they are those of this Kubernetes.
        ClusterField::Networks => it.networks.map_or_else(
            || it.kubernetes.referenced.line(),
            |it| it.referenced.line(),
        ),
        ClusterField::Members => it.members.referenced.line(),
    });
    DocumentError::Unusable {
        file: file.to_owned(),
        line: line.unwrap_or(0),
        field: match fault.field {
            ClusterField::Endpoint => "endpoint",
            ClusterField::Version => "talos",
            ClusterField::Kubernetes => "kubernetes",
            ClusterField::Networks => "networks",
            ClusterField::Members => "members",
        },
        why: fault.why.clone(),
    }
}

fn rule(reader: Reader<'_>, member: &Spanned<MemberDocument>) -> Result<MemberRule, DocumentError> {
    let document = &member.value;
    let selector = match (&document.machine, &document.pattern) {
        (Some(name), None) => Selector::Named(reader.name(name, "members.machine")?),
        (None, Some(pattern)) => Selector::Matching(self::pattern(reader, member, pattern)?),
        (Some(_), Some(_)) | (None, None) => {
            let wanted = "either machine: NAME or match: { … }";
            let got = if document.machine.is_some() {
                "both"
            } else {
                "neither"
            };
            return Err(reader.wrong(member, "members", wanted, got));
        }
    };
    Ok(MemberRule {
        role: reader.parsed(&document.role, "members.role", "controlplane or worker")?,
        selector,
        acceptance: acceptance(reader, document.accept.as_ref())?,
        disk: document
            .disk
            .as_ref()
            .map(|disk| disk_identity(reader, disk))
            .transpose()?,
    })
}

fn acceptance(
    reader: Reader<'_>,
    accept: Option<&Spanned<String>>,
) -> Result<Acceptance, DocumentError> {
    let Some(accept) = accept else {
        return Ok(Acceptance::Auto);
    };
    match accept.value.as_str() {
        "auto" => Ok(Acceptance::Auto),
        "wait" => Ok(Acceptance::Wait),
        got => Err(reader.wrong(accept, "members.accept", "auto or wait", got)),
    }
}

fn pattern(
    reader: Reader<'_>,
    member: &Spanned<MemberDocument>,
    document: &PatternDocument,
) -> Result<Pattern, DocumentError> {
    let arch = document.arch.as_ref();
    let firmware = document.firmware.as_ref();
    let pattern = Pattern {
        manufacturer: document.manufacturer.clone(),
        product: document.product.clone(),
        arch: arch
            .map(|it| reader.parsed(it, "match.arch", "amd64 or arm64"))
            .transpose()?,
        firmware: firmware
            .map(|it| reader.parsed(it, "match.firmware", "bios or uefi"))
            .transpose()?,
    };
    if pattern == Pattern::default() {
        let wanted = "at least one of manufacturer, product, arch, firmware";
        return Err(reader.wrong(member, "match", wanted, "nothing"));
    }
    Ok(pattern)
}

fn version(
    reader: Reader<'_>,
    value: &Spanned<String>,
    (field, example): (&'static str, &str),
) -> Result<Version, DocumentError> {
    // A release, not what leads to one.
    let is_release = |it: &Version| it.pre.is_empty() && it.build.is_empty();
    let version = parse_version(&value.value).ok().filter(is_release);
    version.ok_or_else(|| {
        let wanted = format!("a version such as {example}");
        reader.wrong(value, field, wanted, value.value.clone())
    })
}

fn endpoint(reader: Reader<'_>, value: &Spanned<String>) -> Result<ClusterEndpoint, DocumentError> {
    let wanted = "a URL with a port, such as https://10.77.0.10:6443";
    let endpoint: ClusterEndpoint = reader.parsed(value, "endpoint", wanted)?;
    if is_of_each_machine_itself(endpoint.host()) {
        let wanted = "an address at which every machine reaches the control plane";
        return Err(reader.wrong(value, "endpoint", wanted, value.value.clone()));
    }
    match endpoint.port() {
        Some(_) => Ok(endpoint),
        None => Err(reader.wrong(value, "endpoint", wanted, value.value.clone())),
    }
}

/// Whether a host means another machine on each of them: loopback, or no address at all.
fn is_of_each_machine_itself(host: &str) -> bool {
    let address = host.parse::<IpAddr>();
    host == "localhost"
        || address.is_ok_and(|it| it.to_canonical().is_loopback() || it.is_unspecified())
}

#[cfg(test)]
mod tests;
