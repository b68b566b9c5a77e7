//! A machine that enforces Secure Boot with Microsoft's keys: shim, GRUB and the kernel that Debian
//! signed bring it to its system, and that installs.
//!
//! What it installs is not signed, so its firmware does not start it: the test ends there. Needs root,
//! the packages of `scripts/install-packages test` and the node image.

use std::time::Duration;

use e2e::documents::Choices;
use e2e::planned::Planned;
use e2e::scenario::Scenario;
use testbed::machine::Machine;

/// Only so that what hangs ends: six times what a loaded host takes.
const LONG: Duration = Duration::from_mins(8);

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_with_secure_boot_installs_by_shim_and_grub() {
    // GRUB says the board's UUID and serial number: a machine of which they are registered gets
    // nothing without them.
    let machine = Machine::uefi("cp-1").secure_boot().memory(1024);
    let machines = vec![Planned::control_plane(machine).with_board()];
    let choices = Choices {
        subnet: ", loader: grub",
        ..Choices::USUAL
    };
    let scenario = Scenario::up_with("secure-boot", machines, choices);
    let scenario = scenario.await.unwrap();
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member("cp-1").unwrap();
    // As the kernel's first code says it, which asks the firmware.
    let enforced = "UEFI Secure Boot is enabled";
    let console = member.machine.console();
    console.wait_for(enforced, LONG).await.unwrap();
    let installed = member
        .timeline
        .wait_for("installed", LONG, |event| event.kind == "installed");
    installed.await.unwrap();
    let events = member.timeline.events();
    let place = |kind: &str| {
        let place = events.iter().position(|event| event.kind == kind);
        place.unwrap_or_else(|| panic!("no {kind}: {events:?}"))
    };
    let steps = [
        "discover",
        "loader",
        "script",
        "kernel",
        "initrd",
        "config",
        "installed",
    ];
    assert!(steps.map(place).is_sorted(), "{events:?}");
    let loader = &events[place("loader")].detail;
    assert!(loader.starts_with("shimx64.efi, "), "{loader}");
    scenario.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn its_firmware_refuses_a_loader_that_nobody_signed() {
    let machine = Machine::uefi("cp-1").secure_boot();
    let machines = vec![Planned::control_plane(machine)];
    let scenario = Scenario::up("secure-boot-unsigned", machines)
        .await
        .unwrap();
    scenario.apply_cluster().await.unwrap();
    let member = scenario.member("cp-1").unwrap();
    let console = member.machine.console();
    console.wait_for("Access Denied", LONG).await.unwrap();
    let loaded = |kind: &str| member.timeline.events().iter().any(|it| it.kind == kind);
    assert!(!loaded("ipxe") && !loaded("script"));
    scenario.finish().await.unwrap();
}
