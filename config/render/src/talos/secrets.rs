//! A cluster's secrets bundle: what it holds. [`crate::talos::secrets_file`] reads and writes it,
//! [`crate::talos::secrets_making`] makes a new one.
//!
//! Made once for a cluster and never changed by reading it. Nothing of it is ever in an error:
//! errors name the field and what was wanted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use crate::talos::certificate::CertificateError;
use crate::talos::key::KeyError;
use crate::yaml::Mapping;
use machine_core::secret::Secret;

/// A certificate and its private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateAndKey {
    /// The certificate.
    pub certificate: String,
    /// Its private key.
    pub key: Secret,
}

/// How Kubernetes encrypts its secrets in etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EtcdEncryption {
    /// Secretbox, since contract 1.3.
    Secretbox(Secret),
    /// AES-CBC, before.
    AesCbc(Secret),
}

/// All secrets of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretsBundle {
    /// 32 bytes in base64, of either alphabet.
    pub cluster_id: String,
    /// 32 bytes in base64: members of the cluster find each other by it.
    pub cluster_secret: Secret,
    /// The Kubernetes bootstrap token.
    pub bootstrap_token: Secret,
    /// The key of the encryption in etcd.
    pub etcd_encryption: EtcdEncryption,
    /// The token by which a machine asks trustd for its certificate.
    pub trustd_token: Secret,
    /// The authority of etcd.
    pub etcd: CertificateAndKey,
    /// The authority of Kubernetes.
    pub kubernetes: CertificateAndKey,
    /// The authority of the aggregated API servers.
    pub aggregator: CertificateAndKey,
    /// The key that signs service account tokens, PEM.
    pub service_account: Secret,
    /// The authority of the Talos API, Ed25519.
    pub os: CertificateAndKey,
}

/// A bundle that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SecretsError {
    /// It is not the YAML that Talos writes.
    #[error(
        "line {line}, column {column}: wanted a secrets bundle as `talosctl gen secrets` writes it"
    )]
    NotABundle {
        /// Where reading ended.
        line: u64,
        /// Where reading ended.
        column: u64,
    },
    /// A key that no bundle has. What stands behind it is not repeated.
    #[error(
        "line {line}, column {column}: wanted a secrets bundle as `talosctl gen secrets` writes it, \
         got the key `{key}`, which it does not have; wanted {wanted}"
    )]
    UnknownKey {
        /// Where the key stands.
        line: u64,
        /// Where the key stands.
        column: u64,
        /// The key.
        key: String,
        /// The keys that may stand there.
        wanted: String,
    },
    /// A field is not there.
    #[error("{field} is missing")]
    Missing {
        /// Its path.
        field: &'static str,
    },
    /// A field is not what it must be. Its value is not repeated.
    #[error("{field}: wanted {wanted}")]
    Malformed {
        /// Its path.
        field: &'static str,
        /// What would have been accepted.
        wanted: &'static str,
    },
    /// A private key is not one.
    #[error("{field} is not a private key")]
    Key {
        /// Its path.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
    /// A certificate is not one.
    #[error("{field} is not a certificate")]
    Certificate {
        /// Its path.
        field: &'static str,
        /// What is wrong with it.
        #[source]
        source: CertificateError,
    },
}

impl SecretsBundle {
    /// Whether machines with the one bundle would take those with the other for members of their
    /// cluster: it has the same id, or the same authority of the Talos API.
    pub fn has_identity_of(&self, other: &Self) -> bool {
        self.cluster_id == other.cluster_id || self.os.certificate == other.os.certificate
    }
}

impl CertificateAndKey {
    /// `crt` and `key`, base64 of PEM, as every Talos document holds them.
    pub fn to_value(&self) -> Mapping {
        Mapping::new()
            .with("crt", base64(&self.certificate))
            .with("key", base64(self.key.expose()))
    }

    /// The certificate alone, for a machine that must not hold the key.
    pub fn without_key(&self) -> Mapping {
        Mapping::new()
            .with("crt", base64(&self.certificate))
            .with("key", "")
    }
}

/// Base64 of a PEM text.
pub fn base64(text: &str) -> String {
    STANDARD.encode(text)
}
