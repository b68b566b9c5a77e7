//! Beside a DHCP server that knows nothing of booting, as in most networks: machines with real
//! firmware become a cluster all the same, and Drover gives nobody an address.
//!
//! Needs root, the packages of `scripts/install-packages test` and the node image.

use std::time::Duration;

use e2e::planned::Planned;
use e2e::scenario::Scenario;
use testbed::machine::Machine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);

#[tokio::test(flavor = "multi_thread")]
async fn uefi_and_bios_become_a_cluster_beside_another_dhcp_server() {
    let machines = vec![
        Planned::control_plane(Machine::uefi("cp-1")),
        // It asks the network at every start; the answer for its disk is silence.
        Planned::worker(Machine::bios("worker-1").network_first()),
    ];
    let scenario = Scenario::up_beside_dhcp("proxy", machines).await.unwrap();
    scenario.apply_cluster().await.unwrap();
    for name in ["cp-1", "worker-1"] {
        scenario.wait_active(name, LONG).await.unwrap();
    }
    scenario.wait_ready(LONG).await.unwrap();
    for member in scenario.members() {
        let events = member.timeline.events();
        let count = |kind: &str| events.iter().filter(|it| it.kind == kind).count();
        assert_eq!(count("lease"), 0, "{events:?}");
        assert_eq!(count("installed"), 1, "{events:?}");
        assert_eq!(count("attempt"), 1, "{events:?}");
    }
    scenario.finish().await.unwrap();
}
