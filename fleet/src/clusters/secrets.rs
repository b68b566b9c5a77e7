//! A cluster's secrets: made once when it is applied, sealed at rest, opened to render a config or
//! to call a node's API.

use std::time::Duration;

use config_render::oses::os_of;
use config_render::talos::admin::{ApiRole, credentials};
use config_render::talos::secrets::SecretsBundle;
use config_talos::credentials::Credentials;
use machine_core::id::ClusterId;
use machine_core::os::OsSpec;
use machine_core::secret::Secret;
use machine_core::time::Timestamp;
use machine_store::place::Place;
use machine_store::seal::{SealKey, Sealed};
use machine_store::secrets;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::clusters::reader_credentials::Made;
use crate::error::{StepError, chain};
use crate::site::Site;

/// How long a certificate for conversations with nodes holds.
const CERTIFICATE: Duration = Duration::from_hours(1);

/// Where a cluster's secrets are kept.
pub fn place(cluster: ClusterId) -> Place {
    Place::new("cluster", cluster, "secrets")
}

/// The secrets of a file, checked.
pub fn read_file(text: &str) -> Result<SecretsBundle, StepError> {
    SecretsBundle::from_yaml(text).map_err(|error| {
        StepError::Outside(format!("the secrets can't be used: {}", chain(&error)))
    })
}

/// The secrets of a file, checked and sealed.
pub fn seal_file(seal: &SealKey, cluster: ClusterId, text: &str) -> Result<Sealed, StepError> {
    seal_text(seal, cluster, &read_file(text)?.to_yaml())
}

/// New secrets for a cluster, sealed, if its machines share any. Takes a second or so where one of
/// them is an RSA key.
pub async fn make_secrets(
    seal: &SealKey,
    cluster: ClusterId,
    os: &OsSpec,
    at: Timestamp,
) -> Result<Option<Sealed>, StepError> {
    let os = os.clone();
    let made =
        tokio::task::spawn_blocking(move || os_of(&os).make_secrets(at, &mut UnwrapErr(SysRng)))
            .await
            .map_err(|error| StepError::Outside(error.to_string()))?;
    let secrets = made.map_err(|error| StepError::Render {
        why: error.to_string(),
    })?;
    secrets
        .map(|secrets| seal_text(seal, cluster, secrets.expose()))
        .transpose()
}

fn seal_text(seal: &SealKey, cluster: ClusterId, text: &str) -> Result<Sealed, StepError> {
    seal.seal(&place(cluster), text.as_bytes())
        .map_err(|error| StepError::Sealed {
            what: "the secrets",
            why: error.to_string(),
        })
}

/// A cluster's secrets, as they were made.
pub async fn open_text(site: &Site, cluster: ClusterId) -> Result<Secret, StepError> {
    let sealed = sealed_secrets(site, cluster).await?;
    text_of(&site.seal, cluster, &sealed)
}

/// The secrets of a cluster of Talos.
pub async fn open_secrets(site: &Site, cluster: ClusterId) -> Result<SecretsBundle, StepError> {
    let sealed = sealed_secrets(site, cluster).await?;
    open_sealed(&site.seal, cluster, &sealed)
}

async fn sealed_secrets(site: &Site, cluster: ClusterId) -> Result<Sealed, StepError> {
    let sealed = secrets::find(&site.db, &place(cluster)).await?;
    sealed.ok_or(StepError::Gone {
        what: "the cluster's secrets",
    })
}

fn open_sealed(
    seal: &SealKey,
    cluster: ClusterId,
    sealed: &Sealed,
) -> Result<SecretsBundle, StepError> {
    let text = text_of(seal, cluster, sealed)?;
    SecretsBundle::from_yaml(text.expose()).map_err(|error| closed(error.to_string()))
}

fn text_of(seal: &SealKey, cluster: ClusterId, sealed: &Sealed) -> Result<Secret, StepError> {
    let plain = seal
        .unseal(&place(cluster), sealed)
        .map_err(|error| closed(error.to_string()))?;
    let text = std::str::from_utf8(plain.expose()).map_err(|error| closed(error.to_string()))?;
    Ok(Secret::new(text.to_owned()))
}

fn closed(why: String) -> StepError {
    StepError::Sealed {
        what: "the cluster's secrets",
        why,
    }
}

/// What looks at a cluster's nodes: a reader's certificate, made anew every half hour, and when the
/// cluster has other secrets.
pub async fn reader_credentials(site: &Site, cluster: ClusterId) -> Result<Credentials, StepError> {
    let at = site.clock.wall();
    let sealed = sealed_secrets(site, cluster).await?;
    if let Some(credentials) = site.readers.find(cluster, &sealed, at) {
        return Ok(credentials);
    }
    let secrets = open_sealed(&site.seal, cluster, &sealed)?;
    let credentials = api_credentials(&secrets, ApiRole::Reader, at)?;
    let made = Made {
        at,
        of: sealed,
        credentials: credentials.clone(),
    };
    site.readers.keep(cluster, made);
    Ok(credentials)
}

/// What may bootstrap a cluster: an administrator's certificate, for that one call.
pub async fn admin_credentials(site: &Site, cluster: ClusterId) -> Result<Credentials, StepError> {
    let secrets = open_secrets(site, cluster).await?;
    api_credentials(&secrets, ApiRole::Admin, site.clock.wall())
}

fn api_credentials(
    secrets: &SecretsBundle,
    role: ApiRole,
    at: Timestamp,
) -> Result<Credentials, StepError> {
    let failed = |why: String| StepError::Sealed {
        what: "the API's credentials",
        why,
    };
    let made = credentials(secrets, role, at, CERTIFICATE, &mut UnwrapErr(SysRng))
        .map_err(|error| failed(error.to_string()))?;
    let key = zeroize::Zeroizing::new(made.key.expose().to_owned());
    Credentials::from_pem(&made.ca, &made.certificate, &key)
        .map_err(|error| failed(error.to_string()))
}
