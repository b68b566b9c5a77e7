//! A cluster's secrets: made once when it is applied, sealed at rest, opened to render a config or
//! to call a node's API.

use std::time::Duration;

use config_render::talos::admin::{ApiRole, credentials};
use config_render::talos::contract::TalosContract;
use config_render::talos::secrets::SecretsBundle;
use config_talos::credentials::Credentials;
use machine_core::id::ClusterId;
use machine_store::place::Place;
use machine_store::seal::{SealKey, Sealed};
use machine_store::secrets;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;

use crate::clock::wall;
use crate::error::StepError;
use crate::records::Records;

/// How long a certificate for one conversation with a node holds.
const CERTIFICATE: Duration = Duration::from_hours(1);

/// Where a cluster's secrets are kept.
pub fn place(cluster: ClusterId) -> Place {
    Place::new("cluster", cluster, "secrets")
}

/// New secrets for a cluster, sealed. Takes a second or so: its RSA key has 4096 bits.
pub async fn make_secrets(
    seal: &SealKey,
    cluster: ClusterId,
    talos: &str,
) -> Result<Sealed, StepError> {
    let contract: TalosContract = talos.parse()?;
    let made = tokio::task::spawn_blocking(move || {
        SecretsBundle::generate(contract, wall(), &mut UnwrapErr(SysRng))
    })
    .await
    .map_err(|error| StepError::Outside(error.to_string()))?;
    let bundle = made.map_err(|error| StepError::Render {
        why: error.to_string(),
    })?;
    seal.seal(&place(cluster), bundle.to_yaml().as_bytes())
        .map_err(|error| StepError::Sealed {
            what: "the secrets",
            why: error.to_string(),
        })
}

/// A cluster's secrets.
pub async fn open_secrets(
    records: &Records,
    cluster: ClusterId,
) -> Result<SecretsBundle, StepError> {
    let closed = |why: String| StepError::Sealed {
        what: "the cluster's secrets",
        why,
    };
    let place = place(cluster);
    let sealed = secrets::find(&records.db, &place).await?;
    let sealed = sealed.ok_or(StepError::Gone {
        what: "the cluster's secrets",
    })?;
    let plain = records
        .seal
        .unseal(&place, &sealed)
        .map_err(|error| closed(error.to_string()))?;
    let text = std::str::from_utf8(plain.expose()).map_err(|error| closed(error.to_string()))?;
    SecretsBundle::from_yaml(text).map_err(|error| closed(error.to_string()))
}

/// What opens the API of a cluster's nodes for the next hour.
pub async fn api_credentials(
    records: &Records,
    cluster: ClusterId,
) -> Result<Credentials, StepError> {
    let secrets = open_secrets(records, cluster).await?;
    let failed = |why: String| StepError::Sealed {
        what: "the API's credentials",
        why,
    };
    let made = credentials(
        &secrets,
        ApiRole::Admin,
        wall(),
        CERTIFICATE,
        &mut UnwrapErr(SysRng),
    )
    .map_err(|error| failed(error.to_string()))?;
    let key = zeroize::Zeroizing::new(made.key.expose().to_owned());
    Credentials::from_pem(&made.ca, &made.certificate, &key)
        .map_err(|error| failed(error.to_string()))
}
