//! What every driver must do, on every BMC that stands behind the trait here: the real emulator
//! `ipmi_sim` (suite 3) and our model (suite 17).

use std::net::SocketAddr;
use std::time::Duration;

use bmc_control::bmc::{Bmc, BmcIdentity, BootOverrideOutcome, PowerChange, ShutdownRequest};
use bmc_control::board::{BoardMatch, match_board};
use bmc_control::connect::Connector;
use bmc_control::error::BmcError;
use bmc_control::limits::Limits;
use bmc_ipmi::error::{AuthenticationFailure, IpmiError};
use bmc_ipmi::login::Password;
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::hardware::SystemUuid;
use machine_core::power::{BootDevice, BootOverride, PowerState};

use crate::ipmi_sim::IpmiSim;
use crate::model_bmc::{ModelBmc, model};

/// A BMC that the suite runs on. It has a user `ADMIN` with the password `secret123`.
trait Rig {
    fn address(&self) -> SocketAddr;
    /// The power commands that reached the chassis.
    fn power_commands(&self) -> usize;
    /// Whether it keeps the EFI flag and says that an override is valid.
    fn keeps_flags(&self) -> bool;
    /// Its GUID as a UUID.
    fn uuid(&self) -> SystemUuid;
}

impl Rig for IpmiSim {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn power_commands(&self) -> usize {
        let is_power = |line: &&String| line.starts_with("set power");
        self.chassis_log().iter().filter(is_power).count()
    }

    fn keeps_flags(&self) -> bool {
        false
    }

    fn uuid(&self) -> SystemUuid {
        "a1234567-89ab-cdef-a123-456789abcdef".parse().unwrap()
    }
}

impl Rig for ModelBmc {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn power_commands(&self) -> usize {
        let is_power =
            |(function, command, _): &&(u8, u8, Vec<u8>)| (*function, *command) == (0, 2);
        self.bmc
            .lock()
            .unwrap()
            .command_log
            .iter()
            .filter(is_power)
            .count()
    }

    fn keeps_flags(&self) -> bool {
        true
    }

    fn uuid(&self) -> SystemUuid {
        SystemUuid::from_bytes(*b"guid-of-a-system")
    }
}

fn driver(connector: &Connector, rig: &dyn Rig, username: &str, password: &str) -> Box<dyn Bmc> {
    let endpoint = BmcEndpoint::Ipmi(IpmiEndpoint::new(rig.address(), username));
    connector.connect(&endpoint, Password::new(password))
}

async fn set_power(bmc: &dyn Bmc, wanted: PowerState) -> Result<PowerChange, BmcError> {
    let mut session = bmc.session().await?;
    let change = session.set_power(wanted).await;
    session.close().await;
    change
}

async fn set_boot(bmc: &dyn Bmc, wanted: BootOverride) -> Result<BootOverrideOutcome, BmcError> {
    let mut session = bmc.session().await?;
    let outcome = session.set_boot(wanted).await;
    session.close().await;
    outcome
}

async fn identity_of(bmc: &dyn Bmc) -> Result<BmcIdentity, BmcError> {
    let mut session = bmc.session().await?;
    let identity = session.identity().await;
    session.close().await;
    identity
}

/// The whole suite, on one BMC.
async fn every_driver(rig: &dyn Rig) {
    let connector = Connector::new(Limits::DEFAULT);
    let bmc = driver(&connector, rig, "ADMIN", "secret123");
    power_is_a_level(&*bmc, rig).await;
    boot_is_read_back(&*bmc, rig).await;
    identity_is_told(&*bmc, rig).await;
    operations_take_turns(&connector, rig).await;
    wrong_logins_are_refused(rig).await;
}

