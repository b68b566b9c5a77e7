//! Secrets that are looked for wherever they must not be: the log at its most talkative, what the
//! commands print, the database and all else that is in the state directory.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use testbed::machine::Machine;
use testbed::namespace::Namespace;

use crate::dhcp::{DhcpClient, bios, boot_file, ipxe};
use crate::hex::hex;
use crate::place::{AUTHORITATIVE, LONG, Place, card, give_address};
use crate::web::get;

const USER: &str = "CanaryUser";
const PASSWORD: &str = "CanaryBmcPassword42";
const SERVER_URL: &str = "http://10.77.0.1:8080";

/// A secret in the forms in which it could have got somewhere.
#[derive(Debug)]
struct Secret {
    name: String,
    forms: Vec<Vec<u8>>,
}

impl Secret {
    fn new(name: &str, text: &str) -> Self {
        let mut forms = forms_of(text.as_bytes());
        if let Ok(decoded) = STANDARD.decode(text) {
            forms.extend(forms_of(&decoded));
        }
        Self {
            name: name.to_owned(),
            forms,
        }
    }

    fn assert_not_in(&self, place: &str, bytes: &[u8]) {
        for form in &self.forms {
            assert!(!holds(bytes, form), "{} is in {place}", self.name);
        }
    }
}

/// The middle of the bytes as they are, in hexadecimal, and in base64 wherever it begins.
fn forms_of(bytes: &[u8]) -> Vec<Vec<u8>> {
    let middle = bytes.len() / 2;
    let some = &bytes[middle.saturating_sub(12)..(middle + 12).min(bytes.len())];
    let lower = hex(some);
    let upper = lower.to_uppercase();
    let mut forms = vec![some.to_vec(), lower.into_bytes(), upper.into_bytes()];
    for skipped in 0..3 {
        // Whole groups of three bytes are whole groups of four characters.
        let whole = &some[skipped..];
        let whole = &whole[..whole.len() / 3 * 3];
        forms.push(STANDARD.encode(whole).into_bytes());
    }
    forms
}

fn holds(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

/// A file of a rack whose second machine has this BMC, and one of a cluster of the first.
fn documents(place: &Place, bmc: Ipv4Addr) -> (String, String) {
    let text = format!(
        "machines:\n  - name: cp-1\n    nics: [{{ mac: \"{}\" }}]\n  - name: has-bmc\n    \
         nics: [{{ mac: \"{}\" }}]\n    bmc: {{ ipmi: {}, username: {USER}, password: {PASSWORD} }}\n",
        card(1),
        card(2),
        bmc
    );
    let rack = place.write("rack.yaml", &text).display().to_string();
    let cluster = place.write(
        "cluster.yaml",
        "name: lab\nendpoint: https://10.77.0.10:6443\ntalos: 1.13.9\nkubernetes: 1.34.1\n\
         allow_plaintext: true\nmembers:\n  - { role: controlplane, machine: cp-1, disk: { serial: CP1 } }\n",
    );
    (rack, cluster.display().to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_log_in_the_commands_or_in_the_database() {
    let place = Place::up("secrets");
    let machine = Machine::bios("has-bmc").bmc(USER, PASSWORD);
    let machine = place.lab.rack(machine).unwrap();
    let bmc = machine.bmc().unwrap().address();
    let sections = format!(
        "log: {{ level: trace }}\n{}",
        crate::start::good_image(&place)
    );
    let mut daemon = place.serve(&place.settings(AUTHORITATIVE, &sections)).await;
    let (rack, cluster) = documents(&place, *bmc.ip());
    let mut said = Vec::new();
    for words in [
        &["machine", "apply", "-f", &rack][..],
        &["cluster", "apply", "-f", &cluster],
        &["machine", "power", "off", "has-bmc"],
    ] {
        said.push(place.done(words).await);
    }
    let client = place.client("client", card(1), None);
    let (token, config) = tokio::task::block_in_place(|| fetch_config(&client));

    let mut secrets = vec![Secret::new("the BMC's password", PASSWORD)];
    secrets.push(Secret::new("the token", &token));
    secrets.extend(secrets_of(&config));
    assert!(secrets.len() >= 8, "{secrets:?}");
    for words in [
        &["machine", "list"][..],
        &["machine", "show", "cp-1"],
        &["machine", "show", "has-bmc"],
        &["machine", "timeline", "cp-1"],
        &["machine", "timeline", "has-bmc"],
        &["cluster", "list"],
        &["cluster", "show", "lab"],
    ] {
        said.push(place.done(words).await);
        let json = ["--output", "json"];
        said.push(place.done(&[words, &json].concat()).await);
    }
    assert_nowhere(&secrets, "what was printed", said.join("\n").as_bytes());
    assert_not_kept(&secrets, &place.state());
    assert!(daemon.stop().await.unwrap().success());
    assert_not_kept(&secrets, &place.state());
    let log = fs::read(place.lab.artefacts().path("daemon.log")).unwrap();
    assert!(
        holds(&log, b"TRACE"),
        "the log is not at its most talkative"
    );
    assert_nowhere(&secrets, "the log", &log);
    place.lab.finish();
}

fn assert_nowhere(secrets: &[Secret], place: &str, bytes: &[u8]) {
    for secret in secrets {
        secret.assert_not_in(place, bytes);
    }
}

/// Looks through every file below `directory`, and whether what is no secret is found there.
fn assert_not_kept(secrets: &[Secret], directory: &Path) {
    let mut is_searched = false;
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).unwrap();
                is_searched |= holds(&bytes, USER.as_bytes());
                assert_nowhere(secrets, &entry.path().display().to_string(), &bytes);
            }
        }
    }
    assert!(
        is_searched,
        "not even the BMC's user is in {}",
        directory.display()
    );
}

