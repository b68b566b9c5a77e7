//! From what is known of a disk to the kernel line: the older install is wiped where it is ours, or a
//! person asked for it; in one boot, under the open permission.

use std::time::Duration;

use machine_core::attempt::{Attempt, AttemptEnd, Release};
use machine_core::boot::{Boot, BootStep};
use machine_core::id::{AttemptId, BootId, IntentId};
use machine_core::intent::{Intent, IntentEnd};
use machine_core::network::DhcpMode;
use machine_core::power::{PowerObservation, PowerState};
use machine_core::time::Timestamp;
use machine_store::boots;
use machine_store::change::{AttemptWrite, Change, IntentWrite};
use pxe_server::directory::ScriptAnswer;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;

const WIPE: &str = "talos.experimental.wipe=system";
/// The attempt of an earlier permission, whose config is on the disk.
const EARLIER: AttemptId = AttemptId::from_bytes([8; 16]);

impl Rack {
    /// With a machine whose BMC says that it is on.
    async fn with_bmc() -> Self {
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        let mode = DhcpMode::Authoritative { ranges };
        Self::with(mode, Some(PowerObservation::Is(PowerState::On))).await
    }

    /// Whether the next boot of the machine, switched on by us, gets an installer that wipes.
    async fn wipes(&self) -> bool {
        self.power_on().await;
        let boot = self.dhcp(&machine()).await;
        match Box::pin(self.script(&machine(), boot)).await.unwrap() {
            ScriptAnswer::Boot { arguments, .. } => arguments.iter().any(|it| it == WIPE),
            other => panic!("wanted an installer, got {other:?}"),
        }
    }

    /// The system of a boot started long ago, and has asked for no config.
    async fn starts_and_does_not_ask(&self, boot: BootId) {
        let site = &self.directory.site;
        let boot = boots::find(&site.db, boot).await.unwrap().unwrap();
        let long = 2 * site.config_request_timeout;
        let at = Timestamp::from_millis(now().as_millis() - millis(long));
        let started = Boot {
            step: BootStep::System,
            step_at: at,
            ..boot
        };
        site.commit.submit(started).await.unwrap();
    }

    /// An earlier install of Drover's on this disk.
    async fn was_installed_on(&self, disk: &str) {
        let at = now();
        let id = IntentId::from_bytes([9; 16]);
        let mut installed = Attempt {
            id: EARLIER,
            intent: id,
            closed: Some((at, AttemptEnd::Installed)),
            release: Some(Release::fetched(at, machine().address, [1; 32])),
            ..attempt(at)
        };
        installed.assignment.disk = disk.parse().unwrap();
        let permission = Intent {
            id,
            opened: Timestamp::from_millis(0),
            closed: Some((at, IntentEnd::Fulfilled)),
            ..intent(at)
        };
        let change = Change {
            intents: vec![IntentWrite::Open(permission)],
            attempts: vec![AttemptWrite::Open(installed)],
            ..Change::default()
        };
        self.write(&change).await;
    }

    /// Its services say that they run on the config of the earlier install, and the plan is made.
    async fn says_what_it_runs_on(&self, boot: BootId) {
        let reconciler = &self.directory.reconciler;
        reconciler.heard().found_config(MACHINE, boot, EARLIER);
        reconciler.advance(MACHINE).await.unwrap();
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap()
}

#[tokio::test]
async fn an_install_with_our_own_tag_on_the_permitted_disk_is_wiped_by_one_boot() {
    let rack = Rack::with_bmc().await;
    rack.was_installed_on("serial:DISK1").await;
    rack.power_on().await;
    let (boot, _) = rack.boots(&machine()).await;
    rack.starts_and_does_not_ask(boot).await;
    rack.says_what_it_runs_on(boot).await;
    let told = rack.told("wipe").await;
    assert!(told[0].contains("serial:DISK1"), "{told:?}");
    assert!(rack.wipes().await, "the next boot wipes");
    let told = rack.told("wipe").await;
    assert!(
        told[1].starts_with("wipes the older install on serial:DISK1"),
        "{told:?}"
    );
    assert!(!rack.wipes().await, "or it would wipe what it installs");
}

#[tokio::test]
async fn an_install_with_our_own_tag_on_another_disk_is_not_wiped() {
    let rack = Rack::with_bmc().await;
    rack.was_installed_on("serial:DISK2").await;
    rack.power_on().await;
    let (boot, _) = rack.boots(&machine()).await;
    rack.starts_and_does_not_ask(boot).await;
    rack.says_what_it_runs_on(boot).await;
    assert_eq!(rack.told("wipe").await, Vec::<String>::new());
    assert!(!rack.wipes().await);
}
