//! A database that is not the one that was left: an older copy, none at all, a damaged one, one that
//! another daemon works on. Nothing is done to a machine on such records.

use std::fs;
use std::path::{Path, PathBuf};

use testbed::daemon::DaemonProcess;
use testbed::namespace::Namespace;

use crate::dhcp::{DhcpClient, bios, boot_file};
use crate::mounts::{own_mounts, unmount};
use crate::place::{AUTHORITATIVE, Place, card};
use crate::refused::assert_refused;
use crate::secrets::fetch_config;
use crate::start::good_image;
use crate::web::get;

const CLUSTER: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
allow_plaintext: true
members:
  - { role: controlplane, machine: cp-1, disk: { serial: CP1 } }
";

/// Applies the documents of a rack of one, and of its cluster.
async fn apply(place: &Place) {
    let text = format!(
        "machines:\n  - {{ name: cp-1, nics: [{{ mac: \"{}\" }}] }}\n",
        card(1)
    );
    place.register(&text).await;
    let cluster = place.write("lab.yaml", CLUSTER);
    let words = ["cluster", "apply", "-f", cluster.to_str().unwrap()];
    place.done(&words).await;
}

fn database(place: &Place) -> PathBuf {
    place.state().join("drover.db")
}

/// The database of a daemon that has ended is one file.
async fn end(place: &Place, daemon: &mut DaemonProcess) {
    assert!(daemon.stop().await.unwrap().success());
    assert!(!database(place).with_extension("db-wal").exists());
}

/// The next boot of the card: whether its firmware is led to the network.
fn boots_from_the_network(client: &Namespace) -> bool {
    let (_, ack) = DhcpClient::new(client, card(1)).lease(bios);
    !boot_file(&ack).is_empty()
}

fn log(place: &Place) -> String {
    fs::read_to_string(place.lab.artefacts().path("daemon.log")).unwrap()
}

