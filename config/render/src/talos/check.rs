//! What Talos does not check of a config, or only after the machine has installed it.
//!
//! Talos' own validator accepts a malformed token, a bad CIDR and a foreign version; a machine
//! with such a config installs and then never joins.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::talos::certificate;
use crate::talos::key;
use crate::talos::secrets::{CertificateAndKey, EtcdEncryption, SecretsBundle, SecretsError};
use machine_core::secret::Secret;

/// Every field of a bundle.
pub fn secrets(bundle: &SecretsBundle) -> Result<(), SecretsError> {
    let id = bundle.cluster_id.as_bytes();
    if !holds_32(STANDARD.decode(id)) && !holds_32(URL_SAFE.decode(id)) {
        return Err(malformed("cluster.id", THIRTY_TWO));
    }
    let (encryption_field, encryption) = match &bundle.etcd_encryption {
        EtcdEncryption::Secretbox(key) => ("secrets.secretboxencryptionsecret", key),
        EtcdEncryption::AesCbc(key) => ("secrets.aescbcencryptionsecret", key),
    };
    thirty_two("cluster.secret", &bundle.cluster_secret)?;
    thirty_two(encryption_field, encryption)?;
    token("secrets.bootstraptoken", &bundle.bootstrap_token)?;
    token("trustdinfo.token", &bundle.trustd_token)?;
    authority(("certs.etcd.crt", "certs.etcd.key"), &bundle.etcd)?;
    authority(("certs.k8s.crt", "certs.k8s.key"), &bundle.kubernetes)?;
    authority(
        ("certs.k8saggregator.crt", "certs.k8saggregator.key"),
        &bundle.aggregator,
    )?;
    key::check(&bundle.service_account).map_err(|source| SecretsError::Key {
        field: "certs.k8sserviceaccount.key",
        source,
    })?;
    os_authority(&bundle.os)
}

/// `[a-z0-9]{6}\.[a-z0-9]{16}`, the form of a Kubernetes bootstrap token.
pub fn is_token(text: &str) -> bool {
    let part = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    text.split_once('.')
        .is_some_and(|(id, secret)| part(id, 6) && part(secret, 16))
}

const THIRTY_TWO: &str = "base64 of 32 bytes";

fn malformed(field: &'static str, wanted: &'static str) -> SecretsError {
    SecretsError::Malformed { field, wanted }
}

fn holds_32<E>(decoded: Result<Vec<u8>, E>) -> bool {
    decoded.is_ok_and(|bytes| bytes.len() == 32)
}

fn thirty_two(field: &'static str, secret: &Secret) -> Result<(), SecretsError> {
    if holds_32(STANDARD.decode(secret.expose())) {
        Ok(())
    } else {
        Err(malformed(field, THIRTY_TWO))
    }
}

fn token(field: &'static str, secret: &Secret) -> Result<(), SecretsError> {
    if is_token(secret.expose()) {
        Ok(())
    } else {
        Err(malformed(field, "6 and 16 of a-z0-9 with a dot between"))
    }
}

fn authority(
    (certificate_field, key_field): (&'static str, &'static str),
    pair: &CertificateAndKey,
) -> Result<(), SecretsError> {
    let certificate =
        certificate::read(&pair.certificate).map_err(|source| SecretsError::Certificate {
            field: certificate_field,
            source,
        })?;
    key::check(&pair.key).map_err(|source| SecretsError::Key {
        field: key_field,
        source,
    })?;
    match key::p256_public(&pair.key) {
        Some(public) if !certificate::is_for(&certificate, &public) => {
            Err(malformed(key_field, "the key of the certificate beside it"))
        }
        _ => Ok(()),
    }
}

/// The Talos API speaks Ed25519 only.
fn os_authority(pair: &CertificateAndKey) -> Result<(), SecretsError> {
    authority(("certs.os.crt", "certs.os.key"), pair)?;
    let field = "certs.os.key";
    let key = key::read_ed25519(&pair.key).map_err(|source| SecretsError::Key { field, source })?;
    let certificate =
        certificate::read(&pair.certificate).map_err(|source| SecretsError::Certificate {
            field: "certs.os.crt",
            source,
        })?;
    if certificate::is_for(&certificate, &key.verifying_key()) {
        Ok(())
    } else {
        Err(malformed(field, "the key of the certificate beside it"))
    }
}
