//! New secrets for a new cluster, from a random source and a time that the caller brings.
//!
//! The authorities are those of Talos' own generator: etcd, Kubernetes and the aggregator (its
//! subject is empty) on P-256, the Talos API on Ed25519, each for ten years; service account
//! tokens are signed with RSA-4096 (contracts after 1.6).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use machine_core::time::Timestamp;
use p256::ecdsa::DerSignature;
use rand_core::CryptoRng;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::talos::certificate::{self, CertificateError};
use crate::talos::contract::TalosContract;
use crate::talos::key::{self, KeyError};
use crate::talos::secrets::{CertificateAndKey, EtcdEncryption, SecretsBundle};
use machine_core::secret::Secret;

/// Secrets could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MakeSecretsError {
    /// A key could not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
}

impl SecretsBundle {
    /// New secrets. Makes an RSA-4096 key, which takes seconds: never on a thread that serves
    /// others.
    pub fn generate(
        _contract: TalosContract,
        now: Timestamp,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, MakeSecretsError> {
        Ok(Self {
            cluster_id: URL_SAFE.encode(*random_bytes(rng)),
            cluster_secret: random_base64(rng),
            bootstrap_token: token(rng),
            etcd_encryption: EtcdEncryption::Secretbox(random_base64(rng)),
            trustd_token: token(rng),
            etcd: p256_authority(Some("etcd"), now, rng)?,
            kubernetes: p256_authority(Some("kubernetes"), now, rng)?,
            aggregator: p256_authority(None, now, rng)?,
            service_account: key::rsa_pem(rng)?,
            os: os_authority(now, rng)?,
        })
    }
}

/// Ten years, as Talos' own (`87600h`).
const AUTHORITY_VALIDITY: Duration = Duration::from_hours(87_600);

fn p256_authority(
    organization: Option<&str>,
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<CertificateAndKey, MakeSecretsError> {
    let secret = key::p256(rng);
    let signer = p256::ecdsa::SigningKey::from(&secret);
    let validity = certificate::validity(now, AUTHORITY_VALIDITY)?;
    Ok(CertificateAndKey {
        certificate: certificate::authority::<_, DerSignature>(
            &signer,
            organization,
            validity,
            rng,
        )?,
        key: key::p256_pem(&secret)?,
    })
}

fn os_authority(
    now: Timestamp,
    rng: &mut impl CryptoRng,
) -> Result<CertificateAndKey, MakeSecretsError> {
    let signer = key::ed25519(rng);
    let validity = certificate::validity(now, AUTHORITY_VALIDITY)?;
    Ok(CertificateAndKey {
        certificate: certificate::authority::<_, ed25519_dalek::Signature>(
            &signer,
            Some("talos"),
            validity,
            rng,
        )?,
        key: key::ed25519_pem(&signer)?,
    })
}

fn random_bytes(rng: &mut impl CryptoRng) -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0; 32]);
    rng.fill_bytes(bytes.as_mut_slice());
    bytes
}

fn random_base64(rng: &mut impl CryptoRng) -> Secret {
    Secret::new(STANDARD.encode(*random_bytes(rng)))
}

/// `[a-z0-9]{6}.[a-z0-9]{16}`, every character equally likely.
fn token(rng: &mut impl CryptoRng) -> Secret {
    let mut text = String::with_capacity(23);
    while text.len() < 23 {
        if text.len() == 6 {
            text.push('.');
        }
        text.push(token_character(rng));
    }
    Secret::new(text)
}

fn token_character(rng: &mut impl CryptoRng) -> char {
    loop {
        // 252 is the largest multiple of 36 that fits into a byte: no character is favoured.
        let drawn = rng.next_u32() & 0xff;
        if drawn < 252
            && let Some(character) = char::from_digit(drawn % 36, 36)
        {
            return character;
        }
    }
}
