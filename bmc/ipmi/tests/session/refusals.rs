//! Logins that fail: who lies, what is wrong, and what a BMC says.

use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::error::{AuthenticationFailure, Ignored, IpmiError, RakpStatus, Step, SuiteRefusal};
use bmc_ipmi::login::{BmcKey, Login, Password};
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::session::Handled;
use machine_core::endpoint::IpmiWorkarounds;

use crate::model::lie::Lie;
use crate::model::{Bmc, SUITE_3};
use crate::network::step;
use crate::wire::{Wire, failed, login, session, session_of, settings};

/// Whoever stands in the BMC's place gets no byte that depends on the password.
#[test]
fn a_rogue_bmc_gets_no_rakp_3() {
    use AuthenticationFailure::PasswordDiffers;
    let chose = |algorithms| IpmiError::CipherSuiteRefused {
        suite: CipherSuite::Suite17,
        refusal: SuiteRefusal::Chose(algorithms),
    };
    let mut cases = vec![
        (Lie::Ipmi15Only, IpmiError::NoRmcpPlus),
        (
            Lie::WrongRakp2,
            IpmiError::AuthenticationFailed(PasswordDiffers),
        ),
        (
            Lie::ShortRakp2,
            IpmiError::AuthenticationFailed(PasswordDiffers),
        ),
    ];
    // Suites 0, 1, 2, 6, 7, 8, 11, 12, 15, 16 and 3, which was not asked for.
    for algorithms in [
        [0, 0, 0],
        [1, 0, 0],
        [1, 1, 0],
        [2, 0, 0],
        [2, 2, 0],
        [2, 2, 1],
        [2, 3, 0],
        [2, 3, 1],
        [3, 0, 0],
        [3, 4, 0],
        SUITE_3,
    ] {
        cases.push((Lie::Chooses(algorithms), chose(algorithms)));
    }
    for (lie, expected) in cases {
        let mut bmc = Bmc::new();
        bmc.lie = lie;
        let (error, bmc) = failed(session(CipherSuite::Suite17), bmc);
        assert_eq!(error, expected, "{lie:?}");
        assert!(!bmc.handshake_log.contains(&0x14), "{lie:?}");
    }
}

#[test]
fn wrong_logins() {
    use AuthenticationFailure::{BmcKeyDiffers, PasswordDiffers, UnknownUser};
    let wrong_password = Login {
        password: Password::new("secret124"),
        ..login()
    };
    let wrong_user = Login {
        username: "ROOT".to_owned(),
        ..login()
    };
    let wrong_key = Login {
        bmc_key: Some(BmcKey::from_bytes([7; 20])),
        ..login()
    };
    for suite in [CipherSuite::Suite17, CipherSuite::Suite3] {
        for (login, failure, rakp_3) in [
            (&wrong_password, PasswordDiffers, false),
            (&wrong_user, UnknownUser, false),
            (&wrong_key, BmcKeyDiffers, true),
        ] {
            let session = session_of(login.clone(), settings(suite)).unwrap();
            let (error, bmc) = failed(session, Bmc::new());
            assert_eq!(error, IpmiError::AuthenticationFailed(failure));
            assert_eq!(bmc.handshake_log.contains(&0x14), rakp_3);
        }
    }
}

#[test]
fn a_wrong_check_in_rakp_4_is_no_session() {
    let mut bmc = Bmc::new();
    bmc.lie = Lie::WrongRakp4;
    let (error, bmc) = failed(session(CipherSuite::Suite3), bmc);
    let failure = AuthenticationFailure::BmcKeyDiffers;
    assert_eq!(error, IpmiError::AuthenticationFailed(failure));
    assert!(bmc.command_log.is_empty());
}

#[test]
fn each_status_has_its_error() {
    let failed_as = |failure| IpmiError::AuthenticationFailed(failure);
    let status = |status| RakpStatus(status);
    let privilege = |got: &str| IpmiError::PrivilegeRefused {
        wanted: Privilege::Operator,
        got: got.to_owned(),
    };
    for (kind, code, expected) in [
        (
            0x10,
            0x11,
            IpmiError::CipherSuiteRefused {
                suite: CipherSuite::Suite17,
                refusal: SuiteRefusal::Status(status(0x11)),
            },
        ),
        (0x10, 0x01, IpmiError::NoFreeSession { status: status(1) }),
        (0x10, 0x09, privilege("status 0x09 (invalid role)")),
        (0x12, 0x0d, failed_as(AuthenticationFailure::UnknownUser)),
        (
            0x12,
            0x0a,
            privilege("status 0x0a (unauthorized role or privilege level)"),
        ),
        (
            0x12,
            0x02,
            IpmiError::SessionRefused {
                step: Step::Rakp1,
                status: status(2),
            },
        ),
        (0x14, 0x0f, failed_as(AuthenticationFailure::ProofRefused)),
        (
            0x14,
            0x08,
            IpmiError::SessionRefused {
                step: Step::Rakp3,
                status: status(8),
            },
        ),
    ] {
        let mut bmc = Bmc::new();
        bmc.lie = Lie::Status(kind, code);
        let (error, _) = failed(session(CipherSuite::Suite17), bmc);
        assert_eq!(error, expected, "{kind:#04x} answered {code:#04x}");
    }
}

#[test]
fn a_user_may_be_too_small() {
    let mut bmc = Bmc::new();
    bmc.limit = 2;
    let (error, _) = failed(session(CipherSuite::Suite17), bmc);
    assert!(
        matches!(&error, IpmiError::PrivilegeRefused { got, .. } if got.contains("0x81")),
        "{error}"
    );
}

