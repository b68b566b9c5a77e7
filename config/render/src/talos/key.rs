//! Private keys as Talos writes them in PEM, and the randomness they are made from.
//!
//! The labels are Talos' own: an Ed25519 key is PKCS#8 version 1 under `ED25519 PRIVATE KEY`, an
//! EC key SEC1 under `EC PRIVATE KEY`, an RSA key PKCS#1 under `RSA PRIVATE KEY`
//! (siderolabs/crypto, `x509/constants.go`).

use ed25519_dalek::pkcs8::DecodePrivateKey;
use p256::elliptic_curve::Generate;
use pem_rfc7468::LineEnding;
use rand_core::CryptoRng;
use rsa::pkcs1::EncodeRsaPrivateKey;
use thiserror::Error;
use zeroize::Zeroizing;

use machine_core::secret::Secret;

/// A key that could not be made, written or read. Never says anything of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The text is not PEM.
    #[error("wanted one PEM block, got something else")]
    NotPem,
    /// The PEM block has another label.
    #[error("wanted a PEM block labelled {wanted}, got {got:?}")]
    Label {
        /// What would have been accepted.
        wanted: &'static str,
        /// The label that it has.
        got: String,
    },
    /// The block does not hold such a key.
    #[error("the block labelled {label} does not hold such a key")]
    Malformed {
        /// Its label.
        label: &'static str,
    },
    /// The library could not make or encode a key.
    #[error("cannot make a key for {label}")]
    Making {
        /// The label it would have had.
        label: &'static str,
    },
}

/// The label of an Ed25519 key; what lies under it is PKCS#8.
pub const ED25519_LABEL: &str = "ED25519 PRIVATE KEY";
/// The label of an elliptic curve key (SEC1, RFC 5915).
pub const EC_LABEL: &str = "EC PRIVATE KEY";
/// The label of an RSA key (PKCS#1, RFC 8017 appendix A.1.2).
pub const RSA_LABEL: &str = "RSA PRIVATE KEY";

/// PKCS#8 version 1 of an Ed25519 key up to its 32 bytes (RFC 8410 §7): what Go writes.
const ED25519_PKCS8_HEAD: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
/// The size of a service account key from contract 1.7 on.
const RSA_BITS: usize = 4096;

/// A new Ed25519 key.
pub fn ed25519(rng: &mut impl CryptoRng) -> ed25519_dalek::SigningKey {
    let mut seed = Zeroizing::new([0; 32]);
    rng.fill_bytes(seed.as_mut_slice());
    ed25519_dalek::SigningKey::from_bytes(&seed)
}

/// A new key on P-256.
pub fn p256(rng: &mut impl CryptoRng) -> p256::SecretKey {
    p256::SecretKey::generate_from_rng(rng)
}

/// A new RSA-4096 key in PEM. Takes seconds: never on a thread that serves others.
pub fn rsa_pem(rng: &mut impl CryptoRng) -> Result<Secret, KeyError> {
    let failed = KeyError::Making { label: RSA_LABEL };
    let key = rsa::PrivateKey::new(rng, RSA_BITS).map_err(|_| failed.clone())?;
    let der = key.to_pkcs1_der().map_err(|_| failed)?;
    pem(RSA_LABEL, der.as_bytes())
}

/// PKCS#8 version 1 of an Ed25519 key.
pub fn ed25519_der(key: &ed25519_dalek::SigningKey) -> Zeroizing<Vec<u8>> {
    let mut der = Zeroizing::new(Vec::with_capacity(48));
    der.extend_from_slice(&ED25519_PKCS8_HEAD);
    der.extend_from_slice(Zeroizing::new(key.to_bytes()).as_slice());
    der
}

/// An Ed25519 key in PEM.
pub fn ed25519_pem(key: &ed25519_dalek::SigningKey) -> Result<Secret, KeyError> {
    pem(ED25519_LABEL, &ed25519_der(key))
}

/// An elliptic curve key in PEM.
pub fn p256_pem(key: &p256::SecretKey) -> Result<Secret, KeyError> {
    let failed = KeyError::Making { label: EC_LABEL };
    let der = key.to_sec1_der().map_err(|_| failed)?;
    pem(EC_LABEL, &der)
}

/// The Ed25519 key of a PEM block; `PRIVATE KEY` is accepted too, as Talos does.
pub fn read_ed25519(pem: &Secret) -> Result<ed25519_dalek::SigningKey, KeyError> {
    let (label, der) = unwrap(pem)?;
    if label != ED25519_LABEL && label != "PRIVATE KEY" {
        return Err(KeyError::Label {
            wanted: ED25519_LABEL,
            got: label,
        });
    }
    ed25519_dalek::SigningKey::from_pkcs8_der(&der).map_err(|_| KeyError::Malformed {
        label: ED25519_LABEL,
    })
}

/// Refuses what does not hold a private key under one of the labels that Talos knows.
pub fn check(pem: &Secret) -> Result<(), KeyError> {
    let (label, der) = unwrap(pem)?;
    let (label, holds) = match label.as_str() {
        ED25519_LABEL => (
            ED25519_LABEL,
            ed25519_dalek::SigningKey::from_pkcs8_der(&der).is_ok(),
        ),
        EC_LABEL => (EC_LABEL, is_der_sequence(&der)),
        RSA_LABEL => (RSA_LABEL, is_der_sequence(&der)),
        "PRIVATE KEY" => ("PRIVATE KEY", is_der_sequence(&der)),
        _ => {
            return Err(KeyError::Label {
                wanted: "ED25519, EC, RSA or plain PRIVATE KEY",
                got: label,
            });
        }
    };
    if holds {
        Ok(())
    } else {
        Err(KeyError::Malformed { label })
    }
}

/// The public key of a P-256 key in PEM, if it is one: an imported bundle may hold other curves.
pub fn p256_public(pem: &Secret) -> Option<p256::PublicKey> {
    read_p256(pem).ok().map(|key| key.public_key())
}

/// The P-256 key of a PEM block.
pub fn read_p256(pem: &Secret) -> Result<p256::SecretKey, KeyError> {
    let (label, der) = unwrap(pem)?;
    let malformed = KeyError::Malformed { label: EC_LABEL };
    match label.as_str() {
        EC_LABEL => p256::SecretKey::from_sec1_der(&der).map_err(|_| malformed),
        "PRIVATE KEY" => p256::SecretKey::from_pkcs8_der(&der).map_err(|_| malformed),
        _ => Err(KeyError::Label {
            wanted: EC_LABEL,
            got: label,
        }),
    }
}

/// A private structure's outer shell: one DER sequence and nothing behind it.
fn is_der_sequence(bytes: &[u8]) -> bool {
    use der::{Decode, Tag, Tagged};
    der::asn1::AnyRef::from_der(bytes).is_ok_and(|any| any.tag() == Tag::Sequence)
}

fn unwrap(pem: &Secret) -> Result<(String, Zeroizing<Vec<u8>>), KeyError> {
    let (label, der) =
        pem_rfc7468::decode_vec(pem.expose().as_bytes()).map_err(|_| KeyError::NotPem)?;
    Ok((label.chars().take(64).collect(), Zeroizing::new(der)))
}

fn pem(label: &'static str, der: &[u8]) -> Result<Secret, KeyError> {
    pem_rfc7468::encode_string(label, LineEnding::LF, der)
        .map(Secret::new)
        .map_err(|_| KeyError::Making { label })
}
