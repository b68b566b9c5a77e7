//! Clusters: made once, changed, and what hinders them.

use api_server::document::cluster::parse;
use api_server::error::UseCaseError;
use api_server::operations::apply_result::ApplyResult;
use machine_core::cluster::Cluster;
use machine_core::id::ClusterId;
use machine_core::os::OsSpec;
use machine_store::apply::apply;
use machine_store::change::{Change, ClusterWrite, Outcome};
use machine_store::place::Place;
use machine_store::seal::Sealed;
use machine_store::{clusters, secrets};

use crate::around::{Around, asked, caller};
use crate::permitted::Begun;

pub(crate) const CLUSTER: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
allow_plaintext: true
members:
  - { role: controlplane, machine: cp-1 }
";

impl Around {
    /// Applies a cluster; whether it was made, and the notes.
    pub(crate) async fn cluster(
        &self,
        document: &str,
        key: &str,
    ) -> Result<(bool, Vec<String>), UseCaseError> {
        let applied = self
            .operations
            .apply_cluster("lab.yaml", document, &asked(key))
            .await?;
        let is_made = applied.result == ApplyResult::Created;
        Ok((is_made, applied.notes))
    }

    pub(crate) async fn secrets(&self) -> Sealed {
        let (view, _) = self
            .operations
            .show_cluster(&caller(), "lab")
            .await
            .unwrap();
        let id: ClusterId = view.cluster.id;
        let place = Place::new("cluster", id, "secrets");
        secrets::find(&self.db, &place).await.unwrap().unwrap()
    }
}

#[tokio::test]
async fn a_cluster_that_is_applied_twice_keeps_its_secrets() {
    let around = Around::racked().await;
    assert_eq!(around.cluster(CLUSTER, "1").await.unwrap(), (true, vec![]));
    let secrets = around.secrets().await;
    // The first answer again; and the second request, which found it there.
    assert!(around.cluster(CLUSTER, "1").await.unwrap().0);
    let newer = CLUSTER.replace("1.34.1", "1.34.2");
    assert!(!around.cluster(&newer, "2").await.unwrap().0);
    assert!(!around.cluster(&newer, "2").await.unwrap().0);
    // A late repetition does not undo what was changed since.
    assert!(around.cluster(CLUSTER, "1").await.unwrap().0);
    let (view, _) = around
        .operations
        .show_cluster(&caller(), "lab")
        .await
        .unwrap();
    assert_eq!(
        view.cluster.spec.os,
        OsSpec::talos("1.13.9", "1.34.2").unwrap()
    );
    assert_eq!(around.secrets().await, secrets);
}

#[tokio::test]
async fn an_endpoint_is_changed_until_a_machine_has_it_or_may_get_it() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let to = |host: &str| CLUSTER.replace("10.77.0.10:6443", &format!("{host}:6443"));
    let secrets = around.secrets().await;
    assert!(!around.cluster(&to("10.77.0.11"), "2").await.unwrap().0);
    let (view, _) = around
        .operations
        .show_cluster(&caller(), "lab")
        .await
        .unwrap();
    assert_eq!(
        view.cluster.spec.endpoint.as_str(),
        "https://10.77.0.11:6443"
    );
    assert_eq!(around.secrets().await, secrets);
    let attempt = around.installing().await;
    let refused = async |key| {
        let moved = to("10.77.0.12");
        around.cluster(&moved, key).await.unwrap_err().to_string()
    };
    let said = refused("3").await;
    let wanted = "lab.yaml:2: endpoint: wanted https://10.77.0.11:6443, with which cp-1 is being";
    assert!(said.starts_with(wanted), "{said}");
    assert!(said.contains("drover machine cancel cp-1"), "{said}");
    around.release(&attempt).await;
    let said = refused("4").await;
    let wanted =
        "lab.yaml:2: endpoint: wanted https://10.77.0.11:6443, for cp-1 got it in its config";
    assert!(said.starts_with(wanted), "{said}");
    assert!(
        said.contains("drover cluster delete lab --confirm lab"),
        "{said}"
    );
}

