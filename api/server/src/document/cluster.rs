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

mod members;

use std::net::IpAddr;

use machine_core::cluster::{ClusterSpec, Role};
use machine_core::cluster_endpoint::ClusterEndpoint;
use machine_core::network::Network;
use machine_core::os::{KubernetesNetworks, OsSpec, TalosSpec, parse_version};
use semver::Version;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::document::cluster::members::MemberDocument;
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
    let members = members::rules(reader, &document.members.value)?;
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
