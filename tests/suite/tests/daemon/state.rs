//! State directories that can't be written: the daemon says so, and what is there stays.
//!
//! They are small file systems in a mount namespace of the daemon's own, which goes with it.

use std::fs;

use testbed::daemon::{DaemonCommand, DaemonProcess};
use testbed::namespace::Namespace;
use testbed::network::LINK;

use crate::mounts::{own_mounts, unmount};
use crate::place::{AUTHORITATIVE, Place, Said, card, run};
use crate::refused::assert_refused;

/// Runs `drover serve` on a state directory that `prepare`, a shell command, makes of `$0`; it
/// begins with what the state directory holds. What is left of it is copied to `left`.
async fn serve_on(place: &Place, prepare: &str) -> Said {
    let script = format!(
        "set -e\n\
         mkdir -p \"$0\" \"$0.was\"; cp -a \"$0/.\" \"$0.was\"\n\
         mount -t tmpfs -o size=1m none \"$0\"\n\
         cp -a \"$0.was/.\" \"$0\"\n\
         {prepare}\n\
         rc=0; \"$@\" || rc=$?\n\
         mkdir -p \"$0.left\"; cp -a \"$0/.\" \"$0.left\"\n\
         umount --lazy \"$0\"\n\
         exit $rc\n"
    );
    let state = place.state().display().to_string();
    let settings = place.path("drover.yaml").display().to_string();
    let own_mounts = own_mounts();
    let script = ["sh", "-c", &script, &state];
    let wrapper = [&["unshare"][..], &own_mounts, &script].concat();
    place
        .drover_within(&wrapper, &["serve", "--config", &settings])
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_directory_that_can_not_be_written_is_named() {
    let place = Place::up("state");
    let settings = place.settings(AUTHORITATIVE, "");
    let state = place.state().display().to_string();
    let read_only = "mount -o remount,ro none \"$0\"";
    let full = "dd if=/dev/zero of=\"$0/ballast\" bs=4k 2>/dev/null || true";

    // Before anything is there.
    let said = serve_on(&place, read_only).await;
    assert_refused(&said, &[&state, "Read-only"]);
    let said = serve_on(&place, full).await;
    assert_refused(&said, &[&state]);
    for made in ["state", "state.was", "state.left"] {
        fs::remove_dir_all(place.path(made)).unwrap();
    }

    // With a state that must not be lost.
    let mut daemon = place.serve(&settings).await;
    place
        .register("machines:\n  - { name: keeps, nics: [{ mac: \"52:54:00:77:01:01\" }] }\n")
        .await;
    assert!(daemon.stop().await.unwrap().success());
    for (prepare, facts) in [(read_only, "Read-only"), (full, "")] {
        let said = serve_on(&place, prepare).await;
        assert_refused(&said, &[&state, facts]);
        // What is left of it is a state that the daemon starts on.
        fs::remove_dir_all(place.state()).unwrap();
        let left = place.path("state.left");
        let _ = fs::remove_file(left.join("ballast"));
        fs::rename(left, place.state()).unwrap();
        daemon.start_again(&place.lab).await.unwrap();
        let shown = place.done(&["machine", "list"]).await;
        assert!(shown.contains("keeps"), "{shown}");
        assert!(daemon.stop().await.unwrap().success());
        fs::remove_dir_all(place.path("state.was")).unwrap();
    }
    place.lab.finish();
}

/// The daemon on a small file system in a mount namespace of its own.
async fn serve_on_little(place: &Place) -> DaemonProcess {
    fs::create_dir(place.state()).unwrap();
    let mut command = place.serve_command(&place.settings(AUTHORITATIVE, ""));
    let words = [&own_mounts()[..], &["sh", "-c"]].concat();
    let mut arguments: Vec<_> = words.into_iter().map(Into::into).collect();
    arguments.push("mount -t tmpfs -o size=4m none \"$0\" && exec \"$@\"".into());
    arguments.push(place.state().into());
    arguments.push(command.binary.into());
    arguments.append(&mut command.arguments);
    let command = DaemonCommand {
        binary: "unshare".into(),
        arguments,
        ..command
    };
    let ready = |line: &str| line.contains(" ready ");
    let started = DaemonProcess::start(&place.lab, command, ready).await;
    started.unwrap()
}

/// What udhcpc says that is given a few seconds.
async fn udhcpc_in_vain(place: &Place, client: &Namespace) -> Said {
    let mut udhcpc = client.command("udhcpc");
    udhcpc.args(["-f", "-q", "-n", "-t", "2", "-T", "1", "-i", LINK, "-s"]);
    udhcpc.arg(place.lab.lease_script().unwrap());
    run(udhcpc).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_kept_is_not_promised_and_with_room_it_goes_on() {
    let place = Place::up("fills");
    let mut daemon = serve_on_little(&place).await;
    let [first, second] = [1, 2].map(|number| {
        let name = format!("client{number}");
        place.client(&name, card(number), None)
    });
    place.udhcpc(&first).await;

    let pid = daemon.program().pid().unwrap();
    let inside = format!("/proc/{pid}/root{}", place.state().display());
    let ballast = format!("{inside}/ballast");
    let filled = fs::write(&ballast, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(filled.kind(), std::io::ErrorKind::StorageFull);
    let said = udhcpc_in_vain(&place, &second).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(!said.out.contains("ip="), "{said:?}");
    let mounts = format!("--mount=/proc/{pid}/ns/mnt");
    let root = format!("--root=/proc/{pid}/root");
    let socket = place.state().join("drover.sock");
    let words = ["machine", "list", "--socket", socket.to_str().unwrap()];
    let said = place
        .drover_within(&["nsenter", &mounts, &root], &words)
        .await;
    assert_eq!(said.code, Some(0), "it does not live on: {said:?}");

    fs::remove_file(&ballast).unwrap();
    place.udhcpc(&second).await;
    assert!(daemon.stop().await.unwrap().success());
    unmount(&place.state());
    let log = fs::read_to_string(daemon.program().log()).unwrap();
    assert!(log.contains("full"), "nobody was told: {log}");
    place.lab.finish();
}
