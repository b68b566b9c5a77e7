//! The reader's credentials by which nodes are looked at: made for an hour, used for half of it.
//!
//! To make them, a cluster's secrets are opened and all its certificates are read; nodes are asked
//! every other second.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config_talos::credentials::Credentials;
use machine_core::id::ClusterId;
use machine_core::time::Timestamp;

/// For how long credentials are used: half of what they hold for, so that none ends in use.
const USED_FOR: Duration = Duration::from_mins(30);

/// The reader's credentials of each cluster.
#[derive(Debug, Default)]
pub struct ReaderCredentials {
    made: Mutex<BTreeMap<ClusterId, (Timestamp, Credentials)>>,
}

impl ReaderCredentials {
    /// Those of a cluster, while they are fresh. A clock that was set back makes them old.
    pub fn find(&self, cluster: ClusterId, now: Timestamp) -> Option<Credentials> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, credentials) = made.get(&cluster)?;
        let is_fresh = *at <= now && now.since(*at) < USED_FOR;
        is_fresh.then(|| credentials.clone())
    }

    /// Keeps those of a cluster, made at `at`.
    pub fn keep(&self, cluster: ClusterId, at: Timestamp, credentials: &Credentials) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.insert(cluster, (at, credentials.clone()));
    }
}
