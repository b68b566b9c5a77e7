//! What opens the API of a cluster's nodes: its OS certificate authority, to know them by, and a
//! client certificate, for them to know us.
//!
//! The key is never shown: not in `Debug`, not in an error.

use std::fmt;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::api_error::CredentialsError;

/// Credentials for the nodes of one cluster. Role: the organisation of the certificate, `os:admin`
/// for a bootstrap.
#[derive(Clone)]
pub struct Credentials {
    config: Arc<ClientConfig>,
}

impl Credentials {
    /// Credentials of PEM texts: the cluster's OS CA, the client certificate under it, and its key
    /// (PKCS#8, under the label `PRIVATE KEY` or Talos' own `ED25519 PRIVATE KEY`; or SEC1).
    pub fn from_pem(
        ca: &str,
        certificate: &str,
        key: &Zeroizing<String>,
    ) -> Result<Self, CredentialsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots(ca)?),
            Arc::clone(&provider),
        )
        .build()
        .map_err(|_| CredentialsError::Authority)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|_| CredentialsError::Pair)?
            .with_webpki_verifier(verifier)
            .with_client_auth_cert(
                certificates(certificate).ok_or(CredentialsError::Certificate)?,
                private_key(key)?,
            )
            .map_err(|_| CredentialsError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            config: Arc::new(config),
        })
    }

    pub(crate) fn tls(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials([redacted])")
    }
}

fn roots(ca: &str) -> Result<RootCertStore, CredentialsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca).ok_or(CredentialsError::Authority)? {
        roots
            .add(certificate)
            .map_err(|_| CredentialsError::Authority)?;
    }
    Ok(roots)
}

/// Every certificate of a PEM text; none if there is none, or one can't be read.
fn certificates(pem: &str) -> Option<Vec<CertificateDer<'static>>> {
    let all: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .ok()?;
    (!all.is_empty()).then_some(all)
}

/// Talos labels the PKCS#8 form of an Ed25519 key `ED25519 PRIVATE KEY`, which no reader of PEM
/// knows.
fn private_key(pem: &Zeroizing<String>) -> Result<PrivateKeyDer<'static>, CredentialsError> {
    let relabelled = Zeroizing::new(pem.replace("ED25519 PRIVATE KEY", "PRIVATE KEY"));
    PrivateKeyDer::from_pem_slice(relabelled.as_bytes()).map_err(|_| CredentialsError::Key)
}
