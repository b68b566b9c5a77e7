//! A machine that nobody registered: it is found when it boots, waits in iPXE until a person accepts
//! it, and then a cluster's rule for its kind takes it, in the same boot.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.

use std::fs;
use std::time::Duration;

use e2e::documents::{self, CLUSTER, Role};
use e2e::installed_disk::is_blank;
use e2e::planned::{ENDPOINT, Planned};
use e2e::scenario::Scenario;
use serde_json::Value;
use testbed::machine::Machine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);
/// What the lab's machines say of themselves, and a disk of theirs.
const RULE: &str = "  - { role: worker, match: { manufacturer: Drover }, accept: wait, \
                    disk: { serial: W1-DISK } }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_found_waits_until_it_is_accepted_and_a_rule_takes_it() {
    let machines = vec![Planned::control_plane(Machine::bios("cp-1"))];
    let scenario = Scenario::up_beside_dhcp("found", machines).await.unwrap();
    let members = scenario.members().iter().map(|it| (&it.machine, it.role));
    let text = documents::cluster(ENDPOINT, members) + RULE;
    let file = scenario.lab().folder().join("cluster.yaml");
    fs::write(&file, text).unwrap();
    let client = scenario.drover().client();
    let apply = ["cluster", "apply", "--file", file.to_str().unwrap()];
    client.run(&apply).await.unwrap();

    // Somebody switches it on by hand: Drover does not know of it.
    let found = Planned::worker(Machine::bios("found")).machine;
    let found = scenario.lab().rack(found).unwrap();
    found.power_on().unwrap();
    let list = ["machine", "list"];
    let waits = |it: &Value| {
        let says = it.get("waiting").and_then(Value::as_str);
        says.is_some_and(|says| says.contains("a person must accept it"))
    };
    let shown = scenario.wait_shown(&list, "machine that waits", LONG, |shown| {
        shown.as_array().is_some_and(|all| all.iter().any(waits))
    });
    let shown = shown.await.unwrap();
    let machine = shown.as_array().unwrap().iter().find(|it| waits(it));
    let name = machine.unwrap().get("name").unwrap().as_str().unwrap();
    let disk = &found.disks().first().unwrap().serial;
    assert!(is_blank(found.disk_file(disk).unwrap()).unwrap());

    let accept = ["machine", "accept", name, "--reason", "it is ours"];
    client.run(&accept).await.unwrap();
    let show = ["machine", "show", name];
    let is_active = |shown: &Value| shown.pointer("/state") == Some(&"active".into());
    let shown = scenario.wait_shown(&show, "active machine", LONG, is_active);
    let shown = shown.await.unwrap();
    assert_eq!(shown.pointer("/cluster"), Some(&CLUSTER.into()));
    let role = shown.pointer("/role").unwrap();
    assert_eq!(role, Role::Worker.word());
    let timeline = client.run(&["machine", "timeline", name]).await.unwrap();
    for step in [" ipxe ", " state ", " config ", " installed ", " disk "] {
        assert!(timeline.contains(step), "{step}: {timeline}");
    }
    scenario.wait_active("cp-1", LONG).await.unwrap();
    scenario.wait_ready(LONG).await.unwrap();
    scenario.finish().await.unwrap();
}
