//! X.509 certificates in the shape that Talos' own library gives them (RFC 5280).
//!
//! An authority: subject of an organisation or nothing, critical key usage digitalSignature and
//! keyCertSign, both extended usages, critical `CA:TRUE` without a path length, a random key
//! identifier. A client of the Talos API: digitalSignature and clientAuth alone (apid checks the
//! extended usage); one of Kubernetes may encipher keys, too. Validity begins a day in the past,
//! because the clocks of machines are not set yet.

use std::str::FromStr;
use std::time::Duration;

use der::asn1::{BitString, OctetString};
use der::{DateTime, Decode, Encode};
use ed25519_dalek::pkcs8::EncodePublicKey;
use machine_core::time::Timestamp;
use p256::ecdsa::signature::{Keypair, Signer};
use pem_rfc7468::LineEnding;
use rand_core::CryptoRng;
use thiserror::Error;
use x509_cert::Certificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::certificate::TbsCertificate;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{
    DynSignatureAlgorithmIdentifier, SignatureBitStringEncoding, SubjectPublicKeyInfo,
    SubjectPublicKeyInfoRef,
};
use x509_cert::time::{Time, Validity};

/// A certificate that could not be made or read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// The text is not a certificate in PEM.
    #[error("wanted one certificate in PEM, got something else")]
    NotACertificate,
    /// The library could not build or sign it.
    #[error("cannot make a certificate")]
    Making {
        /// What the library said.
        #[source]
        source: der::Error,
    },
    /// It could not be signed, or its subject is not a name.
    #[error("cannot sign a certificate: {why}")]
    Signing {
        /// What the library said.
        why: String,
    },
    /// The times do not fit into a certificate.
    #[error("wanted a validity between 1970 and 9999, got {now} and {validity:?} more")]
    Times {
        /// The moment of issue.
        now: Timestamp,
        /// How long it should hold.
        validity: Duration,
    },
}

impl From<der::Error> for CertificateError {
    fn from(source: der::Error) -> Self {
        Self::Making { source }
    }
}

impl From<x509_cert::builder::Error> for CertificateError {
    fn from(error: x509_cert::builder::Error) -> Self {
        Self::Signing {
            why: error.to_string(),
        }
    }
}

/// How far validity reaches back before the moment of issue. The clock of a machine that was never
/// set, or keeps local time, is behind by hours; a node whose clock is behind a certificate's begin
/// refuses it.
pub const BACKDATED: Duration = Duration::from_hours(24);

/// From [`BACKDATED`] before `now` until `validity` after it.
pub fn validity(now: Timestamp, validity: Duration) -> Result<Validity, CertificateError> {
    let outside = || CertificateError::Times { now, validity };
    let now = u64::try_from(now.as_millis()).map_err(|_| outside())?;
    let now = Duration::from_secs(now / 1000);
    let time = |at: Duration| DateTime::from_unix_duration(at).map(Time::from);
    let begin = time(now.saturating_sub(BACKDATED)).map_err(|_| outside())?;
    let end = now.checked_add(validity).ok_or_else(outside)?;
    Ok(Validity::new(begin, time(end).map_err(|_| outside())?))
}

/// A self-signed authority; without an organisation its subject is empty.
pub fn authority<S, G>(
    signer: &S,
    organization: Option<&str>,
    validity: Validity,
    rng: &mut impl CryptoRng,
) -> Result<String, CertificateError>
where
    S: Signer<G> + Keypair + DynSignatureAlgorithmIdentifier,
    S::VerifyingKey: EncodePublicKey,
    G: SignatureBitStringEncoding,
{
    let mut key_identifier = [0; 20];
    rng.fill_bytes(&mut key_identifier);
    let subject = subject(organization)?;
    let profile = Profile {
        issuer: subject.clone(),
        subject,
        extensions: authority_extensions(&key_identifier)?,
    };
    let key = public_key(&signer.verifying_key())?;
    let builder = CertificateBuilder::new(profile, serial(rng)?, validity, key)?;
    pem(&builder.build::<S, G>(signer)?)
}

/// What a client's certificate says of its holder.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// Its groups or roles (O).
    pub organization: &'a str,
    /// Its name (CN), if it has one.
    pub common_name: Option<&'a str>,
    /// Whether its key may encipher keys beside signing.
    pub key_encipherment: bool,
}

/// A certificate for the key of a client, signed by the key of `authority`.
pub fn client<S, G>(
    (signer, authority): (&S, &Certificate),
    key: &impl EncodePublicKey,
    client: Client<'_>,
    validity: Validity,
    rng: &mut impl CryptoRng,
) -> Result<Certificate, CertificateError>
where
    S: Signer<G> + Keypair + DynSignatureAlgorithmIdentifier,
    S::VerifyingKey: EncodePublicKey,
    G: SignatureBitStringEncoding,
{
    let profile = Profile {
        issuer: authority.tbs_certificate().subject().clone(),
        subject: client_subject(client)?,
        extensions: client_extensions(authority, client)?,
    };
    let builder = CertificateBuilder::new(profile, serial(rng)?, validity, public_key(key)?)?;
    Ok(builder.build::<S, G>(signer)?)
}

