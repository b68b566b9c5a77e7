//! Starts that can't be: each is refused with one sentence, and nothing is lost by it.

use std::net::{TcpListener, UdpSocket};
use std::path::Path;

use testbed::network::LINK;

use crate::place::{AUTHORITATIVE, Place, card};
use crate::refused::assert_refused;

const LOADER: &str = "/usr/lib/ipxe/undionly.kpxe";
const WRONG: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

/// An image of two small files, the kernel's hash being `kernel`.
fn image(place: &Place, kernel: &str) -> String {
    place.write("vmlinuz", "a kernel\n");
    place.write("initrd", "an initrd\n");
    let folder = place.lab.folder().display().to_string();
    format!(
        "images:\n  - name: talos-1.13.9\n    kernel: {folder}/vmlinuz\n    kernel_sha256: {kernel}\n    \
         initrd: {folder}/initrd\n    initrd_sha256: {INITRD}\n"
    )
}

/// An image that is as its hashes say.
pub(crate) fn good_image(place: &Place) -> String {
    image(place, KERNEL)
}

/// `printf 'a kernel\n' | sha256sum`.
const KERNEL: &str = "0ea0e4d98d963a16e4ae69a302423f7648056205ea740c9559c92725d9544e4d";
const INITRD: &str = "238e22f901beee417a93090f37479b9895c6f4bc8b5a59195c75055169c40a1f";

async fn refuse(place: &Place, settings: &Path, facts: &[&str]) {
    let said = place
        .drover(&["serve", "--config", settings.to_str().unwrap()])
        .await;
    assert_refused(&said, facts);
}