async fn power_is_a_level(bmc: &dyn Bmc, rig: &dyn Rig) {
    assert_eq!(bmc.power().await.unwrap(), PowerState::Off);
    for (wanted, change) in [
        (PowerState::Off, PowerChange::AlreadyThere),
        (PowerState::On, PowerChange::Commanded),
        (PowerState::On, PowerChange::AlreadyThere),
        (PowerState::Off, PowerChange::Commanded),
        (PowerState::Off, PowerChange::AlreadyThere),
    ] {
        let before = rig.power_commands();
        assert_eq!(set_power(bmc, wanted).await.unwrap(), change, "{wanted}");
        assert_eq!(bmc.power().await.unwrap(), wanted);
        // On a busy host a command may be sent twice; none is sent where none is needed.
        let commanded = rig.power_commands() > before;
        assert_eq!(commanded, change == PowerChange::Commanded, "{wanted}");
    }
}

async fn boot_is_read_back(bmc: &dyn Bmc, rig: &dyn Rig) {
    for (device, efi) in [
        (BootDevice::Network, true),
        (BootDevice::Network, false),
        (BootDevice::Default, false),
    ] {
        let asked = BootOverride { device, efi };
        let outcome = set_boot(bmc, asked).await.unwrap();
        assert_eq!(outcome.asked, asked);
        assert!(outcome.device_kept(), "{outcome:?}");
        assert!(!outcome.persistent, "{outcome:?}");
        assert_eq!(outcome.valid, rig.keeps_flags(), "{outcome:?}");
        assert_eq!(outcome.efi_kept(), rig.keeps_flags() || !efi, "{outcome:?}");
        assert_eq!(outcome.is_as_asked(), rig.keeps_flags(), "{outcome:?}");
    }
}

async fn identity_is_told(bmc: &dyn Bmc, rig: &dyn Rig) {
    let identity = identity_of(bmc).await.unwrap();
    let guid = identity.system_guid.unwrap();
    assert!(guid.is(&rig.uuid()), "{guid:?}");
    let matched = |uuid: &SystemUuid| match_board(identity.system_guid, uuid);
    assert_eq!(matched(&rig.uuid()), BoardMatch::Same);
    let other = SystemUuid::from_bytes([0x17; 16]);
    assert_eq!(matched(&other), BoardMatch::Other(guid));
    assert_ne!(identity.manufacturer, 0);
}

/// The model has room for one session: operations of two drivers for one BMC at once would break.
async fn operations_take_turns(connector: &Connector, rig: &dyn Rig) {
    let [first, second] = [(); 2].map(|()| driver(connector, rig, "ADMIN", "secret123"));
    for _ in 0..5 {
        let (power, identity) = tokio::join!(first.power(), identity_of(&*second));
        assert_eq!(power.unwrap(), PowerState::Off);
        identity.unwrap();
    }
}

async fn wrong_logins_are_refused(rig: &dyn Rig) {
    for (username, password, failure) in [
        ("ADMIN", "secret124", AuthenticationFailure::PasswordDiffers),
        ("ADMIN", "", AuthenticationFailure::PasswordDiffers),
        ("ROOT", "secret123", AuthenticationFailure::UnknownUser),
    ] {
        let connector = Connector::new(Limits::DEFAULT);
        let bmc = driver(&connector, rig, username, password);
        for _ in 0..3 {
            match bmc.power().await.unwrap_err() {
                BmcError::LoginFailed {
                    username: named,
                    source,
                    ..
                } => {
                    assert_eq!(named, username);
                    let expected = IpmiError::AuthenticationFailed(failure);
                    assert_eq!(source.downcast_ref(), Some(&expected));
                }
                other => panic!("{other:?}"),
            }
        }
        // The fourth is refused here, by a new driver too.
        for bmc in [bmc, driver(&connector, rig, username, password)] {
            match bmc.power().await.unwrap_err() {
                error @ BmcError::LockedOut {
                    failures: 3,
                    retry_in,
                    ..
                } => {
                    assert!(retry_in <= Duration::from_mins(10));
                    assert!(error.to_string().contains("not tried"), "{error}");
                }
                other => panic!("{other:?}"),
            }
        }
        // What was corrected is tried at once.
        let corrected = driver(&connector, rig, "ADMIN", "secret123");
        corrected.power().await.unwrap();
    }
}

#[tokio::test]
async fn on_the_emulator() {
    every_driver(&IpmiSim::start()).await;
}

