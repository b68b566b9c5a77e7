//! The reader's credentials by which nodes are looked at: made for an hour, used for half of it.
//!
//! To make them, a cluster's secrets are opened and all its certificates are read; nodes are asked
//! every other second. Which secrets they were made of is kept with them: secrets that were imported
//! since then are of another authority, and their nodes do not know the old certificate.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use config_talos::credentials::Credentials;
use machine_core::id::ClusterId;
use machine_core::time::Timestamp;
use machine_store::seal::Sealed;

/// For how long credentials are used: half of what they hold for, so that none ends in use.
const USED_FOR: Duration = Duration::from_mins(30);

/// Credentials, when they were made, and of which secrets.
#[derive(Debug)]
pub struct Made {
    /// When, by the system's clock.
    pub at: Timestamp,
    /// The cluster's secrets at that time, sealed.
    pub of: Sealed,
    /// The credentials.
    pub credentials: Credentials,
}

/// The reader's credentials of each cluster.
#[derive(Debug, Default)]
pub struct ReaderCredentials {
    made: Mutex<BTreeMap<ClusterId, Made>>,
}

impl ReaderCredentials {
    /// Those of a cluster with these secrets, while they are fresh. A clock that was set back makes
    /// them old.
    pub fn find(&self, cluster: ClusterId, of: &Sealed, now: Timestamp) -> Option<Credentials> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get(&cluster).filter(|made| made.of == *of)?;
        let is_fresh = made.at <= now && now.since(made.at) < USED_FOR;
        is_fresh.then(|| made.credentials.clone())
    }

    /// Keeps those of a cluster.
    pub fn keep(&self, cluster: ClusterId, made: Made) {
        let mut kept = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(cluster, made);
    }
}

#[cfg(test)]
mod tests {
    use machine_store::place::Place;
    use machine_store::seal::SealKey;
    use rcgen::{CertificateParams, KeyPair};
    use zeroize::Zeroizing;

    use super::*;

    const CLUSTER: ClusterId = ClusterId::from_bytes([1; 16]);
    const OTHER: ClusterId = ClusterId::from_bytes([2; 16]);

    fn sealed() -> Sealed {
        let place = Place::new("cluster", CLUSTER, "secrets");
        SealKey::generate().unwrap().seal(&place, b"").unwrap()
    }

    fn some_credentials() -> Credentials {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::default();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        let key = Zeroizing::new(key.serialize_pem());
        Credentials::from_pem(&certificate, &certificate, &key).unwrap()
    }

    #[test]
    fn a_certificate_is_used_for_half_of_its_life_by_its_own_cluster_with_the_same_secrets() {
        let (readers, of) = (ReaderCredentials::default(), sealed());
        let at = Timestamp::from_millis(1_000_000_000);
        let made = Made {
            at,
            of: of.clone(),
            credentials: some_credentials(),
        };
        readers.keep(CLUSTER, made);
        let last = Duration::from_mins(30) - Duration::from_millis(1);
        let imported = sealed();
        for (cluster, secrets, now, is_found) in [
            (CLUSTER, &of, at, true),
            (CLUSTER, &of, at.plus(last), true),
            (CLUSTER, &of, at.plus(Duration::from_mins(30)), false),
            (CLUSTER, &of, Timestamp::from_millis(999_999_999), false),
            (CLUSTER, &imported, at, false),
            (OTHER, &of, at, false),
        ] {
            let found = readers.find(cluster, secrets, now);
            assert_eq!(found.is_some(), is_found, "{cluster} at {now}");
        }
    }
}
