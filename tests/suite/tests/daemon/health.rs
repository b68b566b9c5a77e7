//! `drover health`: 0 while the daemon serves machines, and at no other time.

use nix::sys::signal::Signal;

use crate::place::{AUTHORITATIVE, LONG, Place};
use crate::refused::assert_refused;

/// That nobody serves: class `unavailable` of the errors.
const UNAVAILABLE: Option<i32> = Some(6);

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_is_told_whether_machines_are_served() {
    let place = Place::up("health");
    let said = place.drover(&["health"]).await;
    assert_refused(&said, &["can't reach the daemon"]);
    assert_eq!(said.code, UNAVAILABLE);

    let lines = "mode: authoritative, ranges: [10.77.0.50-10.77.0.200], foreign_server_wait: 60";
    let settings = place.settings(lines, "");
    let mut starting = place.begin(&settings, "listening for another").await;
    let said = place.drover(&["health"]).await;
    assert_eq!(said.code, UNAVAILABLE, "it does not serve yet: {said:?}");
    starting.stop(LONG).await.unwrap();

    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    assert_eq!(
        place.done(&["health"]).await,
        "the daemon serves machines\n"
    );
    let shown = place.json(&["health"]).await;
    assert!(shown.get("place").is_some(), "{shown}");

    // It has the socket, and answers nobody.
    daemon.program().signal(Signal::SIGSTOP);
    let said = place.drover(&["health"]).await;
    daemon.program().signal(Signal::SIGCONT);
    assert_eq!(said.code, UNAVAILABLE, "{said:?}");
    assert!(said.err.contains("has not answered for 10 s"), "{said:?}");

    assert!(daemon.stop().await.unwrap().success());
    assert_eq!(place.drover(&["health"]).await.code, UNAVAILABLE);
    place.lab.finish();
}
