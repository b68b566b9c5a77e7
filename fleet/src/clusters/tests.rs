//! The clusters' loop against a control plane's API: Bootstrap is recorded before it is called for,
//! and called for again only if the node surely did nothing, or a person says so.

mod api;
mod readiness;
mod scene;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use config_talos::credentials::Credentials;
use machine_core::bootstrap::resolve;
use machine_core::lifecycle::{Origin, State};
use machine_core::operation::OperationOutcome::{Done, NotReady, Refused, Unknown};
use machine_core::operation::Resolution;
use tonic::Code;

use crate::clusters::bootstrapping::control_plane_of;
use crate::clusters::secrets::reader_credentials;
use crate::clusters::tests::api::{ControlPlane, Fate};
use crate::clusters::tests::scene::{CLUSTER, Daemon, MACHINE, Scene, other_secrets, secrets};
use crate::fixtures;
use crate::site::Site;

/// A cluster whose control plane waits for Bootstrap.
async fn waiting() -> (Scene, ControlPlane) {
    let node = ControlPlane::start(&secrets(), false).await;
    let scene = Scene::new(State::Active, node.address).await;
    (scene, node)
}

/// One look, in which Bootstrap is called and this becomes of it.
async fn look_and_call(daemon: &Daemon, node: &mut ControlPlane, fate: Fate) {
    let called = async { node.bootstrap().await.end(fate) };
    tokio::join!(daemon.look(), called);
}

#[tokio::test]
async fn bootstrap_is_on_record_before_the_node_hears_of_it_and_is_called_once() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    let called = async {
        let arrived = node.bootstrap().await;
        assert_eq!(scene.outcome().await, Some(Unknown));
        let recorded = scene.cluster().await.bootstrap.unwrap();
        assert_eq!(recorded.machine, MACHINE);
        arrived.end(Fate::Taken);
    };
    tokio::join!(daemon.look(), called);
    assert_eq!(scene.outcome().await, Some(Done));
    let told = ["Bootstrap is called", "Bootstrap was accepted"];
    assert_eq!(scene.told().await, told);
    daemon.look().await;
    scene.daemon().look().await;
    assert!(!node.was_called());
    assert_eq!(scene.told().await, told);
}

#[tokio::test]
async fn a_bootstrap_of_which_no_answer_came_waits_for_a_person() {
    for fate in [
        Fate::Cut,
        Fate::TakenAndCut,
        Fate::Answered(Code::Unavailable),
        Fate::Answered(Code::Unknown),
    ] {
        let (scene, mut node) = waiting().await;
        let daemon = scene.daemon();
        look_and_call(&daemon, &mut node, fate).await;
        assert_eq!(scene.outcome().await, Some(Unknown), "{fate:?}");
        for daemon in [daemon, scene.daemon()] {
            daemon.look().await;
            assert!(!node.was_called(), "{fate:?}");
            let waiting = daemon.waiting();
            assert!(
                waiting.contains("drover cluster bootstrap lab --resolve"),
                "{waiting}"
            );
        }
        let told = scene.told().await;
        let last = told.last().map(String::as_str).unwrap_or_default();
        assert!(
            last.starts_with("it is not known whether the bootstrap was carried out"),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_person_who_says_that_nothing_was_done_has_it_called_again() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    look_and_call(&daemon, &mut node, Fate::Cut).await;
    let recorded = scene.cluster().await.bootstrap;
    let resolved = resolve(recorded, Resolution::NotDone).unwrap();
    scene.resolve(resolved).await;
    look_and_call(&daemon, &mut node, Fate::Taken).await;
    assert_eq!(scene.outcome().await, Some(Done));
}

#[tokio::test]
async fn a_person_who_says_that_it_was_done_has_it_never_called_again() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    look_and_call(&daemon, &mut node, Fate::Cut).await;
    let recorded = scene.cluster().await.bootstrap;
    let resolved = resolve(recorded, Resolution::Done).unwrap();
    scene.resolve(resolved).await;
    daemon.look().await;
    assert!(!node.was_called());
    assert_eq!(scene.outcome().await, Some(Done));
}

#[tokio::test]
async fn an_etcd_that_names_its_members_answers_an_open_question() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    look_and_call(&daemon, &mut node, Fate::TakenAndCut).await;
    node.make_unhealthy();
    daemon.look().await;
    assert_eq!(scene.outcome().await, Some(Unknown), "it only starts");
    node.advance(5);
    daemon.look().await;
    assert_eq!(scene.outcome().await, Some(Done));
    assert!(!node.was_called());
}

#[tokio::test]
async fn a_daemon_that_ends_while_it_calls_does_not_call_again_when_it_is_back() {
    let (scene, mut node) = waiting().await;
    let clusters = scene.daemon().clusters;
    let calling = tokio::spawn(async move { clusters.look().await });
    let _arrived = node.bootstrap().await;
    calling.abort();
    assert!(calling.await.is_err_and(|error| error.is_cancelled()));
    let next = scene.daemon();
    next.look().await;
    assert!(!node.was_called());
    let waiting = next.waiting();
    assert!(waiting.contains("--resolve done"), "{waiting}");
}

#[tokio::test]
async fn a_daemon_that_ended_before_its_call_does_not_call_when_it_is_back() {
    let (scene, mut node) = waiting().await;
    let cluster = scene.cluster().await;
    let before = scene.daemon().clusters;
    let recorded = before.record(&cluster, MACHINE, Unknown, None).await;
    assert!(recorded.unwrap().is_some());
    let next = scene.daemon();
    next.look().await;
    assert!(!node.was_called());
    assert!(next.waiting().contains("its outcome is not known"));
}

