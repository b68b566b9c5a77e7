//! An OS authority as Talos makes one, and the credentials of its clients.

use std::net::IpAddr;

use base64::Engine;
use config_talos::credentials::Credentials;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ED25519, SanType,
};
use zeroize::Zeroizing;

/// A certificate authority, and what it issues.
pub(crate) struct Authority {
    pub(super) pem: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// An OS authority as Talos makes one: Ed25519, and an organisation for a name.
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "talos");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate and its key, in the PEM forms of Talos.
    pub(super) fn issue(
        &self,
        names: &[IpAddr],
        usage: ExtendedKeyUsagePurpose,
    ) -> (String, String) {
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(DnType::OrganizationName, "os:admin");
        params.subject_alt_names = names.iter().copied().map(SanType::IpAddress).collect();
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        (certificate, talos_key_pem(&key.serialize_der()))
    }

    /// Credentials that trust this authority, with a client certificate of `client`.
    pub(crate) fn credentials(&self, client: &Self) -> Credentials {
        let (certificate, key) = client.issue(&[], ExtendedKeyUsagePurpose::ClientAuth);
        Credentials::from_pem(&self.pem, &certificate, &Zeroizing::new(key)).unwrap()
    }
}

/// PKCS#8 version 1, 48 bytes, without the public key, under Talos' own label.
fn talos_key_pem(version_2: &[u8]) -> String {
    let mut version_1 = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    version_1.extend(version_2.get(16..48).unwrap());
    let base64 = base64::engine::general_purpose::STANDARD.encode(version_1);
    format!("-----BEGIN ED25519 PRIVATE KEY-----\n{base64}\n-----END ED25519 PRIVATE KEY-----\n")
}
