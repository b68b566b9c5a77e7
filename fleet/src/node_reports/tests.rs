//! What nodes send again stands once on the timeline, and nothing is taken for kept that is not.

mod evidence;
mod restarted;
mod scene;

use std::net::IpAddr;

use config_talos::event::{MachineStage, Publication, StepAction, TalosEvent};
use config_talos::receiver::{EventReceiver, NotKept};

use crate::log_capture::Log;
use crate::node_reports::NodeReports;
use crate::node_reports::tests::scene::{PEER, Scene};

async fn publish(reports: &NodeReports, id: &str, event: TalosEvent) -> Result<(), NotKept> {
    publish_from(reports, PEER, id, event).await
}

async fn publish_from(
    reports: &NodeReports,
    peer: IpAddr,
    id: &str,
    event: TalosEvent,
) -> Result<(), NotKept> {
    let publication = Publication {
        id: id.to_owned(),
        actor: String::new(),
        event,
    };
    EventReceiver::receive(reports, peer, publication).await
}

fn installing() -> TalosEvent {
    TalosEvent::Phase {
        name: "install".to_owned(),
        action: StepAction::Start,
    }
}

fn status() -> TalosEvent {
    TalosEvent::MachineStatus {
        stage: MachineStage::Installing,
        ready: false,
        unmet: Vec::new(),
    }
}

#[tokio::test]
async fn a_rack_that_sends_again_while_the_records_are_away_is_a_line_a_second() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.closed).await;
    let log = Log::capture();
    for id in ["a", "b", "c"] {
        publish(&reports, id, installing()).await.unwrap_err();
    }
    assert_eq!(log.lines_with("not kept").len(), 1, "{:?}", log.lines());
}

#[tokio::test]
async fn what_could_not_be_committed_is_kept_when_it_comes_again() {
    let scene = Scene::new().await;
    let mut reports = scene.reports(&scene.closed).await;
    for event in [status(), installing()] {
        publish(&reports, "a", event).await.unwrap_err();
    }
    assert_eq!(scene.timeline().await, [""; 0]);
    reports.site = scene.site(&scene.live).await;
    publish(&reports, "a", status()).await.unwrap();
    publish(&reports, "b", installing()).await.unwrap();
    assert_eq!(scene.timeline().await, ["status", "installing"]);
}

#[tokio::test]
async fn what_is_sent_again_stands_once() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    publish(&reports, "a", status()).await.unwrap();
    for _ in 0..2 {
        publish(&reports, "b", installing()).await.unwrap();
    }
    publish(&reports, "c", status()).await.unwrap();
    // The daemon was killed after the commit, and the node has no answer.
    let reports = scene.reports(&scene.live).await;
    publish(&reports, "b", installing()).await.unwrap();
    publish(&reports, "c", status()).await.unwrap();
    assert_eq!(scene.timeline().await, ["status", "installing"]);
}

#[tokio::test]
async fn the_same_trouble_as_a_new_event_is_told_again() {
    let scene = Scene::new().await;
    let reports = scene.reports(&scene.live).await;
    let trouble = || TalosEvent::ConfigLoadError {
        error: "no route".to_owned(),
    };
    for id in ["a", "b", "b"] {
        publish(&reports, id, trouble()).await.unwrap();
    }
    assert_eq!(scene.timeline().await, ["trouble", "trouble"]);
}
