//! Access to the Talos API: a client certificate of the cluster's OS authority, and the
//! `talosconfig` that carries it.
//!
//! The organisation of the certificate is the role. Credentials are short-lived and made for each
//! use; nothing of them is stored.

use std::time::Duration;

use der::Encode;
use machine_core::time::Timestamp;
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::talos::certificate::{self, CertificateError, Client};
use crate::talos::key::{self, KeyError};
use crate::talos::secrets::{SecretsBundle, base64};
use crate::yaml::{self, Mapping, Value};
use machine_core::secret::Secret;

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiRole {
    /// Everything.
    Admin,
    /// Reboots, service actions, etcd snapshots.
    Operator,
    /// Nothing but looking.
    Reader,
}

impl ApiRole {
    /// As Talos writes it: `os:admin`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "os:admin",
            Self::Operator => "os:operator",
            Self::Reader => "os:reader",
        }
    }
}

/// Everything a client of the Talos API needs.
#[derive(Debug, Clone)]
pub struct ApiCredentials {
    /// The OS authority's certificate, PEM: what the server's certificate is checked against.
    pub ca: String,
    /// The client's certificate, PEM.
    pub certificate: String,
    /// The client's key, PEM under Talos' own label, which TLS libraries do not know.
    pub key: Secret,
    certificate_der: Vec<u8>,
    key_der: Zeroizing<Vec<u8>>,
}

impl ApiCredentials {
    /// The client's certificate in DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate_der
    }

    /// The client's key as PKCS#8 in DER, as TLS libraries take it.
    pub fn key_pkcs8_der(&self) -> &[u8] {
        &self.key_der
    }
}

/// Credentials could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CredentialsError {
    /// The OS authority's key cannot be used, or a new key cannot be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The OS authority's certificate cannot be used, or a new one cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

/// New credentials of `role`, good for `validity` from `now`.
pub fn credentials(
    secrets: &SecretsBundle,
    role: ApiRole,
    now: Timestamp,
    validity: Duration,
    rng: &mut impl CryptoRng,
) -> Result<ApiCredentials, CredentialsError> {
    let signer = key::read_ed25519(&secrets.os.key)?;
    let authority = certificate::read(&secrets.os.certificate)?;
    let holder = Client {
        organization: role.as_str(),
        common_name: None,
        key_encipherment: false,
    };
    let client = key::ed25519(rng);
    let certificate = certificate::client::<_, ed25519_dalek::Signature>(
        (&signer, &authority),
        &client.verifying_key(),
        holder,
        certificate::validity(now, validity)?,
        rng,
    )?;
    Ok(ApiCredentials {
        ca: secrets.os.certificate.clone(),
        certificate: certificate::pem(&certificate)?,
        certificate_der: certificate.to_der().map_err(CertificateError::from)?,
        key: key::ed25519_pem(&client)?,
        key_der: key::ed25519_der(&client),
    })
}

/// The `talosconfig` with one context.
pub fn talosconfig(
    context: &str,
    endpoints: &[String],
    credentials: &ApiCredentials,
) -> Zeroizing<String> {
    let entry = Mapping::new()
        .with("endpoints", endpoints.to_vec())
        .with("ca", base64(&credentials.ca))
        .with("crt", base64(&credentials.certificate))
        .with("key", base64(credentials.key.expose()));
    let config = Mapping::new()
        .with("context", context)
        .with("contexts", Mapping::new().with(context, entry));
    yaml::document(&Value::Mapping(config))
}