#[tokio::test]
async fn of_two_that_record_the_call_only_one_makes_it() {
    let (scene, mut node) = waiting().await;
    let (one, other) = (scene.daemon(), scene.daemon());
    let called = async { node.bootstrap().await.end(Fate::Taken) };
    tokio::join!(one.look(), other.look(), called);
    assert!(!node.was_called());
    assert_eq!(scene.outcome().await, Some(Done));
}

#[tokio::test]
async fn a_cluster_that_was_bootstrapped_before_is_not_called() {
    let mut node = ControlPlane::start(&secrets(), true).await;
    node.advance(10);
    let scene = Scene::new(State::Active, node.address).await;
    scene.daemon().look().await;
    assert!(!node.was_called());
    assert_eq!(scene.outcome().await, Some(Done));
    assert_eq!(scene.told().await, ["etcd runs"]);
}

#[tokio::test]
async fn a_node_that_says_that_it_was_bootstrapped_before_is_believed() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    look_and_call(&daemon, &mut node, Fate::Answered(Code::AlreadyExists)).await;
    assert_eq!(scene.outcome().await, Some(Done));
    let told = scene.told().await;
    assert_eq!(
        told,
        ["Bootstrap is called", "etcd was bootstrapped already"]
    );
}

#[tokio::test]
async fn a_refusal_for_good_is_told_and_not_called_again() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    look_and_call(&daemon, &mut node, Fate::Answered(Code::InvalidArgument)).await;
    assert_eq!(scene.outcome().await, Some(Refused));
    for daemon in [daemon, scene.daemon()] {
        daemon.look().await;
        assert!(!node.was_called());
        let waiting = daemon.waiting();
        assert!(waiting.contains("refused by cp-1, for good"), "{waiting}");
    }
    let told = scene.told().await;
    assert!(told[1].contains("said by the node"), "{told:?}");
}

#[tokio::test]
async fn a_node_that_says_not_now_is_called_again_after_a_pause() {
    let (scene, mut node) = waiting().await;
    let daemon = scene.daemon();
    let not_now = Fate::Answered(Code::FailedPrecondition);
    look_and_call(&daemon, &mut node, not_now).await;
    assert_eq!(scene.outcome().await, Some(NotReady));
    daemon.look().await;
    assert!(!node.was_called());
    assert!(daemon.waiting().contains("it is called again at"));
    // Who starts knows of no pause.
    look_and_call(&scene.daemon(), &mut node, Fate::Taken).await;
    assert_eq!(scene.outcome().await, Some(Done));
}

#[tokio::test]
async fn a_control_plane_that_does_not_answer_is_not_called() {
    let other_cluster = ControlPlane::start(&other_secrets(), false).await;
    // TEST-NET-1 (RFC 5737) is nobody's; nothing listens on this address of the loopback.
    let nobody = IpAddr::V4(Ipv4Addr::new(127, 63, 0, 1));
    for address in [nobody, other_cluster.address] {
        let scene = Scene::new(State::Active, address).await;
        let daemon = scene.daemon();
        daemon.look().await;
        assert_eq!(scene.outcome().await, None);
        assert_eq!(daemon.waiting(), "the API of cp-1 does not answer yet");
    }
}

#[tokio::test]
async fn a_control_plane_that_is_not_ready_for_it_is_not_called() {
    let mut node = ControlPlane::starting(&secrets(), false).await;
    let scene = Scene::new(State::Active, node.address).await;
    let daemon = scene.daemon();
    daemon.look().await;
    assert!(!node.was_called());
    assert_eq!(scene.outcome().await, None);
    let waiting = daemon.waiting();
    assert!(waiting.starts_with("etcd of cp-1 waits for"), "{waiting}");
    node.advance(1);
    look_and_call(&daemon, &mut node, Fate::Taken).await;
}

#[tokio::test]
async fn a_control_plane_that_is_not_active_is_not_called() {
    let mut node = ControlPlane::start(&secrets(), false).await;
    let state = State::Provisioning(Origin::Available);
    let scene = Scene::new(state, node.address).await;
    let daemon = scene.daemon();
    daemon.look().await;
    assert!(!node.was_called());
    let waiting = "no control plane machine is active yet";
    assert_eq!(daemon.waiting(), waiting);
}

/// Whether the node knows these credentials.
async fn knows(node: &ControlPlane, credentials: &Credentials) -> bool {
    control_plane_of(&crate::nodes::TalosNodes, node.address, credentials)
        .await
        .is_some()
}

#[tokio::test]
async fn secrets_that_are_imported_replace_the_certificate_by_which_nodes_are_looked_at() {
    let (scene, node) = waiting().await;
    let own = CLUSTER;
    let first = reader_credentials(&scene.site, own).await.unwrap();
    assert!(knows(&node, &first).await);
    let imported = other_secrets();
    scene.import(&imported).await;
    let installed = ControlPlane::start(&imported, false).await;
    let next = reader_credentials(&scene.site, own).await.unwrap();
    assert!(knows(&installed, &next).await);
    assert!(!knows(&node, &next).await);
}

#[tokio::test]
async fn a_certificate_is_used_again_without_opening_the_secrets() {
    let (scene, node) = waiting().await;
    let own = CLUSTER;
    reader_credentials(&scene.site, own).await.unwrap();
    let site = &scene.site;
    let closed = Site {
        db: site.db.clone(),
        readers: Arc::clone(&site.readers),
        ..fixtures::site().await
    };
    let again = reader_credentials(&closed, own).await.unwrap();
    assert!(knows(&node, &again).await);
}
