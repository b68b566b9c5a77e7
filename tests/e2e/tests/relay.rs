//! Machines behind a router with a real relay agent: they are found, install and become a cluster,
//! though Drover sees neither their cards nor their broadcasts.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.

use std::time::Duration;

use e2e::planned::Planned;
use e2e::scenario::Scenario;
use testbed::machine::Machine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);

#[tokio::test(flavor = "multi_thread")]
async fn machines_behind_a_relay_become_a_cluster() {
    let machines = vec![
        Planned::control_plane(Machine::uefi("cp-1")),
        Planned::worker(Machine::bios("worker-1").network_first()),
    ];
    let scenario = Scenario::up_behind_relay("relay", machines).await.unwrap();
    scenario.apply_cluster().await.unwrap();
    for name in ["cp-1", "worker-1"] {
        scenario.wait_active(name, LONG).await.unwrap();
    }
    scenario.wait_ready(LONG).await.unwrap();
    scenario.finish().await.unwrap();
}
