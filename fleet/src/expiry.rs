//! What nobody needs any more is forgotten: machines that were found in the network, that nobody
//! has accepted or touched, and that were not heard of for long; and what happened long ago.

mod history;
pub mod retention;

use std::sync::Arc;
use std::time::Duration;

use machine_core::time::Timestamp;
use machine_store::bounds::{count_found, forget_found};
use machine_store::error::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::error::chain;
use crate::expiry::history::drop_old;
use crate::site::Site;

/// How many machines may wait to be accepted, in each subnet: a few racks at once. Each is looked
/// at on every sweep.
const FOUND: u64 = 1024;
/// After how much silence one is forgotten: whoever racks on a Friday may accept on the Monday
/// after next.
const SILENCE: Duration = Duration::from_hours(10 * 24);
/// The same where there are too many. A machine that waits asks every few seconds.
const SILENCE_WHEN_FULL: Duration = Duration::from_mins(10);
/// How many are forgotten in one go.
const AT_ONCE: u32 = 256;
/// How often it is looked.
const PERIOD: Duration = Duration::from_hours(1);

/// Forgets until told to stop.
pub async fn run(site: Arc<Site>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(PERIOD);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = forget_silent(&site, site.now()).await {
            warn!(error = chain(&error), "silent machines are not forgotten");
        }
        if let Err(error) = drop_old(&site, site.now()).await {
            warn!(
                error = chain(&error),
                "what is older than it is kept is not dropped"
            );
        }
    }
}

/// Forgets those that were silent for long, and more of them where there are too many.
async fn forget_silent(site: &Site, at: Timestamp) -> Result<(), StoreError> {
    forget(site, at.minus(SILENCE)).await?;
    while count_found(&site.db).await? > limit(site) {
        if forget(site, at.minus(SILENCE_WHEN_FULL)).await? == 0 {
            break;
        }
    }
    Ok(())
}

/// Whether one more machine may wait to be accepted. Where there are too many, those go that were
/// not heard of for some minutes.
pub async fn has_room(site: &Site, at: Timestamp) -> Result<bool, StoreError> {
    if count_found(&site.db).await? < limit(site) {
        return Ok(true);
    }
    Ok(forget(site, at.minus(SILENCE_WHEN_FULL)).await? > 0)
}

async fn forget(site: &Site, silent_since: Timestamp) -> Result<u64, StoreError> {
    let forgotten = forget_found(&site.db, silent_since, AT_ONCE).await?;
    if forgotten > 0 {
        info!(
            forgotten,
            "machines that were found, that nobody accepted, and that are silent"
        );
    }
    Ok(forgotten)
}

fn limit(site: &Site) -> u64 {
    let subnets = u64::try_from(site.subnets.len()).unwrap_or(1);
    FOUND.saturating_mul(subnets.max(1))
}
