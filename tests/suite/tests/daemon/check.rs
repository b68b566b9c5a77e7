//! `drover serve --check`, and where settings come from: what is wrong is told with its place, and
//! looking changes nothing. Also the form of the log, which is one of them.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;
use testbed::daemon::DaemonProcess;

use crate::place::{AUTHORITATIVE, Place, Said};
use crate::refused::assert_refused;

async fn check(place: &Place, more: &[&str]) -> Said {
    let settings = place.path("drover.yaml");
    let words = ["serve", "--check", "--config", settings.to_str().unwrap()];
    place.drover(&[&words, more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn check_looks_at_ports_key_and_state_directory() {
    let place = Place::up("check-host");
    let settings = place.settings(AUTHORITATIVE, "");
    for (port, fact) in [(8080, "HTTP port 8080"), (8081, "10.77.0.1:8081")] {
        let server = place.lab.server();
        let taken = server.enter(|| TcpListener::bind(("10.77.0.1", port)).unwrap());
        assert_refused(&check(&place, &[]).await, &[fact, "in use"]);
        drop(taken);
    }
    assert!(!place.state().exists());

    let mut daemon = place.serve(&settings).await;
    let said = check(&place, &[]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.out.contains("note: another drover works on"),
        "{said:?}"
    );
    assert!(daemon.stop().await.unwrap().success());

    let key = place.state().join("key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let key = key.display().to_string();
    assert_refused(&check(&place, &[]).await, &[&key, "chmod 600"]);
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_go_before_the_environment_before_the_file_and_each_is_named() {
    let place = Place::up("sources");
    let file = |name: &str| place.write(name, "no directory").display().to_string();
    let (told, variable, flag) = (file("state"), file("variable"), file("flag"));
    let settings = place.settings(AUTHORITATIVE, "");
    let check = ["serve", "--check", "--config", settings.to_str().unwrap()];
    let environment = format!("DROVER_STATE_DIRECTORY={variable}");
    for (wrapper, more, wanted) in [
        (&["env"][..], &[][..], &told),
        (&["env", &environment], &[], &variable),
        (&["env", &environment], &["--state-directory", &flag], &flag),
    ] {
        let said = place.drover_within(wrapper, &[&check, more].concat()).await;
        assert_refused(
            &said,
            &[&format!("state directory {wanted}: not a directory")],
        );
    }
    let wrapper = ["env", "DROVER_LOG_LEVEL=inof"];
    let said = place.drover_within(&wrapper, &check).await;
    let sentence = assert_refused(&said, &["got \"inof\""]);
    assert!(
        sentence.starts_with("environment variable DROVER_LOG_LEVEL: log.level"),
        "{sentence}"
    );
    let said = place.drover(&["serve", "--interface", "eth9"]).await;
    let sentence = assert_refused(&said, &["\"eth9\""]);
    assert!(sentence.starts_with("--interface: "), "{sentence}");
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn off_a_terminal_every_line_of_the_log_is_json() {
    let place = Place::up("json");
    let mut command = place.serve_command(&place.settings(AUTHORITATIVE, ""));
    command.environment.clear();
    let ready = |line: &str| line.contains("\"message\":\"ready\"");
    let mut daemon = DaemonProcess::start(&place.lab, command, ready)
        .await
        .unwrap();
    assert!(daemon.stop().await.unwrap().success());
    let log = fs::read_to_string(daemon.program().log()).unwrap();
    assert!(log.lines().count() > 3, "{log}");
    for line in log.lines() {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        for key in ["timestamp", "level", "message"] {
            assert!(parsed.get(key).is_some(), "{key} in {line}");
        }
    }
    place.lab.finish();
}