#[test]
fn names_and_passwords_that_do_not_fit() {
    for (username, password, what) in [
        ("a-name-of-17-byte", "x", "user name"),
        ("x", "a-password-of-21-byte", "password"),
    ] {
        let login = Login {
            username: username.to_owned(),
            password: Password::new(password),
            bmc_key: None,
            workarounds: IpmiWorkarounds::default(),
        };
        let error = session_of(login, settings(CipherSuite::Suite17)).unwrap_err();
        assert!(matches!(error, IpmiError::TooLong { what: w, .. } if w == what));
        assert!(!error.to_string().contains("a-password"));
    }
}

/// Refusals as `OpenBMC` sends them, and what they say: neither our tag nor our id is in them.
#[test]
fn refusals_without_our_tag_are_taken_for_what_they_are() {
    let cases = [
        (
            include_str!("../cases/ipmi-rakp2-error-tag0-unauth-name.hex"),
            2,
            IpmiError::AuthenticationFailed(AuthenticationFailure::UnknownUser),
        ),
        (
            include_str!("../cases/ipmi-rakp4-error-tag0-bad-session.hex"),
            3,
            IpmiError::SessionRefused {
                step: Step::Rakp3,
                status: RakpStatus(0x02),
            },
        ),
    ];
    for (text, stage, expected) in cases {
        let datagram = bytes(text);
        let mut wire = Wire::new(session(CipherSuite::Suite3), Bmc::new());
        step(&mut wire, stage);
        wire.transmit().unwrap();
        assert_eq!(wire.session.handle(&datagram), Handled::Failed(expected));
    }
}

pub(super) fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let byte = |index| u8::from_str_radix(&digits[index..index + 2], 16).unwrap();
    (0..digits.len()).step_by(2).map(byte).collect()
}

#[test]
fn a_bmc_that_forgets_our_tag_refuses_at_once() {
    let mut bmc = Bmc::new();
    bmc.untagged = true;
    bmc.username = b"root".to_vec();
    let (error, bmc) = failed(session(CipherSuite::Suite17), bmc);
    let unknown = AuthenticationFailure::UnknownUser;
    assert_eq!(error, IpmiError::AuthenticationFailed(unknown));
    assert_eq!(bmc.handshake_log, [0x10, 0x12]);
}

#[test]
fn a_refusal_of_another_session_is_none() {
    let mut wire = Wire::new(session(CipherSuite::Suite17), Bmc::new());
    step(&mut wire, 2);
    wire.transmit().unwrap();
    let mut refusal = bytes(include_str!(
        "../cases/ipmi-rakp2-error-tag0-unauth-name.hex"
    ));
    refusal[20] = 0x17; // the console's id
    assert_eq!(
        wire.session.handle(&refusal),
        Handled::Ignored(Ignored::AnotherSession)
    );
}

/// The answer to the first RAKP-3 is lost: the BMC has opened the session, and refuses the second.
#[test]
fn a_lost_rakp_4_is_no_refusal_of_the_user() {
    for untagged in [false, true] {
        let mut bmc = Bmc::new();
        bmc.untagged = untagged;
        let mut wire = Wire::new(session(CipherSuite::Suite17), bmc);
        let mut count = 0;
        let end = wire.run(|| {
            count += 1;
            count == 8 // the answer to the first RAKP-3
        });
        match end {
            Handled::Failed(error) => assert!(error.is_out_of_step(), "{error}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn only_a_login_that_lost_step_is_worth_another() {
    for (kind, code, begins_anew) in [
        (0x12, 0x02, true),
        (0x12, 0x08, true),
        (0x14, 0x02, true),
        (0x14, 0x08, true),
        (0x14, 0x0f, false),
        (0x12, 0x0d, false),
        (0x12, 0x12, false),
        (0x10, 0x01, false),
    ] {
        let mut bmc = Bmc::new();
        bmc.lie = Lie::Status(kind, code);
        let (error, _) = failed(session(CipherSuite::Suite17), bmc);
        assert_eq!(error.is_out_of_step(), begins_anew, "{kind:#04x}: {error}");
    }
}

#[test]
fn a_bmc_that_cut_the_password_is_told_apart() {
    for suite in [CipherSuite::Suite17, CipherSuite::Suite3] {
        let mut bmc = Bmc::new();
        bmc.password = b"a-password-of-17"[..].to_vec();
        let longer = Login {
            password: Password::new("a-password-of-17b"),
            ..login()
        };
        let (error, bmc) = failed(session_of(longer, settings(suite)).unwrap(), bmc);
        let cut = AuthenticationFailure::PasswordCut;
        assert_eq!(error, IpmiError::AuthenticationFailed(cut));
        assert!(error.to_string().contains("at most 16 bytes"), "{error}");
        assert!(!bmc.handshake_log.contains(&0x14));
    }
}

/// A BMC that took long for RAKP-1 may hold a newer random number than we do: no wrong password.
#[test]
fn a_proof_refused_after_a_resent_rakp_1_is_no_failed_login() {
    let mut bmc = Bmc::new();
    bmc.lie = Lie::Status(0x14, 0x0f);
    let mut wire = Wire::new(session(CipherSuite::Suite17), bmc);
    let mut count = 0;
    let end = wire.run(|| {
        count += 1;
        count == 6 // the answer to the first RAKP-1
    });
    let refused = IpmiError::SessionRefused {
        step: Step::Rakp3,
        status: RakpStatus(0x0f),
    };
    assert!(refused.is_out_of_step());
    assert_eq!(end, Handled::Failed(refused));
}
