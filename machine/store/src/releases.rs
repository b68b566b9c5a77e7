//! Releases of configs, as the rows of attempts keep them: which bytes went out, when, and how.

use machine_core::attempt::{Delivery, Release};
use machine_core::id::{AttemptId, BootId, IntentId};

use crate::error::StoreError;
use crate::row::Fields;
use crate::statement::{Statement, Value};
use crate::transaction::Transaction;

/// Records the release of an attempt's config; `false` if it was released before, or the attempt
/// is not an open one of this intent.
pub(crate) async fn record(
    transaction: &mut Transaction,
    (id, intent): (AttemptId, IntentId),
    boot: BootId,
    release: &Release,
) -> Result<bool, StoreError> {
    const RELEASE: &str = "UPDATE attempt SET release_at = $3, release_digest = $4, boot = $5, \
         release_delivery = $6, release_peer = $7, release_fetches = $8, release_fingerprint = $9 \
         WHERE id = $1 AND intent = $2 AND closed_at IS NULL AND release_at IS NULL";
    let statement = Statement::new(RELEASE)
        .bind(&id)
        .bind(&intent)
        .bind(release.at)
        .bind(release.digest.to_vec())
        .bind(&boot);
    let statement = delivery_values(Some(&release.delivery))
        .into_iter()
        .fold(statement, Statement::bind);
    transaction.changes_one(statement).await
}

/// How it was delivered, the address, the number of fetches, the fingerprint.
pub(crate) fn delivery_values(delivery: Option<&Delivery>) -> [Value; 4] {
    match delivery {
        None => [
            Value::Text(None),
            Value::Text(None),
            Value::Integer(None),
            Value::Bytes(None),
        ],
        Some(Delivery::Fetched { peer, fetches }) => [
            FETCHED.into(),
            peer.into(),
            (*fetches).into(),
            Value::Bytes(None),
        ],
        Some(Delivery::Pushed {
            address,
            fingerprint,
        }) => [
            PUSHED.into(),
            address.into(),
            Value::Integer(None),
            fingerprint.to_vec().into(),
        ],
    }
}

const FETCHED: &str = "fetched";
const PUSHED: &str = "pushed";

/// The release in the row of an attempt, if there was one.
pub(crate) fn read(fields: Fields<'_>) -> Result<Option<Release>, StoreError> {
    let Some(at) = fields.optional_time("release_at")? else {
        return Ok(None);
    };
    Ok(Some(Release {
        at,
        digest: digest(fields, "release_digest", fields.bytes("release_digest")?)?,
        delivery: read_delivery(fields)?,
    }))
}

fn read_delivery(fields: Fields<'_>) -> Result<Delivery, StoreError> {
    let address = fields.parsed("release_peer")?;
    let known = |text: &str| [FETCHED, PUSHED].into_iter().find(|it| *it == text);
    if fields.named("release_delivery", known)? == PUSHED {
        let fingerprint = fields.bytes("release_fingerprint")?;
        return Ok(Delivery::Pushed {
            address,
            fingerprint: digest(fields, "release_fingerprint", fingerprint)?,
        });
    }
    Ok(Delivery::Fetched {
        peer: address,
        fetches: fields.count("release_fetches")?,
    })
}

/// A SHA-256 in a column.
pub(crate) fn digest(
    fields: Fields<'_>,
    column: &str,
    bytes: Vec<u8>,
) -> Result<[u8; 32], StoreError> {
    let length = bytes.len();
    let bytes = bytes.try_into();
    bytes.map_err(|_| fields.corrupt(column, &format!("{length} bytes")))
}
