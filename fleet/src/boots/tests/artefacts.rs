//! What is on record of the documents that left: which bytes, when, and how often.

use machine_core::artefact::Sha256Digest;
use machine_core::os::OsSpec;
use machine_store::change::{Change, ClusterWrite};
use machine_store::{artefacts, clusters};
use pxe_server::directory::Directory;
use sha2::{Digest, Sha256};

use super::flatcar::ignition;
use super::rack::*;
use super::recorded::*;

fn sha256(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(bytes).into())
}

impl Rack {
    /// Somebody applies a changed document of the cluster.
    async fn change_cluster(&self) {
        let known = clusters::list(&self.directory.site.db).await.unwrap();
        let mut cluster = known.into_iter().next().unwrap();
        if let OsSpec::Flatcar(flatcar) = &mut cluster.spec.os {
            flatcar.authorized_keys.push("ssh-ed25519 AAAA".to_owned());
        }
        let change = Change {
            clusters: vec![ClusterWrite::Update(cluster)],
            ..Change::default()
        };
        self.write(&change).await;
    }
}

#[tokio::test]
async fn each_document_that_leaves_is_on_record_with_the_digest_of_its_bytes() {
    let rack = Rack::flatcar().await;
    let db = &rack.directory.site.db;
    let token = rack.installer().await;
    assert_eq!(artefacts::of_attempt(db, ATTEMPT).await.unwrap(), []);
    let document = rack.directory.document(ignition(&token)).await.unwrap();
    rack.directory.document(ignition(&token)).await.unwrap();
    let left = artefacts::of_attempt(db, ATTEMPT).await.unwrap();
    let [only] = left.as_slice() else {
        panic!("one document: {left:?}")
    };
    assert_eq!(only.name, "ignition");
    assert_eq!(only.sha256, sha256(&document.body));
    assert_eq!(only.fetches, 2);
    assert!(only.first <= only.last);
}

#[tokio::test]
async fn documents_that_would_not_be_the_same_bytes_are_told_by_both_digests_and_stay() {
    let rack = Rack::flatcar().await;
    let db = &rack.directory.site.db;
    let token = rack.installer().await;
    rack.directory.document(ignition(&token)).await.unwrap();
    let left = artefacts::of_attempt(db, ATTEMPT).await.unwrap();
    rack.change_cluster().await;
    let refused = rack.config_asked(ignition(&token)).await;
    assert_eq!(refused, Config::Refused);
    let told = rack.told("trouble").await;
    let [told] = told.as_slice() else {
        panic!("once: {told:?}")
    };
    let digest = left.first().unwrap().sha256;
    let both = format!("; ignition left with SHA-256 {digest}, and would now have ");
    assert!(told.contains(&both), "{told}");
    let (_, other) = told.split_once(&both).unwrap();
    assert_eq!(other.len(), 64, "{other}");
    assert_ne!(other, digest.to_string());
    let still = artefacts::of_attempt(db, ATTEMPT).await.unwrap();
    assert_eq!(still, left, "no byte of the changed one left");
}