/// Nothing is installed and no config goes out, and people are told why.
async fn assert_safe_mode(place: &Place, client: &Namespace, token: &str) {
    tokio::task::block_in_place(|| {
        assert!(!boots_from_the_network(client));
        let (status, body) = get(client, &format!("/c/{token}/config.yaml"));
        assert_ne!(status, 200, "{}", String::from_utf8_lossy(&body));
    });
    let listed = place.drover(&["machine", "list"]).await;
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for fact in [
        "WARNING: safe mode",
        "older copy",
        "drover database confirm",
    ] {
        assert!(listed.err.contains(fact), "{fact}: {listed:?}");
    }
    let shown = place.done(&["machine", "show", "cp-1"]).await;
    assert!(!shown.contains("installs as"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_under_a_running_member_installs_nothing_until_a_person_confirms() {
    let place = Place::up("older-copy");
    let settings = place.settings(AUTHORITATIVE, &good_image(&place));
    let mut daemon = place.serve(&settings).await;
    apply(&place).await;
    end(&place, &mut daemon).await;
    let backup = fs::read(database(&place)).unwrap();
    daemon.start_again(&place.lab).await.unwrap();
    let client = place.client("client", card(1), None);
    let (token, _) = tokio::task::block_in_place(|| fetch_config(&client));
    end(&place, &mut daemon).await;
    assert!(!log(&place).contains("safe mode"));

    // On these records it waits for its first boot, to be installed.
    fs::write(database(&place), backup).unwrap();
    daemon.start_again(&place.lab).await.unwrap();
    assert!(log(&place).contains("older copy"), "{}", log(&place));
    assert_safe_mode(&place, &client, &token).await;

    let unsure = place.drover(&["database", "confirm"]).await;
    assert_eq!(unsure.code, Some(3), "{unsure:?}");
    assert!(unsure.err.contains("--yes"), "{unsure:?}");
    daemon.kill().await.unwrap();
    daemon.start_again(&place.lab).await.unwrap();
    let status = place.done(&["database", "status"]).await;
    assert!(
        status.contains("older copy"),
        "a restart is no confirmation: {status}"
    );

    place
        .done(&[
            "database",
            "confirm",
            "--yes",
            "--reason",
            "the rack is empty",
        ])
        .await;
    for _ in 0..2 {
        let listed = place.drover(&["machine", "list"]).await;
        assert_eq!((listed.code, &*listed.err), (Some(0), ""), "{listed:?}");
        assert!(tokio::task::block_in_place(|| boots_from_the_network(
            &client
        )));
        end(&place, &mut daemon).await;
        daemon.start_again(&place.lab).await.unwrap();
    }
    end(&place, &mut daemon).await;
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_or_empty_is_not_begun_anew_without_a_word() {
    let place = Place::up("no-database");
    let settings = place.settings(AUTHORITATIVE, &good_image(&place));
    let mut daemon = place.serve(&settings).await;
    apply(&place).await;
    end(&place, &mut daemon).await;
    let client = place.client("client", card(1), None);
    let gone: fn(&Path) = |path| fs::remove_file(path).unwrap();
    let empty: fn(&Path) = |path| fs::write(path, "").unwrap();
    for lose in [gone, empty] {
        lose(&database(&place));
        daemon.start_again(&place.lab).await.unwrap();
        let status = place.done(&["database", "status"]).await;
        assert!(status.contains("the database is empty"), "{status}");
        // The same documents as before permit nothing.
        apply(&place).await;
        assert!(!tokio::task::block_in_place(|| boots_from_the_network(
            &client
        )));
        end(&place, &mut daemon).await;
    }
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_with_what_to_do() {
    let place = Place::up("damaged");
    let settings = place.settings(AUTHORITATIVE, "");
    let mut daemon = place.serve(&settings).await;
    end(&place, &mut daemon).await;
    let mut bytes = fs::read(database(&place)).unwrap();
    // The head of the third page.
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    for byte in &mut bytes[2 * page..2 * page + 5] {
        *byte ^= 0xff;
    }
    fs::write(database(&place), &bytes).unwrap();
    let words = ["serve", "--config", settings.to_str().unwrap()];
    let said = place.drover(&words).await;
    let path = database(&place).display().to_string();
    assert_refused(&said, &["damaged", &path, "restore the newest backup"]);
    assert_eq!(fs::read(database(&place)).unwrap(), bytes);
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_daemons_on_one_database_the_second_says_who_has_it() {
    let place = Place::up("two-daemons");
    let settings = place.settings(AUTHORITATIVE, "");
    let mut daemon = place.serve(&settings).await;
    let other = place.path("other");
    fs::create_dir(&other).unwrap();
    std::os::unix::fs::symlink(database(&place), other.join("drover.db")).unwrap();
    let process = format!("process {}, since 20", daemon.program().pid().unwrap());
    for (directory, fact) in [(place.state(), "state directory"), (other, "database")] {
        let directory = directory.display().to_string();
        let config = settings.to_str().unwrap();
        let words = ["serve", "--config", config, "--state-directory", &directory];
        assert_refused(&place.drover(&words).await, &[fact, &process]);
    }
    by_other_names(&place, &settings, daemon.program().pid().unwrap()).await;
    place.done(&["machine", "list"]).await;
    end(&place, &mut daemon).await;
    place.lab.finish();
}

/// A daemon that is given the database by a hard link, and by a bind mount.
async fn by_other_names(place: &Place, settings: &Path, first: u32) {
    let [linked, mounted] = ["linked", "mounted"].map(|name| place.path(name));
    for directory in [&linked, &mounted] {
        fs::create_dir(directory).unwrap();
    }
    let process = format!("process {first} of this host");
    let config = settings.to_str().unwrap();
    let serve = |directory: &Path| {
        let directory = directory.to_str().unwrap().to_owned();
        ["serve", "--config", config, "--state-directory"]
            .map(str::to_owned)
            .into_iter()
            .chain([directory])
            .collect::<Vec<String>>()
    };
    let mount = "touch \"$1\" && mount --bind \"$0\" \"$1\" && shift && exec \"$@\"";
    let [from, to] =
        [database(place), mounted.join("drover.db")].map(|it| it.display().to_string());
    let wrapper = [
        &["unshare"][..],
        &own_mounts(),
        &["sh", "-c", mount, &from, &to],
    ];
    let words = serve(&mounted);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let said = place.drover_within(&wrapper.concat(), &words).await;
    unmount(Path::new(&to));
    assert_refused(&said, &["database", &process]);

    fs::hard_link(database(place), linked.join("drover.db")).unwrap();
    let words = serve(&linked);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    assert_refused(&place.drover(&words).await, &["database", &process]);
    fs::remove_file(linked.join("drover.db")).unwrap();
}