/// Settings, the line with the mistake, and what is said of it.
const MISTAKES: &[(&str, u32, &str)] = &[
    (
        "http:\n  port: many\n",
        3,
        "http.port: wanted a port from 1 to 65535",
    ),
    ("http:\n  prot: 8080\n", 3, "prot"),
    ("htpp: { port: 8080 }\n", 2, "htpp"),
    (
        "subnets:\n  - interface: eth0\n    mode: master\n",
        4,
        "subnets.mode: wanted one of proxy, authoritative, off, got \"master\"",
    ),
    (
        "subnets:\n  - interface: eth0\n    mode: authoritative\n    ranges: [10.77.0.9-10.77.0.1]\n",
        5,
        "subnets.ranges: wanted a range such as",
    ),
    (
        "subnets:\n  - { interface: eth0, mode: authoritative, ranges: [10.88.0.9-10.88.0.99] }\n",
        3,
        "10.77.0.0/24",
    ),
    (
        "subnets:\n  - { interface: eth9 }\n",
        3,
        "there is no interface \"eth9\"",
    ),
    (
        "subnets:\n  - { interface: eth0, lease_time: 3 }\n",
        3,
        "60 to",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_are_told_with_their_line_and_nothing_is_lost() {
    let place = Place::up("wrong-settings");
    let good = place.settings(AUTHORITATIVE, "");
    let mut daemon = place.serve(&good).await;
    place
        .register("machines:\n  - { name: keeps, nics: [{ mac: \"52:54:00:77:01:01\" }] }\n")
        .await;
    assert!(daemon.stop().await.unwrap().success());

    let state = format!("state: {{ directory: {} }}\n", place.state().display());
    for &(text, line, wanted) in MISTAKES {
        let path = place.write("wrong.yaml", &format!("{state}{text}"));
        let place_of_it = format!("{}:{line}: ", path.display());
        refuse(&place, &path, &[&place_of_it, wanted]).await;
    }
    let path = place.write("wrong.yaml", "subnets: [\n");
    refuse(&place, &path, &[&format!("{}:", path.display())]).await;
    let missing = place.path("none.yaml");
    refuse(
        &place,
        &missing,
        &["can't read the settings file", "none.yaml"],
    )
    .await;
    let variable = ["--config", good.to_str().unwrap()];
    let said = place
        .drover_within(
            &["env", "DROVER_HTTP_PORT=many"],
            &[&["serve"], &variable[..]].concat(),
        )
        .await;
    assert_refused(&said, &["environment variable DROVER_HTTP_PORT"]);

    daemon.start_again(&place.lab).await.unwrap();
    let shown = place.done(&["machine", "list"]).await;
    assert!(shown.contains("keeps"), "{shown}");
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_settings_at_all_are_refused_and_an_interface_is_enough() {
    let place = Place::up("no-settings");
    let state = place.state().display().to_string();
    let said = place.drover(&["serve", "--state-directory", &state]).await;
    assert_refused(&said, &["no subnet is set", "--interface", "--config"]);
    assert!(!place.state().exists(), "it made {state} for nothing");
    let words = ["serve", "--interface", "eth9", "--state-directory", &state];
    let said = place.drover(&words).await;
    assert_refused(&said, &["\"eth9\"", LINK]);

    let words = ["--interface", LINK, "--state-directory", &state];
    let mut daemon = place.serve_words(&words).await;
    let database = std::fs::read(place.state().join("drover.db")).unwrap();
    assert!(database.starts_with(b"SQLite format 3\0"));
    // A proxy leases nothing.
    let client = place.client("client", card(1), None);
    let mut udhcpc = client.command("udhcpc");
    udhcpc.args(["-f", "-q", "-n", "-t", "2", "-T", "1", "-i", LINK]);
    udhcpc.arg("-s").arg(place.lab.lease_script().unwrap());
    let said = crate::place::run(udhcpc).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(!said.out.contains("ip="), "{said:?}");
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn check_says_what_is_wrong_and_starts_nothing() {
    let place = Place::up("check");
    let check = async |settings: &Path| {
        let path = settings.to_str().unwrap();
        place.drover(&["serve", "--check", "--config", path]).await
    };
    let good = place.settings(AUTHORITATIVE, &image(&place, KERNEL));
    let said = check(&good).await;
    assert_eq!((said.code, &*said.err), (Some(0), ""), "{said:?}");
    assert!(said.out.ends_with("the settings are fine\n"), "{said:?}");

    let bare = place.path("no-loaders");
    std::fs::create_dir(&bare).unwrap();
    let loaders = format!("loaders: {{ directory: {} }}\n", bare.display());
    let said = check(&place.settings(AUTHORITATIVE, &loaders)).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    for loader in ["undionly.kpxe", "snponly.efi"] {
        assert!(said.out.contains(loader), "{said:?}");
    }

    let wrong = place.settings("mode: master", "");
    assert_refused(&check(&wrong).await, &["drover.yaml:3: subnets.mode"]);
    let wrong = place.settings(AUTHORITATIVE, &image(&place, WRONG));
    let at = "drover.yaml:6: image talos-1.13.9";
    assert_refused(&check(&wrong).await, &[at, "vmlinuz", KERNEL, WRONG]);
    assert!(!place.state().exists());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_refused_that_are_missing_or_altered() {
    let place = Place::up("images");
    let settings = place.settings(AUTHORITATIVE, &image(&place, WRONG));
    refuse(
        &place,
        &settings,
        &["talos-1.13.9", "vmlinuz", "SHA-256", KERNEL, WRONG],
    )
    .await;
    let settings = place.settings(AUTHORITATIVE, &image(&place, KERNEL));
    std::fs::remove_file(place.path("initrd")).unwrap();
    refuse(
        &place,
        &settings,
        &[
            "drover.yaml:8: image talos-1.13.9",
            "initrd",
            "No such file",
        ],
    )
    .await;
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_hold_is_named() {
    let place = Place::up("held");
    let settings = place.settings("mode: proxy", "");
    let server = place.lab.server();
    for (port, facts) in [
        (67, ["DHCP port 67", LINK]),
        (69, ["TFTP port 69", LINK]),
        (4011, ["DHCP port 4011", LINK]),
    ] {
        let taken = server.enter(|| UdpSocket::bind(("0.0.0.0", port)).unwrap());
        refuse(&place, &settings, &facts).await;
        drop(taken);
    }
    for (port, facts) in [
        (8080, ["HTTP port 8080", LINK]),
        (8081, ["10.77.0.1:8081", "in use"]),
        (8082, ["10.77.0.1:8082", "in use"]),
    ] {
        let taken = server.enter(|| TcpListener::bind(("10.77.0.1", port)).unwrap());
        refuse(&place, &settings, &facts).await;
        drop(taken);
    }

    let mut daemon = place.serve(&settings).await;
    let state = place.state().display().to_string();
    refuse(&place, &settings, &["another drover", &state]).await;
    let other = place.path("other").display().to_string();
    for mode in ["mode: proxy", AUTHORITATIVE] {
        let settings = place.settings(mode, "");
        let path = settings.to_str().unwrap();
        let words = ["serve", "--config", path, "--state-directory", &other];
        let said = place.drover(&words).await;
        assert_refused(&said, &["another drover serves the interface", LINK]);
    }
    // The first one did not notice.
    place.done(&["machine", "list"]).await;
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_another_dhcp_server_it_is_not_authoritative() {
    let place = Place::up("foreign");
    let other = place.client("other", card(1), Some([10, 77, 0, 2].into()));
    let _dnsmasq = crate::clients::dnsmasq(&place, &other).await;
    // With the default wait: dnsmasq pings an address for 3 s before it offers it.
    let lines = "mode: authoritative, ranges: [10.77.0.50-10.77.0.200]";
    let settings = place.settings(lines, "");
    refuse(
        &place,
        &settings,
        &["another DHCP server", "10.77.0.2", LINK],
    )
    .await;
    place.lab.finish();
}

/// It holds port 67 with `SO_REUSEADDR`, as dnsmasq does, so that the port tells nothing; and it
/// offers in the name of an address that is also ours.
#[tokio::test(flavor = "multi_thread")]
async fn beside_another_dhcp_server_of_this_host_it_is_not_authoritative() {
    let place = Place::up("foreign-here");
    let _dnsmasq = crate::clients::dnsmasq(&place, place.lab.server()).await;
    let lines = "mode: authoritative, ranges: [10.77.0.50-10.77.0.200]";
    let settings = place.settings(lines, "");
    let facts = ["another DHCP server", "10.77.0.1", LINK];
    refuse(&place, &settings, &facts).await;
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_loaders_it_serves_and_says_what_is_missing() {
    assert!(Path::new(LOADER).exists());
    let place = Place::up("loaders");
    let loaders = format!(
        "loaders: {{ directory: {} }}\n",
        place.lab.folder().display()
    );
    let mut daemon = place.serve(&place.settings("mode: proxy", &loaders)).await;
    let log = daemon.program().output().last_lines(50);
    assert!(log.contains("undionly.kpxe"), "{log}");
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
