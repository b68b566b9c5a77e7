//! What happened long ago is dropped: events, boots, requests that were carried out, and leases of
//! DHCPv6 that have ended.

use std::time::Duration;

use machine_core::time::Timestamp;
use machine_store::error::StoreError;
use machine_store::retention::{Kept, drop_boots, drop_events, drop_leases, drop_requests};
use tracing::info;

use crate::site::Site;

/// How many events are kept at most, and how many boots. A row of either is some 500 bytes with its
/// indexes, so that each takes about half a gigabyte. A hundred machines that start from the network
/// again and again write that many events in a week, and a rack at rest in years.
const ROWS: i64 = 1_000_000;
/// How many rows are dropped in one transaction: some milliseconds, in which nobody else writes.
const AT_ONCE: u32 = 1000;

/// Drops what is older than it is kept, and the oldest of what there is too much of.
pub(super) async fn drop_old(site: &Site, at: Timestamp) -> Result<(), StoreError> {
    let db = &site.db;
    let kept = |age: Duration| Kept {
        since: at.minus(age),
        rows: ROWS,
    };
    let (events, boots) = (kept(site.retention.events), kept(site.retention.boots));
    let mut dropped = [0; 4];
    loop {
        let now = [
            drop_events(db, events, AT_ONCE).await?,
            drop_boots(db, boots, AT_ONCE).await?,
            drop_requests(db, events.since, AT_ONCE).await?,
            drop_leases(db, boots.since, AT_ONCE).await?,
        ];
        for (all, now) in dropped.iter_mut().zip(now) {
            *all += now;
        }
        if now == [0; 4] {
            break;
        }
    }
    let [events, boots, requests, leases] = dropped;
    if dropped != [0; 4] {
        info!(
            events,
            boots, requests, leases, "what is older than it is kept was dropped"
        );
    }
    Ok(())
}
