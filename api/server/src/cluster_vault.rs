//! What the use cases ask of the daemon around a cluster's secrets: they are opened and made into
//! something there, and only what a person asked for comes back.

use std::time::Duration;

use async_trait::async_trait;
use machine_core::cluster::Cluster;
use machine_core::id::ClusterId;
use machine_core::os::OsSpec;
use machine_store::change::SecretWrite;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::operation::Operation;

/// The vault did not do what it was asked: one sentence for a person, without a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct VaultError(pub String);

/// What a client may do, and through which API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessRole {
    /// Talos' API, `os:admin`: everything.
    TalosAdmin,
    /// Talos' API, `os:operator`: restarts, services, etcd snapshots.
    TalosOperator,
    /// Talos' API, `os:reader`: nothing but looking.
    TalosReader,
    /// The Kubernetes API, group `system:masters`: everything.
    KubeAdmin,
    /// The Kubernetes API, group `drover:viewers`: what the cluster binds to it.
    KubeViewer,
}

impl AccessRole {
    /// The role, as it stands in the record of who was given what.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TalosAdmin => "os:admin",
            Self::TalosOperator => "os:operator",
            Self::TalosReader => "os:reader",
            Self::KubeAdmin => "admin",
            Self::KubeViewer => "viewer",
        }
    }

    /// What asks for it.
    pub const fn operation(self) -> Operation {
        match self {
            Self::TalosAdmin | Self::TalosOperator | Self::TalosReader => Operation::TalosConfig,
            Self::KubeAdmin | Self::KubeViewer => Operation::KubeConfig,
        }
    }

    /// `talosconfig` or `kubeconfig`.
    pub const fn document(self) -> &'static str {
        match self {
            Self::TalosAdmin | Self::TalosOperator | Self::TalosReader => "talosconfig",
            Self::KubeAdmin | Self::KubeViewer => "kubeconfig",
        }
    }
}

/// Access that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessOrder {
    /// For what.
    pub role: AccessRole,
    /// How long from now.
    pub lifetime: Duration,
    /// Where the nodes' APIs are, for a talosconfig.
    pub endpoints: Vec<String>,
}

/// How far the secrets of a document are those that a cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretsLikeness {
    /// All of them are.
    Same,
    /// The id of the cluster is, or the authority of the Talos API.
    OneIdentity,
    /// Neither is.
    Other,
}

/// The secrets of clusters.
#[async_trait]
pub trait ClusterVault: Send + Sync + 'static {
    /// New secrets for a cluster whose machines run this, sealed; `None` if they share none.
    async fn make_cluster_secrets(
        &self,
        cluster: ClusterId,
        os: &OsSpec,
    ) -> Result<Option<SecretWrite>, VaultError>;
    /// The secrets of a document, checked and sealed, over those that a cluster has.
    fn seal_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretWrite, VaultError>;
    /// Compares the secrets of a document with those that a cluster has.
    async fn compare_cluster_secrets(
        &self,
        cluster: ClusterId,
        document: &str,
    ) -> Result<SecretsLikeness, VaultError>;
    /// A cluster's secrets as `talosctl gen secrets` writes them.
    async fn open_cluster_secrets(
        &self,
        cluster: ClusterId,
    ) -> Result<Zeroizing<String>, VaultError>;
    /// The end of a cluster's secrets.
    fn drop_cluster_secrets(&self, cluster: ClusterId) -> SecretWrite;
    /// A talosconfig or kubeconfig with a new certificate.
    async fn make_access(
        &self,
        cluster: &Cluster,
        order: &AccessOrder,
    ) -> Result<Zeroizing<String>, VaultError>;
}
