//! A daemon that starts over the records of another: it remembers no kernel, and still tells a start
//! that is told again from the next one.

use std::sync::Arc;
use std::time::Duration;

use config_talos::log_line::{LogLine, parse_line};
use config_talos::receiver::LogReceiver;
use machine_core::boot::BootOrigin;
use machine_core::time::Timestamp;

use crate::clock::Clock;
use crate::fixtures::{now, site};
use crate::node_reports::NodeReports;
use crate::node_reports::tests::scene::{PEER, Scene};
use crate::site::Site;

/// A clock that goes an hour before.
#[derive(Debug)]
struct HourLater;

impl Clock for HourLater {
    fn now(&self) -> Timestamp {
        now().plus(Duration::from_hours(1))
    }

    fn wall(&self) -> Timestamp {
        self.now()
    }

    fn jumped(&self) -> Option<Duration> {
        None
    }
}

/// The daemon that starts an hour later.
async fn restarted(scene: &Scene) -> NodeReports {
    let mut reports = scene.reports(&scene.live).await;
    reports.site = Arc::new(Site {
        db: scene.db.clone(),
        commit: scene.live.clone(),
        clock: Arc::new(HourLater),
        ..site().await
    });
    reports
}

/// What the kernel tells of its start from disk, at this time by its own clock.
fn starts(at: &str) -> LogLine {
    let line = format!(
        r#"{{"msg":"Command line: talos.platform=metal","facility":"kern","talos-time":"2026-11-23T{at}Z"}}"#
    );
    parse_line(line.as_bytes()).unwrap()
}

async fn say(reports: &NodeReports, at: &str) {
    LogReceiver::receive(reports, PEER, starts(at))
        .await
        .unwrap();
}

async fn disk_boots(scene: &Scene) -> usize {
    let boots = scene.boots().await.into_iter();
    boots.filter(|it| it.origin == BootOrigin::Disk).count()
}

#[tokio::test]
async fn the_first_start_from_disk_after_a_restart_of_the_daemon_is_not_swallowed() {
    let scene = Scene::new().await;
    say(&scene.reports(&scene.live).await, "10:00:00").await;
    assert_eq!(disk_boots(&scene).await, 1);
    say(&restarted(&scene).await, "11:00:00").await;
    assert_eq!(disk_boots(&scene).await, 2);
}

#[tokio::test]
async fn a_start_that_is_told_again_after_a_restart_of_the_daemon_is_known() {
    let scene = Scene::new().await;
    say(&scene.reports(&scene.live).await, "10:00:00").await;
    let reports = restarted(&scene).await;
    for _ in 0..2 {
        say(&reports, "10:00:01").await;
    }
    assert_eq!(disk_boots(&scene).await, 1);
}
