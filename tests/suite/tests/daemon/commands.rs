//! The commands over the daemon's socket: who may, what is recorded, what is refused.

use std::os::unix::fs::{FileTypeExt, PermissionsExt};

use testbed::transcript::Mark;

use crate::place::{AUTHORITATIVE, LONG, Place};
use crate::refused::assert_refused;

const RACK: &str = "\
machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:01:01\" }]
    disk: { serial: CP1 }
";
const CLUSTER: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
members:
  - { role: controlplane, machine: cp-1, disk: { serial: CP1 }, accept: wait }
";

/// What the daemon keeps is for its user only.
fn assert_private(place: &Place) {
    let socket = place.state().join("drover.sock");
    let metadata = std::fs::metadata(&socket).unwrap();
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    for private in ["key", "drover.db", "lock"] {
        let mode = std::fs::metadata(place.state().join(private)).unwrap();
        assert_eq!(mode.permissions().mode() & 0o77, 0, "{private}");
    }
}

fn accept(key: &str) -> [&str; 7] {
    [
        "machine",
        "accept",
        "cp-1",
        "--reason",
        "it is racked",
        "--idempotency-key",
        key,
    ]
}

/// The timeline has each request once, with who asked and why.
async fn assert_recorded_once(place: &Place) {
    let timeline = place.done(&["machine", "timeline", "cp-1"]).await;
    let count = |what: &str| timeline.lines().filter(|line| line.contains(what)).count();
    assert_eq!(count("registered"), 1, "{timeline}");
    let accepted: Vec<&str> = timeline
        .lines()
        .filter(|line| line.contains("it is racked"))
        .collect();
    let [accepted] = accepted.as_slice() else {
        panic!("{timeline}");
    };
    // The actor is who opened the socket, whatever it calls itself: these tests are root's.
    assert!(accepted.contains("uid 0"), "{accepted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_is_carried_out_once_and_the_record_says_who_and_why() {
    let place = Place::up("repeated");
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    assert_private(&place);

    let rack = place.write("rack.yaml", RACK).display().to_string();
    let apply = ["machine", "apply", "-f", &rack, "--idempotency-key", "one"];
    let applied = place.json(&apply).await;
    let again = place.json(&apply).await;
    for field in ["id", "name", "since", "result"] {
        assert_eq!(again[0][field], applied[0][field], "{field}");
        assert!(applied[0][field].is_string(), "{applied}");
    }
    assert_eq!(applied[0]["result"], "created");
    let once = place.json(&accept("two")).await;
    let again = place.json(&accept("two")).await;
    assert_eq!(once["state"], again["state"]);
    // What it waited for before is not said any more.
    let waiting = once["waiting"].as_str().unwrap();
    assert!(!waiting.contains("must accept it"), "{waiting}");
    let other = place.drover(&accept("three")).await;
    assert_refused(&other, &["cp-1"]);
    assert_eq!(other.code, Some(3), "{other:?}");
    // A key stands for one request.
    let misused = place
        .drover(&["machine", "cancel", "cp-1", "--idempotency-key", "two"])
        .await;
    assert_refused(&misused, &["two"]);
    assert_eq!(misused.code, Some(5), "{misused:?}");

    assert_recorded_once(&place).await;
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_follows_a_timeline_is_told_that_the_daemon_stops() {
    let place = Place::up("follow");
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let rack = place.write("rack.yaml", RACK).display().to_string();
    place.done(&["machine", "apply", "-f", &rack]).await;
    let words = ["machine", "timeline", "cp-1", "--follow"];
    let command = place.command(&words);
    let mut follower = place.prints("follower", command, "registered").await;

    place.done(&["machine", "accept", "cp-1"]).await;
    let accepted = |line: &str| line.contains("accept");
    let output = follower.output();
    output
        .wait_since(Mark::default(), "the acceptance", LONG, accepted)
        .await
        .unwrap();
    assert!(daemon.stop().await.unwrap().success());
    let status = follower.wait(LONG).await.unwrap();
    assert_eq!(status.code(), Some(6), "{status}");
    let log = std::fs::read_to_string(follower.log()).unwrap();
    assert_eq!(
        log.lines().last(),
        Some(
            "drover: the daemon stopped, and the timeline ends here: follow it again when it runs"
        ),
        "{log}"
    );
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_another_dhcp_server_the_addresses_of_a_rack_are_recorded() {
    let place = Place::up("proxy-rack");
    let mut daemon = place.serve(&place.settings("mode: proxy", "")).await;
    let text = RACK.replace("\" }]", "\", address: 10.77.0.10 }]");
    let rack = place.write("rack.yaml", &text).display().to_string();
    let said = place.drover(&["machine", "apply", "-f", &rack]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("10.77.0.10 is recorded, but"), "{said:?}");
    let retry = ["machine", "retry", "cp-1"];
    let refused = place.drover(&retry).await;
    assert_refused(&refused, &["cp-1", "retry", "discovered"]);

    let cluster = place.write("lab.yaml", CLUSTER).display().to_string();
    let said = place.drover(&["cluster", "apply", "-f", &cluster]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for fact in ["allow_plaintext", "no image talos-1.13.9"] {
        assert!(said.err.contains(fact), "{said:?}");
    }
    let own = place.write("own.yaml", &text.replace("0.10", "0.1"));
    let said = place
        .drover(&["machine", "apply", "-f", own.to_str().unwrap()])
        .await;
    assert_refused(&said, &["cp-1", "10.77.0.1", "10.77.0.0/24"]);
    let shown = place.done(&["machine", "show", "cp-1"]).await;
    assert!(shown.contains("PERMISSION"), "{shown}");
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

/// A kind of document, a good one, what is replaced in it by what, and what is said of that.
const WRONG: &[(&str, &str, &str, &str, &str)] = &[
    (
        "cluster",
        CLUSTER,
        "1.13.9",
        "latest",
        ":3: talos: wanted a version",
    ),
    (
        "cluster",
        CLUSTER,
        ":6443",
        "",
        ":2: endpoint: wanted a URL with a port",
    ),
    (
        "cluster",
        CLUSTER,
        "controlplane",
        "master",
        ":6: members.role: wanted",
    ),
    (
        "cluster",
        CLUSTER,
        "controlplane",
        "worker",
        ":6: members: wanted at least one with role: controlplane",
    ),
    ("cluster", CLUSTER, "members:", "member:", ":5: "),
    ("cluster", CLUSTER, "1.13.9", "9.9.9", "9.9"),
    ("machine", RACK, "52:54:00:77:01:01", "52:54", ":3: "),
    ("machine", RACK, "name: cp-1", "name: CP_1", ":2: "),
    ("machine", RACK, "serial: CP1", "path: /dev/sda", ":4: "),
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_documents_are_told_with_their_line_and_change_nothing() {
    let place = Place::up("documents");
    let said = place.drover(&["machine", "list"]).await;
    assert_refused(&said, &["can't reach the daemon", "drover.sock"]);
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    for &(what, good, from, to, fact) in WRONG {
        let path = place.write("document.yaml", &good.replacen(from, to, 1));
        let path = path.to_str().unwrap();
        let said = place.drover(&[what, "apply", "-f", path]).await;
        let facts = if fact.starts_with(':') {
            [format!("document.yaml{fact}")]
        } else {
            [fact.to_owned()]
        };
        assert_refused(&said, &facts.each_ref().map(String::as_str));
    }
    let said = place
        .drover(&["cluster", "apply", "-f", "/nonexistent"])
        .await;
    assert_refused(&said, &["can't read /nonexistent"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    for words in [
        &["machine", "show", "nobody"][..],
        &["machine", "accept", "nobody"],
        &["machine", "retry", "nobody"],
        &["machine", "timeline", "nobody"],
        &["cluster", "show", "nobody"],
    ] {
        let said = place.drover(words).await;
        assert_refused(&said, &["nobody"]);
        assert_eq!(said.code, Some(4), "{said:?}");
    }
    assert_eq!(
        place.json(&["machine", "list"]).await,
        serde_json::json!([])
    );
    assert_eq!(
        place.json(&["cluster", "list"]).await,
        serde_json::json!([])
    );
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
