//! Into a cluster, and out of it, by the commands: files for their owner, records of who was given
//! what, nothing in the log.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::place::{AUTHORITATIVE, Place};
use crate::refused::assert_refused;

const CLUSTER: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
members:
  - { role: controlplane, machine: cp-1, disk: { serial: CP1 }, accept: wait }
";

impl Place {
    async fn apply_cluster(&self, text: &str) -> crate::place::Said {
        let file = self.write("lab.yaml", text);
        self.drover(&["cluster", "apply", "-f", file.to_str().unwrap()])
            .await
    }
}

/// The values of a file with keys.
fn keys(file: &str) -> Vec<&str> {
    let values = file.lines().filter_map(|line| line.trim().split_once(": "));
    let is_key = |name: &str| ["key", "token", "secret", "bootstraptoken"].contains(&name);
    let keys: Vec<&str> = values
        .filter(|(name, _)| is_key(name) || name.ends_with("-key-data"))
        .map(|(_, value)| value)
        .collect();
    assert!(!keys.is_empty());
    keys
}

/// What a file holds that is only for its owner.
fn private(path: &str) -> String {
    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{path}");
    fs::read_to_string(path).unwrap()
}

/// Files for people: of Talos for a reader, of Kubernetes for an administrator and a viewer.
async fn give_access(place: &Place) -> [String; 3] {
    let file = |name: &str| place.path(name).display().to_string();
    let (talosconfig, kubeconfig) = (file("talosconfig"), file("kubeconfig"));
    let words = ["cluster", "talosconfig", "lab", "-f", &talosconfig];
    let options = ["--role", "os:reader", "--ttl", "30m"];
    let told = place.done(&[&words[..], &options].concat()).await;
    assert!(told.contains("os:reader until "), "{told}");
    let talosconfig = private(&talosconfig);
    assert!(talosconfig.starts_with("context: lab\n"), "{talosconfig}");
    let words = ["cluster", "kubeconfig", "lab", "-f"];
    place.done(&[&words[..], &[&*kubeconfig]].concat()).await;
    let kubeconfig = private(&kubeconfig);
    let options = ["-", "--role", "viewer"];
    let printed = place.done(&[&words[..], &options].concat()).await;
    let context = "current-context: viewer@lab\n";
    assert!(printed.contains(context), "{printed}");
    [talosconfig, kubeconfig, printed]
}

/// The secrets of the cluster, which are handed out and taken back as they are, and only confirmed.
async fn carry_secrets(place: &Place) -> String {
    let exported = place.path("secrets.yaml").display().to_string();
    let export = ["cluster", "secrets", "export", "lab", "-f", &exported];
    assert_refused(&place.drover(&export).await, &["--confirm lab"]);
    let confirmed = [&export[..], &["--confirm", "lab"]].concat();
    place.done(&confirmed).await;
    let secrets = private(&exported);
    assert_refused(&place.drover(&confirmed).await, &["left alone"]);
    let import = ["cluster", "secrets", "import", "lab", "--confirm", "lab"];
    let of = |file| [&import[..], &["-f", file]].concat();
    place.done(&of(&exported)).await;
    let again = ["cluster", "secrets", "export", "lab", "--confirm", "lab"];
    let again = place.done(&[&again[..], &["-f", "-"]].concat()).await;
    assert!(again == secrets, "other secrets came back");
    let broken = secrets.replace("bootstraptoken: ", "bootstraptoken: x");
    let broken = place.write("broken.yaml", &broken).display().to_string();
    let said = place.drover(&of(&broken)).await;
    assert_refused(&said, &["secrets.bootstraptoken"]);
    secrets
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_is_opened_for_people_and_ended_by_them() {
    let place = Place::up("access");
    let settings = place.settings(AUTHORITATIVE, "log: { level: trace }\n");
    let mut daemon = place.serve(&settings).await;
    assert_eq!(place.apply_cluster(CLUSTER).await.code, Some(0));
    let files = give_access(&place).await;
    let secrets = carry_secrets(&place).await;

    let resolve = ["cluster", "bootstrap", "lab", "--resolve", "done"];
    assert_refused(&place.drover(&resolve).await, &["was not called yet"]);
    let delete = ["cluster", "delete", "lab"];
    assert_refused(&place.drover(&delete).await, &["--confirm lab"]);
    place
        .done(&[&delete[..], &["--confirm", "lab"]].concat())
        .await;
    let clusters = place.json(&["cluster", "list"]).await;
    assert_eq!(clusters.as_array().unwrap().len(), 0);

    assert!(daemon.stop().await.unwrap().success());
    let log = fs::read_to_string(place.lab.artefacts().path("daemon.log")).unwrap();
    for given in files.iter().chain([&secrets]) {
        for key in keys(given) {
            assert!(!log.contains(key), "a key is in the log");
        }
    }
    place.lab.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_no_machine_could_be_installed_for_is_refused_with_the_line() {
    let place = Place::up("unusable");
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, "")).await;
    let old = include_str!("cases/k8s-old.yaml");
    let wanted = ["lab.yaml:5: kubernetes", "1.31.0 to 1.36.x", "1.10.0"];
    assert_refused(&place.apply_cluster(old).await, &wanted);
    for endpoint in [
        "https://[fd00::1:6443",
        "https://-a:6443",
        "https://a..b:6443",
    ] {
        let text = CLUSTER.replace("https://10.77.0.10:6443", endpoint);
        let said = place.apply_cluster(&text).await;
        assert!(said.err.contains("lab.yaml:2: endpoint"), "{said:?}");
    }
    assert_eq!(place.apply_cluster(CLUSTER).await.code, Some(0));
    let second = CLUSTER.replace("name: lab", "name: second");
    let said = place.apply_cluster(&second).await;
    assert_refused(&said, &["lab.yaml:2: endpoint", "the cluster lab"]);
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
