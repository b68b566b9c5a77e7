//! The daemon as another user than root, with the capabilities that it needs, with one of them and
//! with none.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::transcript::Mark;

use crate::place::{AUTHORITATIVE, Place, card, run, value};
use crate::refused::assert_refused;

/// The user and the group `nobody` of Debian.
const NOBODY: u32 = 65_534;

/// The words that become `drover` with these capabilities and no others, as nobody.
fn as_nobody(place: &Place, capabilities: &[&str]) -> Vec<String> {
    let list = capabilities.iter().map(|it| format!(",+{it}"));
    let set = format!("-all{}", list.collect::<String>());
    let id = NOBODY.to_string();
    let words = [
        "setpriv",
        "--reuid",
        &id,
        "--regid",
        &id,
        "--clear-groups",
        "--inh-caps",
        &set,
        "--ambient-caps",
        &set,
        "--bounding-set",
        &set,
    ];
    let program = program_of_nobody(place).display().to_string();
    words
        .into_iter()
        .map(str::to_owned)
        .chain([program])
        .collect()
}

/// A copy of the program where nobody may start it.
fn program_of_nobody(place: &Place) -> PathBuf {
    let copy = place.path("drover");
    if !copy.exists() {
        fs::copy(place.binary(), &copy).unwrap();
    }
    copy
}

/// Settings whose state directory is nobody's.
fn settings(place: &Place, subnet: &str) -> PathBuf {
    let state = place.state();
    fs::create_dir_all(&state).unwrap();
    chown(&state, Some(NOBODY), Some(NOBODY)).unwrap();
    place.settings(subnet, "")
}

async fn serve_as_nobody(place: &Place, settings: &Path, capabilities: &[&str]) -> DaemonProcess {
    let mut words = as_nobody(place, capabilities).into_iter();
    let mut command =
        DaemonCommand::new(words.next().unwrap()).variable("DROVER_LOG_FORMAT", "text");
    command = words.fold(command, DaemonCommand::argument);
    let command = command
        .argument("serve")
        .argument("--config")
        .argument(settings);
    let ready = |line: &str| line.contains(" ready ");
    DaemonProcess::start(&place.lab, command, ready)
        .await
        .unwrap()
}

/// What the daemon warned of in this life.
fn warnings(daemon: &DaemonProcess) -> Vec<String> {
    let lines = daemon.program().output().lines_since(Mark::default());
    let lines = lines.iter().map(|it| it.text.to_string());
    lines.filter(|it| it.contains(" WARN ")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_ports_it_says_which_is_missing_and_for_what() {
    let place = Place::up("no-ports");
    let settings = settings(&place, AUTHORITATIVE);
    let path = settings.to_str().unwrap();
    for (capabilities, also) in [(&["net_raw"][..], false), (&[], true)] {
        let words = as_nobody(&place, capabilities);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for more in [&["--check"][..], &[]] {
            let serve = [&["serve", "--config", path], more].concat();
            let mut command = place.lab.server().command(words[0]);
            command.args(&words[1..]).args(serve);
            let said = run(command).await;
            let sentence = assert_refused(&said, &["CAP_NET_BIND_SERVICE is missing"]);
            for port in ["user 65534", "67 (DHCP)", "68 (the search", "69 (TFTP)"] {
                assert!(sentence.contains(port), "{port}: {sentence}");
            }
            assert!(!sentence.contains("4011"), "that is free: {sentence}");
            let names_raw = sentence.contains("CAP_NET_RAW is missing");
            assert_eq!(names_raw, also, "{capabilities:?}: {sentence}");
        }
    }
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_right_to_ports_alone_it_leases_unseen_and_says_so_once() {
    let place = Place::up("ports-only");
    let settings = settings(&place, AUTHORITATIVE);
    let mut daemon = serve_as_nobody(&place, &settings, &["net_bind_service"]).await;
    let told = place.udhcpc(&place.client("client", card(1), None)).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.1"), "{told}");
    let warned = warnings(&daemon);
    let about = |it: &&String| it.contains("CAP_NET_RAW");
    let [sentence] = warned.iter().filter(about).collect::<Vec<_>>()[..] else {
        panic!("wanted one warning: {warned:#?}");
    };
    for fact in ["leased without a look", "All else works", "user 65534"] {
        assert!(sentence.contains(fact), "{fact}: {sentence}");
    }
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_needs_no_packet_sockets() {
    let place = Place::up("proxy-rights");
    let settings = settings(&place, "mode: proxy");
    let mut daemon = serve_as_nobody(&place, &settings, &["net_bind_service"]).await;
    let warned = warnings(&daemon);
    assert!(
        !warned.iter().any(|it| it.contains("CAP_NET")),
        "{warned:#?}"
    );
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_both_rights_nothing_is_missing_and_nothing_too_much() {
    let place = Place::up("both-rights");
    let settings = settings(&place, AUTHORITATIVE);
    let both = ["net_bind_service", "net_raw"];
    let mut daemon = serve_as_nobody(&place, &settings, &both).await;
    let told = place.udhcpc(&place.client("client", card(1), None)).await;
    assert_eq!(value(&told, "serverid"), Some("10.77.0.1"), "{told}");
    let warned = warnings(&daemon);
    for none in ["CAP_NET", "more rights", "frames", "ARP"] {
        assert!(!warned.iter().any(|it| it.contains(none)), "{warned:#?}");
    }
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
