//! UEFI HTTP boot: firmware that never speaks PXE installs, from Drover's own addresses and beside
//! another DHCP server.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in the functions that it is made of"
)]

use std::time::Duration;

use e2e::planned::Planned;
use e2e::scenario::Scenario;
use testbed::machine::Machine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);

fn machines() -> Vec<Planned> {
    vec![Planned::control_plane(Machine::uefi("cp-1").http_boot())]
}

async fn installs(scenario: Scenario) {
    scenario.apply_cluster().await.unwrap();
    scenario.wait_active("cp-1", LONG).await.unwrap();
    let member = scenario.member("cp-1").unwrap();
    let events = member.timeline.events();
    let count = |kind: &str| events.iter().filter(|it| it.kind == kind).count();
    let offered = events.iter().find(|it| it.kind == "offer").unwrap();
    assert!(
        offered.detail.ends_with("snponly.efi over HTTP"),
        "{offered:?}"
    );
    assert_eq!(count("loader"), 1, "{events:?}");
    assert_eq!(count("installed"), 1, "{events:?}");
    scenario.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_boots_over_http_installs() {
    installs(Scenario::up("http-boot", machines()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_boots_over_http_installs_beside_another_dhcp_server() {
    let scenario = Scenario::up_beside_dhcp("http-boot-proxy", machines()).await;
    installs(scenario.unwrap()).await;
}
