//! What outlives Drover: the database, with the clusters of a run and their secrets, and its key.

use fleet::clusters::secrets::{place, seal_file};
use machine_core::cluster::Cluster;
use machine_store::apply::apply;
use machine_store::change::{Change, ClusterWrite, Outcome, SecretWrite};
use machine_store::db::Db;
use machine_store::error::StoreError;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use tokio::runtime::Builder;

use crate::lab::START;

/// The secrets of every cluster: making new ones takes seconds, and nothing here depends on them.
const SECRETS: &str = include_str!("../../../config/render/tests/golden/secrets.yaml");

/// The database and the key that seals its secrets.
#[derive(Debug)]
pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) seal: SealKey,
}

/// A database with the clusters and their secrets.
pub(crate) fn ground(clusters: &[Cluster]) -> Result<Ground, StoreError> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|_| StoreError::Closed)?;
    runtime.block_on(async {
        let db = Db::open(&Location::SqliteMemory).await?;
        let seal = SealKey::generate().map_err(|_| StoreError::Closed)?;
        for cluster in clusters {
            let sealed = seal_file(&seal, cluster.id, SECRETS).map_err(|_| StoreError::Closed)?;
            let secret = SecretWrite::Replace {
                place: place(cluster.id),
                sealed,
                at: START,
            };
            let change = Change {
                clusters: vec![ClusterWrite::Insert(cluster.clone())],
                secrets: vec![secret],
                ..Change::default()
            };
            let outcome = apply(&db, &change).await?;
            assert_eq!(outcome, Outcome::Applied, "{}", cluster.spec.name);
        }
        Ok(Ground { db, seal })
    })
}
