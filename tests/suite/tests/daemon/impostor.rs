//! Somebody with a machine's card, UUID and serial number, while the machine's BMC says that it is
//! off: the real daemon and a BMC that is asked over the wire.

use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::namespace::Namespace;
use testbed::network::SERVER;

use crate::bmc::{Bmc, PASSWORD, USER};
use crate::place::{AUTHORITATIVE, LONG, Place, card};
use crate::secrets::{boot_to_config, fetch_config};
use crate::start::good_image;
use crate::web::get;

/// What [`boot_to_config`] says of itself.
const UUID: &str = "4c4c4544-0000-4000-8000-00000000cc01";
const SERIAL: &str = "LAB1";

const CLUSTER: &str = "\
name: lab
endpoint: https://10.77.0.10:6443
talos: 1.13.9
kubernetes: 1.34.1
allow_plaintext: true
members:
  - { role: controlplane, machine: cp-1, disk: { serial: CP1 } }
";

/// Applies the documents of a machine with a BMC, and of its cluster.
async fn apply(place: &Place) {
    let text = format!(
        "machines:\n  - name: cp-1\n    nics: [{{ mac: \"{}\" }}]\n    uuid: {UUID}\n    \
         serial: {SERIAL}\n    \
         bmc: {{ ipmi: {SERVER}, username: {USER}, password: {PASSWORD} }}\n",
        card(1)
    );
    place.register(&text).await;
    let cluster = place.write("lab.yaml", CLUSTER);
    let words = ["cluster", "apply", "-f", cluster.to_str().unwrap()];
    place.done(&words).await;
}

/// What stands on the machine's timeline under this kind.
async fn told(place: &Place, kind: &str) -> Vec<String> {
    let out = place
        .done(&["machine", "timeline", "cp-1", "--output", "json"])
        .await;
    let events = out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_kind = events.filter(|event| event["kind"] == kind);
    of_kind.map(|event| event["detail"].to_string()).collect()
}

/// Waits until the BMC was told more often than this to switch the machine on.
fn await_power_on(bmc: &Bmc, before: usize) {
    let begin = Instant::now();
    while bmc.power_ons() <= before {
        assert!(begin.elapsed() < LONG, "Drover does not switch it on");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Asks for the config as a node does, which tries again; the last status.
fn ask_config(client: &Namespace, path: &str) -> u16 {
    let statuses = (0..3).map(|_| get(client, &format!("/c/{path}")).0);
    statuses.max_by_key(|status| *status == 200).unwrap()
}

/// Waits until Drover has looked at the machine and has nothing to do but to wait for its boot: it
/// looks again when something happens, or with the next sweep.
async fn await_rest(place: &Place) {
    let begin = Instant::now();
    loop {
        let listed = place.json(&["machine", "list"]).await;
        let waiting = listed[0]["waiting"].as_str().unwrap_or_default();
        if waiting.contains("(last step: script)") {
            return;
        }
        assert!(
            begin.elapsed() < LONG,
            "it waits for something else: {listed}"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloned_card_gets_no_config_while_the_bmc_says_off_and_the_machine_itself_does() {
    let place = Place::up("impostor");
    let bmc = Bmc::start(&place, &UUID.replace('-', ""));
    let settings = place.settings(AUTHORITATIVE, &good_image(&place));
    let mut daemon = place.serve(&settings).await;
    apply(&place).await;
    tokio::task::block_in_place(|| await_power_on(&bmc, 0));

    // A boot that Drover started; then the machine goes off, and somebody with its card, its
    // address and all that it says has the token of that boot.
    let client = place.client("client", card(1), None);
    let path = tokio::task::block_in_place(|| boot_to_config(&client));
    await_rest(&place).await;
    bmc.unplug();
    let status = tokio::task::block_in_place(|| ask_config(&client, &path));
    assert_eq!(status, 503, "it may ask again, and got nothing");
    let alarms = told(&place, "alarm").await;
    let is_told = |it: &String| it.contains("BMC says that the machine is off");
    assert!(alarms.iter().any(is_told), "{alarms:?}");
    assert_eq!(told(&place, "config").await, Vec::<String>::new());

    // Now it comes on when Drover says so, and boots.
    bmc.plug_in();
    place.done(&["machine", "power", "on", "cp-1"]).await;
    let (_, config) = tokio::task::block_in_place(|| fetch_config(&client));
    assert!(config.contains("machine:"), "{config}");
    assert_eq!(told(&place, "config").await.len(), 1);
    assert!(daemon.stop().await.unwrap().success());
    place.lab.finish();
}