#[tokio::test]
async fn on_the_model() {
    let rig = ModelBmc::start(model::Bmc::new()).await;
    every_driver(&rig).await;
}

/// A BMC that knows no GUID, or has never been told one, says nothing.
#[tokio::test]
async fn a_bmc_that_does_not_say_whose_it_is_contradicts_nothing() {
    let uuid = SystemUuid::from_bytes([0x17; 16]);
    for (guid, knows) in [([0; 16], true), (*b"guid-of-a-system", false)] {
        let mut model = model::Bmc::new();
        model.guid = guid;
        if !knows {
            model.unknown = vec![(0x06, 0x37)];
        }
        let rig = ModelBmc::start(model).await;
        let connector = Connector::new(Limits::DEFAULT);
        let bmc = driver(&connector, &rig, "ADMIN", "secret123");
        let said = identity_of(&*bmc).await.unwrap().system_guid;
        assert_eq!(said.is_some(), knows);
        assert_eq!(match_board(said, &uuid), BoardMatch::Untold);
    }
}

/// Nothing here needs more than the operator's privilege.
#[tokio::test]
async fn an_operator_is_enough() {
    let rig = IpmiSim::start();
    let connector = Connector::new(Limits::DEFAULT);
    let operator = driver(&connector, &rig, "operator", "secret456");
    let change = set_power(&*operator, PowerState::On).await.unwrap();
    assert_eq!(change, PowerChange::Commanded);
    assert_eq!(operator.power().await.unwrap(), PowerState::On);
}

#[tokio::test]
async fn the_anonymous_user_drives_the_emulator() {
    let rig = IpmiSim::start();
    let connector = Connector::new(Limits::DEFAULT);
    let anonymous = driver(&connector, &rig, "", "secret789");
    assert_eq!(anonymous.power().await.unwrap(), PowerState::Off);
}

/// `ipmi_sim` passes the request on to its chassis, whose system obeys.
#[tokio::test]
async fn the_emulators_chassis_is_asked_to_shut_down() {
    let rig = IpmiSim::start();
    let connector = Connector::new(Limits::DEFAULT);
    let bmc = driver(&connector, &rig, "ADMIN", "secret123");
    set_power(&*bmc, PowerState::On).await.unwrap();
    let mut session = bmc.session().await.unwrap();
    let request = session.shut_down().await.unwrap();
    assert_eq!(request, ShutdownRequest::Asked);
    assert_eq!(session.power().await.unwrap(), PowerState::Off);
    assert_eq!(
        session.shut_down().await.unwrap(),
        ShutdownRequest::AlreadyOff
    );
    session.close().await;
}

/// On the model, because the emulator lets a user with the limit "user" be an operator (to ipmitool
/// too).
#[tokio::test]
async fn a_user_is_not_enough() {
    let mut bmc = model::Bmc::new();
    bmc.limit = 2;
    let rig = ModelBmc::start(bmc).await;
    let connector = Connector::new(Limits::DEFAULT);
    let bmc = driver(&connector, &rig, "ADMIN", "secret123");
    let error = set_power(&*bmc, PowerState::On).await.unwrap_err();
    assert!(matches!(error, BmcError::NotAllowed { .. }), "{error:?}");
    assert_eq!(rig.power_commands(), 0);
}

/// The boot device reaches the chassis of the emulator, and is taken back from it.
#[tokio::test]
async fn the_emulators_chassis_boots_from_the_network() {
    let rig = IpmiSim::start();
    let connector = Connector::new(Limits::DEFAULT);
    let bmc = driver(&connector, &rig, "ADMIN", "secret123");
    for device in [BootDevice::Network, BootDevice::Default] {
        let asked = BootOverride { device, efi: true };
        set_boot(&*bmc, asked).await.unwrap();
    }
    let log = rig.chassis_log();
    let boots: Vec<_> = log
        .iter()
        .filter(|line| line.starts_with("set boot"))
        .collect();
    assert_eq!(boots, ["set boot pxe", "set boot none"]);
}