/// The certificate of a PEM block.
pub fn read(pem: &str) -> Result<Certificate, CertificateError> {
    let refused = |_| CertificateError::NotACertificate;
    let (label, der) = pem_rfc7468::decode_vec(pem.as_bytes()).map_err(refused)?;
    if label != LABEL {
        return Err(CertificateError::NotACertificate);
    }
    Certificate::from_der(&der).map_err(|_| CertificateError::NotACertificate)
}

/// A certificate in PEM.
pub fn pem(certificate: &Certificate) -> Result<String, CertificateError> {
    pem_rfc7468::encode_string(LABEL, LineEnding::LF, &certificate.to_der()?).map_err(|error| {
        CertificateError::Signing {
            why: error.to_string(),
        }
    })
}

/// Whether `key` is the key that `certificate` is for.
pub fn is_for(certificate: &Certificate, key: &impl EncodePublicKey) -> bool {
    let known = certificate.tbs_certificate().subject_public_key_info();
    public_key(key).is_ok_and(|key| key.subject_public_key == known.subject_public_key)
}

const LABEL: &str = "CERTIFICATE";
/// RFC 5280 §4.2.1.12: id-kp-serverAuth and id-kp-clientAuth.
const SERVER_AUTH: der::asn1::ObjectIdentifier =
    der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH: der::asn1::ObjectIdentifier =
    der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

/// Names and extensions that were settled before the builder is asked.
struct Profile {
    issuer: Name,
    subject: Name,
    extensions: Vec<Extension>,
}

impl BuilderProfile for Profile {
    fn get_issuer(&self, _subject: &Name) -> Name {
        self.issuer.clone()
    }

    fn get_subject(&self) -> Name {
        self.subject.clone()
    }

    fn build_extensions(
        &self,
        _key: SubjectPublicKeyInfoRef<'_>,
        _issuer_key: SubjectPublicKeyInfoRef<'_>,
        _tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        Ok(self.extensions.clone())
    }
}

fn authority_extensions(key_identifier: &[u8]) -> Result<Vec<Extension>, CertificateError> {
    let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::KeyCertSign);
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: None,
    };
    let identifier = SubjectKeyIdentifier(OctetString::new(key_identifier)?);
    Ok(vec![
        extension(&usage)?,
        extension(&ExtendedKeyUsage(vec![SERVER_AUTH, CLIENT_AUTH]))?,
        extension(&constraints)?,
        extension(&identifier)?,
    ])
}

fn client_extensions(
    ca: &Certificate,
    client: Client<'_>,
) -> Result<Vec<Extension>, CertificateError> {
    let usage = KeyUsage(if client.key_encipherment {
        KeyUsages::DigitalSignature | KeyUsages::KeyEncipherment
    } else {
        KeyUsages::DigitalSignature.into()
    });
    let mut extensions = vec![
        extension(&usage)?,
        extension(&ExtendedKeyUsage(vec![CLIENT_AUTH]))?,
    ];
    let ca = ca.tbs_certificate();
    if let Some((_, identifier)) = ca.get_extension::<SubjectKeyIdentifier>()? {
        extensions.push(extension(&AuthorityKeyIdentifier {
            key_identifier: Some(identifier.0),
            ..AuthorityKeyIdentifier::default()
        })?);
    }
    Ok(extensions)
}

fn extension<E>(value: &E) -> Result<Extension, CertificateError>
where
    for<'a> &'a E: ToExtension<Error = der::Error>,
{
    Ok(value.to_extension(&Name::default(), &[])?)
}

fn subject(organization: Option<&str>) -> Result<Name, CertificateError> {
    match organization {
        None => Ok(Name::default()),
        Some(organization) => Ok(Name::from_str(&format!("O={organization}"))?),
    }
}

/// RFC 4514 writes the last part of a name first.
fn client_subject(client: Client<'_>) -> Result<Name, CertificateError> {
    let organization = client.organization;
    match client.common_name {
        None => subject(Some(organization)),
        Some(name) => Ok(Name::from_str(&format!("CN={name},O={organization}"))?),
    }
}

fn public_key(
    key: &impl EncodePublicKey,
) -> Result<SubjectPublicKeyInfo<der::Any, BitString>, CertificateError> {
    SubjectPublicKeyInfo::from_key(key).map_err(|error| CertificateError::Signing {
        why: error.to_string(),
    })
}

/// 128 random bits, the first clear, so that the number is positive in 16 bytes (RFC 5280
/// §4.1.2.2).
fn serial(rng: &mut impl CryptoRng) -> Result<SerialNumber, CertificateError> {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let [first, ..] = &mut bytes;
    *first = *first & 0x7f | 0x40;
    Ok(SerialNumber::new(&bytes)?)
}