/// Boots as a machine does, as far as its config; the token of it, and the config.
pub(crate) fn fetch_config(client: &Namespace) -> (String, String) {
    let path = boot_to_config(client);
    let (status, config) = get(client, &format!("/c/{path}"));
    assert_eq!(status, 200);
    let (token, _) = path.split_once('/').unwrap();
    (token.to_owned(), String::from_utf8(config).unwrap())
}

/// Boots as a machine does, as far as the installer; the token and name of its config.
pub(crate) fn boot_to_config(client: &Namespace) -> String {
    let mut dhcp = DhcpClient::new(client, card(1));
    let begin = Instant::now();
    let (_, ack) = dhcp.lease(bios);
    give_address(client, ack.yiaddr);
    let mut last = String::new();
    while begin.elapsed() < LONG {
        let (_, ack) = dhcp.lease(bios);
        if boot_file(&ack).is_empty() {
            std::thread::sleep(Duration::from_millis(300));
            continue;
        }
        let (_, ack) = dhcp.lease(ipxe);
        let first = boot_file(&ack);
        let boot = first.strip_prefix(&format!("{SERVER_URL}/boot/")).unwrap();
        let said = "platform=pcbios&arch=x86_64&serial=LAB1&product=lab&manufacturer=lab\
                    &uuid=4c4c4544-0000-4000-8000-00000000cc01&mac=52-54-00-77-cc-01";
        let (_, script) = get(client, &format!("/script/{boot}?{said}"));
        last = String::from_utf8(script).unwrap();
        let mark = format!("talos.config={SERVER_URL}/c/");
        if let Some((_, rest)) = last.split_once(&mark) {
            let path = rest.split_ascii_whitespace().next().unwrap();
            return path.split('?').next().unwrap().to_owned();
        }
        std::thread::sleep(Duration::from_millis(300));
    }
    panic!("no installer; the last script was: {last}");
}

/// The values of a machine config's secret fields.
fn secrets_of(config: &str) -> Vec<Secret> {
    let is_secret = |key: &str| {
        matches!(key, "token" | "key" | "secret" | "bootstrapToken") || key.ends_with("Secret")
    };
    config
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(key, value)| (key, value.trim_matches('"')))
        .filter(|(key, value)| is_secret(key) && value.len() >= 16)
        .map(|(key, value)| Secret::new(key, value))
        .collect()
}
