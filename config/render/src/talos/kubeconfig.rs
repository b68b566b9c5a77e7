//! Access to the Kubernetes API: a client certificate of the cluster's Kubernetes authority, in the
//! `kubeconfig` that Talos itself would hand out (talos `pkg/kubeconfig/generate.go`).
//!
//! The organisation of the certificate is a group of Kubernetes. Nothing of it is stored.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use machine_core::cluster_endpoint::ClusterEndpoint;
use machine_core::time::Timestamp;
use p256::ecdsa::{DerSignature, SigningKey};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::talos::admin::CredentialsError;
use crate::talos::certificate::{self, Client};
use crate::talos::cluster::ClusterName;
use crate::talos::key;
use crate::talos::secrets::{SecretsBundle, base64};
use crate::yaml::{self, Value};

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KubeRole {
    /// Everything: the group `system:masters`, which no rule of the cluster limits.
    Admin,
    /// What the cluster binds to the group [`VIEWERS`]; nothing before.
    Viewer,
}

impl KubeRole {
    /// `admin`, `viewer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Viewer => "viewer",
        }
    }

    /// The group of Kubernetes.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Admin => "system:masters",
            Self::Viewer => VIEWERS,
        }
    }

    /// Every role there is.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Viewer];
}

impl fmt::Display for KubeRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Refuses every text that is not a role.
impl FromStr for KubeRole {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == text).ok_or(())
    }
}

/// The group of viewers. Kubernetes has the cluster role `view`, and binds nobody to it.
pub const VIEWERS: &str = "drover:viewers";

/// A cluster as a kubeconfig names it.
#[derive(Debug, Clone, Copy)]
pub struct KubeCluster<'a> {
    /// Its name.
    pub name: &'a ClusterName,
    /// Its Kubernetes API.
    pub endpoint: &'a ClusterEndpoint,
    /// Its secrets.
    pub secrets: &'a SecretsBundle,
}

/// A new `kubeconfig` for `role`, good for `validity` from `now`.
///
/// The authority's key has to be on P-256, as Talos makes it.
pub fn kubeconfig(
    cluster: KubeCluster<'_>,
    role: KubeRole,
    now: Timestamp,
    validity: Duration,
    rng: &mut impl CryptoRng,
) -> Result<Zeroizing<String>, CredentialsError> {
    let pair = &cluster.secrets.kubernetes;
    let signer = SigningKey::from(&key::read_p256(&pair.key)?);
    let authority = certificate::read(&pair.certificate)?;
    let holder = Client {
        organization: role.group(),
        common_name: Some(role.as_str()),
        key_encipherment: true,
    };
    let client = key::p256(rng);
    let certificate = certificate::client::<_, DerSignature>(
        (&signer, &authority),
        &client.public_key(),
        holder,
        certificate::validity(now, validity)?,
        rng,
    )?;
    let certificate = base64(&certificate::pem(&certificate)?);
    let key = Zeroizing::new(base64(key::p256_pem(&client)?.expose()));
    Ok(document(cluster, role, &certificate, &key))
}

/// Talos fills a template: two blanks, lists at the height of their key.
fn document(
    cluster: KubeCluster<'_>,
    role: KubeRole,
    certificate: &str,
    key: &str,
) -> Zeroizing<String> {
    let name = plain_or_quoted(cluster.name.as_str());
    let server = cluster.endpoint.as_str();
    let authority = base64(&cluster.secrets.kubernetes.certificate);
    let who = format!("{role}@{}", cluster.name.as_str());
    Zeroizing::new(format!(
        "apiVersion: v1\n\
         kind: Config\n\
         clusters:\n\
         - name: {name}\n  \
           cluster:\n    \
             server: {server}\n    \
             certificate-authority-data: {authority}\n\
         users:\n\
         - name: {who}\n  \
           user:\n    \
             client-certificate-data: {certificate}\n    \
             client-key-data: {key}\n\
         contexts:\n\
         - context:\n    \
             cluster: {name}\n    \
             namespace: default\n    \
             user: {who}\n  \
           name: {who}\n\
         current-context: {who}\n"
    ))
}

/// A cluster may be called `123` or `true`: kubectl wants a text there.
fn plain_or_quoted(name: &str) -> String {
    yaml::document(&Value::from(name)).trim_end().to_owned()
}
