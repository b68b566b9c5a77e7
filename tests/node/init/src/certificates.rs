//! The certificate that the API shows: signed by the operating system's CA, here on a control plane,
//! by a control plane's trustd for a worker.
//!
//! Talos labels an Ed25519 key `ED25519 PRIVATE KEY`; what is inside is PKCS#8 all the same.

use crate::error::InitError;
use rcgen::{
    CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ED25519,
};

/// A certificate and its key, both PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The operating system's CA.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    pub(crate) fn new(certificate: &str, key: &str) -> Result<Self, InitError> {
        let key = KeyPair::from_pem(&key.replace("ED25519 PRIVATE KEY", "PRIVATE KEY"))?;
        let issuer = Issuer::from_ca_cert_pem(certificate, key)?;
        Ok(Self {
            issuer,
            certificate: certificate.to_owned(),
        })
    }

    /// The CA's certificate, PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate of our own.
    pub(crate) fn issue(&self, names: Vec<String>) -> Result<Identity, InitError> {
        let key = KeyPair::generate_for(&PKCS_ED25519)?;
        let certificate = parameters(names)?.signed_by(&key, &self.issuer)?;
        Ok(Identity {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        })
    }

    /// Signs another node's request, PEM to PEM.
    pub(crate) fn sign(&self, request: &str) -> Result<String, InitError> {
        let request = CertificateSigningRequestParams::from_pem(request)?;
        Ok(request.signed_by(&self.issuer)?.pem())
    }
}

/// A request for a certificate, PEM, and the key that stays here.
pub(crate) fn request(names: Vec<String>) -> Result<(String, String), InitError> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let request = parameters(names)?.serialize_request(&key)?;
    Ok((request.pem()?, key.serialize_pem()))
}

fn parameters(names: Vec<String>) -> Result<CertificateParams, InitError> {
    let name = names.first().cloned().unwrap_or_default();
    let mut parameters = CertificateParams::new(names)?;
    parameters.distinguished_name.remove(DnType::CommonName);
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(parameters)
}
