//! What tests of the daemon's parts work on.

use std::sync::Arc;

use machine_core::cluster::{Cluster, ClusterSpec};
use machine_core::id::ClusterId;
use machine_core::plan::work::CONFIG_REQUEST_TIMEOUT;
use machine_store::commit::Committer;
use machine_store::db::Db;
use machine_store::location::Location;
use machine_store::seal::SealKey;
use machine_store::token::TokenKey;

use crate::clock::now;
use crate::records::{Ports, Records};

/// Records over an empty database in memory, without subnets and images.
pub(crate) async fn records() -> Records {
    let db = Db::open(&Location::SqliteMemory).await.unwrap();
    let (commit, _) = Committer::spawn(db.clone());
    let seal = SealKey::generate().unwrap();
    Records {
        tokens: TokenKey::load_or_make(&db, &seal, now()).await.unwrap(),
        db,
        commit,
        seal,
        subnets: Vec::new(),
        images: Vec::new(),
        ports: Ports {
            http: 8080,
            event_sink: 8081,
            log: 8082,
        },
        config_request_timeout: CONFIG_REQUEST_TIMEOUT,
        readers: Arc::default(),
        wake: Arc::default(),
    }
}

/// A cluster without members.
pub(crate) fn cluster(id: ClusterId) -> Cluster {
    Cluster {
        id,
        spec: ClusterSpec {
            name: "lab".to_owned(),
            endpoint: "https://10.77.0.10:6443".to_owned(),
            talos: "1.13.9".to_owned(),
            kubernetes: "1.34.1".to_owned(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: Vec::new(),
        },
        bootstrap: None,
        version: 0,
    }
}
