//! State directories that can't be written: the daemon says so, and what is there stays.
//!
//! They are small file systems in a mount namespace of the daemon's own, which goes with it.

use crate::place::{AUTHORITATIVE, Place, Said};
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
         exit $rc\n"
    );
    let state = place.state().display().to_string();
    let settings = place.path("drover.yaml").display().to_string();
    let wrapper = ["unshare", "--mount", "sh", "-c", &script, &state];
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
        std::fs::remove_dir_all(place.path(made)).unwrap();
    }

    // With a state that must not be lost.
    let mut daemon = place.serve(&settings).await;
    let rack = place.write(
        "rack.yaml",
        "machines:\n  - { name: keeps, nics: [{ mac: \"52:54:00:77:01:01\" }] }\n",
    );
    place
        .done(&["machine", "apply", "-f", rack.to_str().unwrap()])
        .await;
    assert!(daemon.stop().await.unwrap().success());
    for (prepare, facts) in [(read_only, "Read-only"), (full, "")] {
        let said = serve_on(&place, prepare).await;
        assert_refused(&said, &[&state, facts]);
        // What is left of it is a state that the daemon starts on.
        std::fs::remove_dir_all(place.state()).unwrap();
        let left = place.path("state.left");
        let _ = std::fs::remove_file(left.join("ballast"));
        std::fs::rename(left, place.state()).unwrap();
        daemon.start_again(&place.lab).await.unwrap();
        let shown = place.done(&["machine", "list"]).await;
        assert!(shown.contains("keeps"), "{shown}");
        assert!(daemon.stop().await.unwrap().success());
        std::fs::remove_dir_all(place.path("state.was")).unwrap();
    }
    place.lab.finish();
}
