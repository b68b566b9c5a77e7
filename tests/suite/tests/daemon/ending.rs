//! Ends that come at a bad time: while it starts, while somebody holds it, a second time.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use testbed::daemon::DaemonProcess;
use testbed::transcript::Mark;

use crate::life::large_image;
use crate::place::{LONG, Place, card};
use crate::start::good_image;
use crate::web::connect;

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_while_it_listens_for_another_server_it_ends() {
    let place = Place::up("end-listening");
    let lines = "mode: authoritative, ranges: [10.77.0.50-10.77.0.200], foreign_server_wait: 60";
    let settings = place.settings(lines, "");
    let mut starting = place.begin(&settings, "listening for another").await;
    let status = starting.stop(LONG).await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    let log = fs::read_to_string(starting.log()).unwrap();
    assert!(!log.contains(" ready "), "{log}");
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_while_it_reads_an_image_it_ends_and_leaves_no_half() {
    let place = Place::up("end-reading");
    let settings = place.settings("mode: proxy", &good_image(&place));
    let kernel = place.path("vmlinuz");
    fs::remove_file(&kernel).unwrap();
    // Nobody writes to it: to read it takes for ever, as from a disk that hangs.
    mkfifo(&kernel, Mode::S_IRWXU).unwrap();
    let mut starting = place.begin(&settings, "verifying").await;
    let status = starting.stop(LONG).await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}");

    fs::remove_file(&kernel).unwrap();
    good_image(&place);
    let mut daemon = place.serve(&settings).await;
    let kept = fs::read_dir(place.state().join("images/sha256")).unwrap();
    let names = kept.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert!(
        names
            .collect::<Vec<_>>()
            .iter()
            .all(|name| name.len() == 64)
    );
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

/// A daemon, and somebody who began to fetch a kernel and does not read on.
async fn held(place: &Place) -> (DaemonProcess, TcpStream) {
    let (image, digest, _) = large_image(place);
    let daemon = place.serve(&place.settings("mode: proxy", &image)).await;
    let client = place.client("client", card(1), Some([10, 77, 0, 9].into()));
    let mut http = connect(&client, 8080);
    let request = format!("GET /assets/{digest}/kernel HTTP/1.0\r\n\r\n");
    http.write_all(request.as_bytes()).unwrap();
    http.read_exact(&mut [0; 1 << 10]).unwrap();
    assert!(daemon.program().signal(Signal::SIGTERM));
    let output = daemon.program().output();
    let stopping = |line: &str| line.contains("stopping");
    let waited = output.wait_since(Mark::default(), "word that it stops", LONG, stopping);
    waited.await.unwrap();
    (daemon, http)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_on_is_cut_off_when_the_grace_is_over() {
    let place = Place::up("end-grace");
    let (mut daemon, _http) = held(&place).await;
    let status = daemon.wait(LONG).await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    let log = fs::read_to_string(daemon.program().log()).unwrap();
    assert!(log.contains("cut off"), "{log}");
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let place = Place::up("end-twice");
    let (mut daemon, _http) = held(&place).await;
    assert!(daemon.program().signal(Signal::SIGINT));
    let status = daemon.wait(LONG).await.unwrap();
    assert_eq!(status.code(), Some(1), "{status}");
    let log = fs::read_to_string(daemon.program().log()).unwrap();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("drover: ended at once"), "{log}");
    assert!(!log.contains("cut off: they"), "{log}");
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_timeline_does_not_hold_it() {
    let place = Place::up("end-follow");
    let mut daemon = place.serve(&place.settings("mode: proxy", "")).await;
    let rack = place.write(
        "rack.yaml",
        "machines:\n  - { name: followed, nics: [{ mac: \"52:54:00:77:01:01\" }] }\n",
    );
    let rack = rack.to_str().unwrap();
    place.done(&["machine", "apply", "-f", rack]).await;
    let told = place.done(&["machine", "timeline", "followed"]).await;
    let word = told.split_whitespace().last().unwrap();
    let mut follow = place.lab.server().command(place.binary());
    follow.args(["machine", "timeline", "followed", "--follow", "--socket"]);
    follow.arg(place.state().join("drover.sock"));
    let _follower = place.prints("follower", follow, word).await;
    let status = daemon.stop().await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    place.lab.finish();
}
