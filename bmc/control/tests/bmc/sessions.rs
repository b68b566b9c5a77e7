//! Sessions: one login for one operation, opened anew when the BMC has lost it; logins that lose
//! step; what a BMC makes of a boot override.

use std::time::Duration;

use bmc_control::bmc::{BmcSession, BootOverrideOutcome, PowerChange, ShutdownRequest};
use bmc_control::connect::Connector;
use bmc_control::error::BmcError;
use bmc_control::limits::Limits;
use machine_core::power::{BootDevice, BootOverride, PowerState};

use crate::model_bmc::ModelBmc;
use crate::model_bmc::model::commands::Shutdown;
use crate::model_bmc::model::lie::Lie;
use crate::model_bmc::model::{self, SUITE_17};
use crate::trouble::{LIVELY, driver, limits};

const NETWORK: BootOverride = BootOverride {
    device: BootDevice::Network,
    efi: true,
};

async fn session(rig: &ModelBmc) -> Box<dyn BmcSession> {
    let connector = Connector::new(LIVELY);
    let bmc = driver(&connector, rig.address, "secret123");
    bmc.session().await.unwrap()
}

fn logins(rig: &ModelBmc) -> usize {
    rig.bmc.lock().unwrap().logins
}

#[tokio::test]
async fn an_operation_logs_in_once_however_often_it_looks() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    let mut session = session(&rig).await;
    assert_eq!(logins(&rig), 0, "nothing is sent before it is asked");
    let change = session.set_power(PowerState::On).await.unwrap();
    assert_eq!(change, PowerChange::Commanded);
    for _ in 0..40 {
        assert_eq!(session.power().await.unwrap(), PowerState::On);
    }
    session.close().await;
    assert_eq!(logins(&rig), 1);
    let closed = rig.bmc.lock().unwrap().command_log.last().cloned().unwrap();
    assert_eq!((closed.0, closed.1), (0x06, 0x3c));
}

#[tokio::test]
async fn a_session_that_the_bmc_lost_is_opened_anew_by_the_next_question() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    let connector = Connector::new(limits(Duration::from_millis(100), 4));
    let bmc = driver(&connector, rig.address, "secret123");
    let mut session = bmc.session().await.unwrap();
    assert_eq!(session.power().await.unwrap(), PowerState::Off);
    // It restarts, and knows nothing of the session.
    *rig.bmc.lock().unwrap() = model::Bmc::new();
    let error = session.power().await.unwrap_err();
    assert!(matches!(error, BmcError::NoAnswer { .. }), "{error:?}");
    assert!(!error.is_lasting());
    assert_eq!(session.power().await.unwrap(), PowerState::Off);
    session.close().await;
}

#[tokio::test]
async fn a_bmc_has_one_session_at_a_time() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    let limits = Limits {
        operation: Duration::from_millis(50),
        ..LIVELY
    };
    let connector = Connector::new(limits);
    let [first, second] = [(); 2].map(|()| driver(&connector, rig.address, "secret123"));
    let held = first.session().await.unwrap();
    let error = second.session().await.unwrap_err();
    assert!(matches!(error, BmcError::Deadline { .. }), "{error:?}");
    held.close().await;
    second.session().await.unwrap().close().await;
}

/// RAKP-1 and RAKP-3 refused because the BMC has lost the session: the login begins anew, once.
#[tokio::test]
async fn a_login_that_lost_step_begins_anew_once() {
    for (kind, status) in [(0x12, 0x08), (0x12, 0x02), (0x14, 0x02), (0x14, 0x08)] {
        let mut bmc = model::Bmc::new();
        bmc.suites = vec![SUITE_17];
        bmc.lie = Lie::StatusOnce(kind, status);
        let rig = ModelBmc::start(bmc).await;
        let mut session = session(&rig).await;
        assert_eq!(session.power().await.unwrap(), PowerState::Off);
        assert_eq!(logins(&rig), 1, "{kind:#04x} {status:#04x}");

        let mut bmc = model::Bmc::new();
        bmc.suites = vec![SUITE_17];
        bmc.lie = Lie::Status(kind, status);
        let rig = ModelBmc::start(bmc).await;
        let mut session = self::session(&rig).await;
        let error = session.power().await.unwrap_err();
        assert!(matches!(error, BmcError::Refused { .. }), "{error:?}");
        let asked = rig.bmc.lock().unwrap().asked.len();
        assert_eq!(asked, 2, "{kind:#04x} {status:#04x}");
    }
}

