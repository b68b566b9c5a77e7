//! The file of a secrets bundle: field by field, so that an error names the field and never its
//! value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_saphyr::Error;
use zeroize::Zeroizing;

use crate::talos::check;
use crate::talos::secrets::{
    CertificateAndKey, EtcdEncryption, SecretsBundle, SecretsError, base64,
};
use crate::yaml::{self, Mapping, Value};
use machine_core::secret::Secret;

impl SecretsBundle {
    /// Reads what `talosctl gen secrets` (or [`Self::to_yaml`]) wrote, and checks all of it.
    pub fn from_yaml(text: &str) -> Result<Self, SecretsError> {
        let bundle = read(text)?;
        check::secrets(&bundle)?;
        Ok(bundle)
    }

    /// As `talosctl gen secrets` writes it.
    pub fn to_yaml(&self) -> Zeroizing<String> {
        let (encryption_field, encryption) = match &self.etcd_encryption {
            EtcdEncryption::Secretbox(key) => ("secretboxencryptionsecret", key),
            EtcdEncryption::AesCbc(key) => ("aescbcencryptionsecret", key),
        };
        let cluster = Mapping::new()
            .with("id", self.cluster_id.as_str())
            .with("secret", self.cluster_secret.expose().as_str());
        let secrets = Mapping::new()
            .with("bootstraptoken", self.bootstrap_token.expose().as_str())
            .with(encryption_field, encryption.expose().as_str());
        let service_account =
            Mapping::new().with("key", base64(self.service_account.expose().as_str()));
        let certificates = Mapping::new()
            .with("etcd", self.etcd.to_value())
            .with("k8s", self.kubernetes.to_value())
            .with("k8saggregator", self.aggregator.to_value())
            .with("k8sserviceaccount", service_account)
            .with("os", self.os.to_value());
        let bundle = Mapping::new()
            .with("cluster", cluster)
            .with("secrets", secrets)
            .with(
                "trustdinfo",
                Mapping::new().with("token", self.trustd_token.expose().as_str()),
            )
            .with("certs", certificates);
        yaml::document(&Value::Mapping(bundle))
    }
}

fn read(text: &str) -> Result<SecretsBundle, SecretsError> {
    let options = serde_saphyr::options! { with_snippet: false };
    let file: File =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| not_a_bundle(&error))?;
    let certs = file.certs;
    let service_account = certs.k8sserviceaccount.unwrap_or_default().key;
    Ok(SecretsBundle {
        cluster_id: text_of("cluster.id", file.cluster.id)?.expose().to_owned(),
        cluster_secret: text_of("cluster.secret", file.cluster.secret)?,
        bootstrap_token: text_of(
            "secrets.bootstraptoken",
            file.secrets.bootstraptoken.clone(),
        )?,
        etcd_encryption: encryption(file.secrets)?,
        trustd_token: text_of("trustdinfo.token", file.trustdinfo.token)?,
        etcd: pair(("certs.etcd.crt", "certs.etcd.key"), certs.etcd)?,
        kubernetes: pair(("certs.k8s.crt", "certs.k8s.key"), certs.k8s)?,
        aggregator: pair(
            ("certs.k8saggregator.crt", "certs.k8saggregator.key"),
            certs.k8saggregator,
        )?,
        service_account: pem("certs.k8sserviceaccount.key", service_account)?,
        os: pair(("certs.os.crt", "certs.os.key"), certs.os)?,
    })
}

/// What is no bundle. A key is named if it can be one: a blank that was forgotten behind a colon
/// makes one text of a key and its secret, and so does a secret that begins a line.
fn not_a_bundle(error: &Error) -> SecretsError {
    let location = error.location();
    let line = location.map_or(0, |it| it.line());
    let column = location.map_or(0, |it| it.column());
    match error.without_snippet() {
        Error::SerdeUnknownField {
            field, expected, ..
        } if is_key(field) => SecretsError::UnknownKey {
            line,
            column,
            key: field.clone(),
            wanted: expected.join(", "),
        },
        _ => SecretsError::NotABundle { line, column },
    }
}

/// Talos's keys are letters, at most 25. Its secrets have digits, but for a token in a thousand, and
/// that one has a dot.
fn is_key(text: &str) -> bool {
    text.len() <= 25 && text.bytes().all(|it| it.is_ascii_alphabetic())
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct File {
    cluster: Cluster,
    secrets: Secrets,
    trustdinfo: Trustd,
    certs: Certificates,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Cluster {
    id: Option<Secret>,
    secret: Option<Secret>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Secrets {
    bootstraptoken: Option<Secret>,
    secretboxencryptionsecret: Option<Secret>,
    aescbcencryptionsecret: Option<Secret>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Trustd {
    token: Option<Secret>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Certificates {
    etcd: Option<Pair>,
    k8s: Option<Pair>,
    k8saggregator: Option<Pair>,
    k8sserviceaccount: Option<Key>,
    os: Option<Pair>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Pair {
    crt: Option<Secret>,
    key: Option<Secret>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Key {
    key: Option<Secret>,
}

fn text_of(field: &'static str, value: Option<Secret>) -> Result<Secret, SecretsError> {
    value
        .filter(|text| !text.expose().is_empty())
        .ok_or(SecretsError::Missing { field })
}

fn encryption(secrets: Secrets) -> Result<EtcdEncryption, SecretsError> {
    match (
        secrets.secretboxencryptionsecret,
        secrets.aescbcencryptionsecret,
    ) {
        (Some(key), None) => Ok(EtcdEncryption::Secretbox(key)),
        (None, Some(key)) => Ok(EtcdEncryption::AesCbc(key)),
        (None, None) => Err(SecretsError::Missing {
            field: "secrets.secretboxencryptionsecret",
        }),
        (Some(_), Some(_)) => Err(SecretsError::Malformed {
            field: "secrets",
            wanted: "one of secretboxencryptionsecret and aescbcencryptionsecret, not both",
        }),
    }
}

fn pair(
    (certificate_field, key_field): (&'static str, &'static str),
    pair: Option<Pair>,
) -> Result<CertificateAndKey, SecretsError> {
    let pair = pair.unwrap_or_default();
    Ok(CertificateAndKey {
        certificate: pem(certificate_field, pair.crt)?.expose().to_owned(),
        key: pem(key_field, pair.key)?,
    })
}

/// A PEM text that is written as base64.
fn pem(field: &'static str, value: Option<Secret>) -> Result<Secret, SecretsError> {
    let encoded = text_of(field, value)?;
    let malformed = || SecretsError::Malformed {
        field,
        wanted: "base64 of PEM",
    };
    let bytes = STANDARD.decode(encoded.expose()).map_err(|_| malformed())?;
    String::from_utf8(bytes)
        .map(Secret::new)
        .map_err(|_| malformed())
}