#[tokio::test]
async fn networks_are_changed_until_a_machine_has_them_and_never_stop_a_file_that_keeps_them() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let with = |pods: &str| {
        let networks =
            format!("networks: {{ pods: [{pods}], services: [10.11.0.0/16] }}\nmembers:");
        CLUSTER.replace("members:", &networks)
    };
    assert!(!around.cluster(&with("10.10.0.0/16"), "2").await.unwrap().0);
    let clash = around.cluster(&with("10.66.0.0/16"), "3").await;
    let said = clash.unwrap_err().to_string();
    assert_eq!(said, "lab.yaml:6: networks: wanted networks apart");
    around.begin("cp-1", "lab", Begun::Released).await;
    let moved = around.cluster(&with("10.12.0.0/16"), "4").await;
    let said = moved.unwrap_err().to_string();
    let wanted =
        "lab.yaml:6: networks: wanted pods 10.10.0.0/16, services 10.11.0.0/16, for cp-1 got";
    assert!(said.starts_with(wanted), "{said}");
    // As an earlier version let it be made: nothing is wrong that a change of the file could mend.
    let cluster = clusters::find_by_name(&around.db, "lab")
        .await
        .unwrap()
        .unwrap();
    let made_before = Cluster {
        spec: parse("lab.yaml", &with("10.66.0.0/16")).unwrap(),
        ..cluster
    };
    let change = Change {
        clusters: vec![ClusterWrite::Update(made_before)],
        ..Change::default()
    };
    assert_eq!(apply(&around.db, &change).await.unwrap(), Outcome::Applied);
    let newer = with("10.66.0.0/16").replace("1.34.1", "1.34.2");
    assert!(!around.cluster(&newer, "5").await.unwrap().0);
}

#[tokio::test]
async fn other_versions_are_told_to_leave_members_as_they_are() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let to = |version: &str| CLUSTER.replace("1.34.1", version);
    assert_eq!(around.cluster(&to("1.34.2"), "2").await.unwrap().1, [""; 0]);
    around.begin("cp-1", "lab", Begun::Released).await;
    let (_, notes) = around.cluster(&to("1.34.3"), "3").await.unwrap();
    let wanted = "Kubernetes 1.34.2 -> 1.34.3: its members keep what they have (cp-1); machines";
    assert!(notes.iter().any(|it| it.starts_with(wanted)), "{notes:?}");
    let (_, notes) = around.cluster(&to("1.34.3"), "4").await.unwrap();
    assert_eq!(notes, ["unchanged: lab"]);
}

#[tokio::test]
async fn of_two_who_make_one_cluster_at_once_one_changes_it() {
    let around = Around::racked().await;
    let (one, other) = tokio::join!(around.cluster(CLUSTER, "1"), around.cluster(CLUSTER, "2"));
    let mut created = [one.unwrap().0, other.unwrap().0];
    created.sort_unstable();
    assert_eq!(created, [false, true]);
}

#[tokio::test]
async fn what_hinders_a_cluster_is_said_when_it_is_applied() {
    let around = Around::racked().await;
    for (from, to, wanted) in [
        ("allow_plaintext: true\n", "", "allow_plaintext: true"),
        (
            "1.13.9",
            "1.13.8",
            "the settings have no image talos-1.13.8",
        ),
        ("cp-1", "cp-9", "cp-9: there is no such machine"),
        ("cp-1", "cp-2", "the record of cp-2 names the disk"),
    ] {
        let document = CLUSTER.replacen(from, to, 1);
        let (_, notes) = around.cluster(&document, wanted).await.unwrap();
        assert!(notes.iter().any(|it| it.contains(wanted)), "{notes:?}");
    }
    around.cluster(CLUSTER, "as it should be").await.unwrap();
    let second = CLUSTER
        .replace("name: lab", "name: second")
        .replace("0.10:6443", "0.20:6443");
    let (_, notes) = around.cluster(&second, "second").await.unwrap();
    let wanted = "rules of several clusters take cp-1: lab, second";
    assert!(notes.iter().any(|it| it == wanted), "{notes:?}");
}

#[tokio::test]
async fn two_clusters_with_one_endpoint_are_refused_with_the_line() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    for endpoint in ["https://10.77.0.10:6443", "https://10.77.0.10:6443/"] {
        let second = CLUSTER
            .replace("name: lab", "name: second")
            .replace("https://10.77.0.10:6443", endpoint);
        let said = around.cluster(&second, endpoint).await.unwrap_err();
        let said = said.to_string();
        let wanted = "lab.yaml:2: endpoint: wanted an endpoint of its own, got ";
        assert!(
            said.starts_with(wanted) && said.ends_with("the cluster lab"),
            "{said}"
        );
    }
}

/// Documents that were accepted once, and that no machine could have been installed by.
#[tokio::test]
async fn a_cluster_that_no_machine_could_be_installed_for_is_refused_with_the_line() {
    let around = Around::racked().await;
    let document = include_str!("cases/k8s-old.yaml");
    let refused = around
        .operations
        .apply_cluster("k8s-old.yaml", document, &asked("1"))
        .await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "k8s-old.yaml:5: kubernetes: wanted a newer one, got 1.10.0"
    );
}
