//! Logins that succeed, with all that a BMC may ask for.

use bmc_ipmi::application::{GetSystemGuid, SystemGuid};
use bmc_ipmi::chassis::{
    BootFlags, ChassisControl, ChassisStatus, GetBootFlags, GetChassisStatus, SetBootOptions,
};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::error::{AuthenticationFailure, IpmiError};
use bmc_ipmi::login::{BmcKey, Login, Password};
use bmc_ipmi::session::Handled;
use machine_core::endpoint::IpmiWorkarounds;
use machine_core::power::{BootDevice, BootOverride, PowerState};

use crate::model::Bmc;
use crate::model::lie::Lie;
use crate::wire::{Wire, failed, login, session_of, settings};

#[test]
fn power_and_boot_order_with_both_suites() {
    let keys = [None, Some(*b"a-key-of-twenty-byte")];
    for (suite, bmc_key) in [CipherSuite::Suite17, CipherSuite::Suite3]
        .into_iter()
        .flat_map(|suite| keys.map(|key| (suite, key)))
    {
        let mut bmc = Bmc::new();
        bmc.k_g = bmc_key;
        let mut login = login();
        login.bmc_key = bmc_key.map(BmcKey::from_bytes);
        let session = session_of(login, settings(suite)).unwrap();
        let mut wire = Wire::new(session, bmc);
        assert_eq!(wire.run(|| false), Handled::Opened, "suite {suite}");
        assert_eq!(wire.bmc.handshake_log, [0x10, 0x12, 0x14]);

        let status = |power| ChassisStatus {
            power,
            fault: false,
        };
        assert_eq!(wire.call(GetChassisStatus), status(PowerState::Off));
        wire.call(ChassisControl::PowerUp);
        assert_eq!(wire.call(GetChassisStatus), status(PowerState::On));

        let wanted = BootOverride {
            device: BootDevice::Network,
            efi: true,
        };
        wire.call(SetBootOptions::Unseen);
        wire.call(SetBootOptions::Flags(wanted));
        assert_eq!(wire.bmc.boot_flags, [0xa0, 0x04, 0, 0, 0]);
        assert_eq!(wire.call(GetBootFlags), BootFlags::once(wanted));
        assert_eq!(wire.call(GetSystemGuid), SystemGuid(*b"guid-of-a-system"));

        wire.session.close();
        assert_eq!(wire.run(|| false), Handled::Closed);
        assert!(wire.session.is_over());
        let last = wire.bmc.command_log.last().unwrap();
        assert_eq!((last.0, last.1), (0x06, 0x3c));
    }
}

/// A BMC with its firmware's fault, and the work-around for it.
fn faulty(name: &str) -> (Bmc, IpmiWorkarounds) {
    let mut bmc = Bmc::new();
    match name {
        "intel20" => {
            bmc.pads_names = true;
            bmc.keys_from_open_session = true;
        }
        "opensesspriv" => bmc.keys_from_open_session = true,
        "sun20" => {
            bmc.lie = Lie::LongRakp2;
            bmc.keys_from_open_session = true;
        }
        "supermicro20" => bmc.lie = Lie::LongRakp2,
        other => panic!("which fault does {other} work around?"),
    }
    (bmc, IpmiWorkarounds::of_names([name]).unwrap())
}

#[test]
fn faulty_firmware_is_logged_in_to_with_its_work_around_and_not_without() {
    for name in IpmiWorkarounds::NAMES {
        let (bmc, workarounds) = faulty(name);
        let told = Login {
            workarounds,
            ..login()
        };
        let session = session_of(told.clone(), settings(CipherSuite::Suite3)).unwrap();
        let mut wire = Wire::new(session, bmc);
        assert_eq!(wire.run(|| false), Handled::Opened, "{name}");
        assert_eq!(wire.call(GetChassisStatus).power, PowerState::Off, "{name}");

        let (bmc, _) = faulty(name);
        let session = session_of(login(), settings(CipherSuite::Suite3)).unwrap();
        let (error, bmc) = failed(session, bmc);
        assert!(
            matches!(error, IpmiError::AuthenticationFailed(_)),
            "{name}: {error}"
        );
        assert_eq!(bmc.logins, 0, "{name}");
    }
}

#[test]
fn a_byte_too_many_is_no_way_around_the_password() {
    let (bmc, workarounds) = faulty("supermicro20");
    let wrong = Login {
        password: Password::new("secret124"),
        workarounds,
        ..login()
    };
    let (error, bmc) = failed(
        session_of(wrong, settings(CipherSuite::Suite3)).unwrap(),
        bmc,
    );
    let differs = AuthenticationFailure::PasswordDiffers;
    assert_eq!(error, IpmiError::AuthenticationFailed(differs));
    assert!(!bmc.handshake_log.contains(&0x14));
}

#[test]
fn the_anonymous_user_logs_in() {
    let mut bmc = Bmc::new();
    bmc.username = Vec::new();
    let nobody = Login {
        username: String::new(),
        ..login()
    };
    let mut wire = Wire::new(
        session_of(nobody, settings(CipherSuite::Suite17)).unwrap(),
        bmc,
    );
    assert_eq!(wire.run(|| false), Handled::Opened);
}

#[test]
fn a_system_is_asked_to_shut_down() {
    let mut bmc = Bmc::new();
    bmc.power = true;
    let mut wire = Wire::new(
        session_of(login(), settings(CipherSuite::Suite17)).unwrap(),
        bmc,
    );
    assert_eq!(wire.run(|| false), Handled::Opened);
    wire.call(ChassisControl::SoftShutdown);
    assert_eq!(wire.call(GetChassisStatus).power, PowerState::Off);
    assert!(wire.bmc.command_log.contains(&(0x00, 0x02, vec![5])));
}