#[tokio::test]
async fn a_system_is_asked_to_shut_down_where_the_bmc_can() {
    for (shutdown, on, request) in [
        (Shutdown::Obeyed, true, ShutdownRequest::Asked),
        (Shutdown::Unheard, true, ShutdownRequest::Asked),
        (Shutdown::Unknown, true, ShutdownRequest::NotOffered),
        (Shutdown::Obeyed, false, ShutdownRequest::AlreadyOff),
    ] {
        let mut bmc = model::Bmc::new();
        bmc.power = on;
        bmc.shutdown = shutdown;
        let rig = ModelBmc::start(bmc).await;
        let mut session = session(&rig).await;
        assert_eq!(session.shut_down().await.unwrap(), request, "{shutdown:?}");
        let off = !on || shutdown == Shutdown::Obeyed;
        let is_off = session.power().await.unwrap() == PowerState::Off;
        assert_eq!(is_off, off, "{shutdown:?}");
    }
}

async fn overridden(bmc: model::Bmc) -> (BootOverrideOutcome, ModelBmc) {
    let rig = ModelBmc::start(bmc).await;
    let mut session = session(&rig).await;
    let outcome = session.set_boot(NETWORK).await.unwrap();
    session.close().await;
    (outcome, rig)
}

#[tokio::test]
async fn a_boot_device_that_is_not_kept_is_written_in_another_way() {
    for (lie, efi_kept) in [
        (Lie::None, true),
        (Lie::DropsDeviceUnlessInProgress, true),
        (Lie::DropsDeviceWithEfi, false),
    ] {
        let mut bmc = model::Bmc::new();
        bmc.lie = lie;
        let (outcome, _rig) = overridden(bmc).await;
        assert!(outcome.device_kept(), "{lie:?}: {outcome:?}");
        assert_eq!(outcome.efi_kept(), efi_kept, "{lie:?}: {outcome:?}");
    }
    let mut bmc = model::Bmc::new();
    bmc.lie = Lie::DropsDevice;
    let (outcome, rig) = overridden(bmc).await;
    assert!(!outcome.device_kept(), "{outcome:?}");
    assert!(outcome.valid && !outcome.is_as_asked(), "{outcome:?}");
    let bmc = rig.bmc.lock().unwrap();
    let is_flags = |it: &&(u8, u8, Vec<u8>)| (it.0, it.1) == (0x00, 0x08) && it.2[0] == 5;
    assert_eq!(bmc.command_log.iter().filter(is_flags).count(), 3);
}

#[tokio::test]
async fn a_boot_override_outlives_its_sixty_seconds_where_the_bmc_can() {
    let (outcome, rig) = overridden(model::Bmc::new()).await;
    assert!(outcome.is_as_asked(), "{outcome:?}");
    assert_eq!(rig.bmc.lock().unwrap().kept_through, 0b0000_1000);
    let mut bmc = model::Bmc::new();
    bmc.knows_parameter_3 = false;
    bmc.knows_parameter_0 = false;
    let (outcome, _rig) = overridden(bmc).await;
    assert!(outcome.is_as_asked(), "{outcome:?}");
}

#[tokio::test]
async fn a_read_back_of_fewer_bytes_than_five_is_none() {
    let mut bmc = model::Bmc::new();
    bmc.told_flags = 3;
    let (outcome, _rig) = overridden(bmc).await;
    assert_eq!(outcome.read_back, None);
    assert!(!outcome.device_kept() && !outcome.is_as_asked());
    let mut bmc = model::Bmc::new();
    bmc.unknown = vec![(0x00, 0x09)];
    let (outcome, _rig) = overridden(bmc).await;
    assert_eq!(outcome.read_back, None);
}
