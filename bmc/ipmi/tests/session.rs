//! Sessions against a model of a BMC: honest ones, lying ones, and a network that loses, doubles and
//! delays.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop"
)]

mod model;

use std::time::Duration;

use bmc_ipmi::application::{GetSystemGuid, SystemGuid};
use bmc_ipmi::chassis::{
    BootFlags, ChassisControl, ChassisStatus, GetBootFlags, GetChassisStatus, SetBootOptions,
};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::command::CompletionCode;
use bmc_ipmi::error::{AuthenticationFailure, IpmiError, RakpStatus, Step, SuiteRefusal};
use bmc_ipmi::login::{BmcKey, Login, Password};
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::reply::Reply;
use bmc_ipmi::retry::Timing;
use bmc_ipmi::session::{Entropy, Handled, Session, Settings};
use ipmi_rs_core::connection::{IpmiCommand, NotEnoughData};
use machine_core::power::{BootDevice, BootOverride, PowerState};
use model::{Bmc, Lie, SUITE_3};
use proptest::prelude::*;

fn login() -> Login {
    Login {
        username: "ADMIN".to_owned(),
        password: Password::new("secret123"),
        bmc_key: None,
    }
}

fn settings(suite: CipherSuite) -> Settings {
    Settings {
        suite,
        privilege: Privilege::Operator,
        timing: Timing::DEFAULT,
    }
}

fn session(suite: CipherSuite) -> Session {
    session_of(login(), settings(suite)).unwrap()
}

fn session_of(login: Login, settings: Settings) -> Result<Session, IpmiError> {
    Session::open(
        login,
        settings,
        Entropy {
            session_id: [0xa1, 0xa2, 0xa3, 0xa4],
            random_number: *b"a-random-number!",
        },
    )
}

/// Both ends and the network between them.
struct Wire {
    session: Session,
    bmc: Bmc,
    now: Duration,
    /// Datagrams that the console sent.
    sent: Vec<Vec<u8>>,
}

impl Wire {
    fn new(session: Session, bmc: Bmc) -> Self {
        Self {
            session,
            bmc,
            now: Duration::ZERO,
            sent: Vec::new(),
        }
    }

    fn transmit(&mut self) -> Option<Vec<u8>> {
        let iv = [u8::try_from(self.sent.len()).unwrap(); 16];
        let datagram = self.session.transmit(iv, self.now)?;
        self.sent.push(datagram.clone());
        Some(datagram)
    }

    /// Until something other than going on happens, with a network that loses what `lost` says.
    fn run(&mut self, mut lost: impl FnMut() -> bool) -> Handled {
        loop {
            while let Some(datagram) = self.transmit() {
                if lost() {
                    continue;
                }
                let Some(answer) = self.bmc.answer(&datagram) else {
                    continue;
                };
                if lost() {
                    continue;
                }
                match self.session.handle(&answer) {
                    Handled::Continued | Handled::Ignored(_) => {}
                    end => return end,
                }
            }
            self.now = self.session.next_deadline().expect("something is due");
            if let Some(error) = self.session.expire(self.now) {
                return Handled::Failed(error);
            }
        }
    }

    fn call<C: IpmiCommand<Error = NotEnoughData>>(&mut self, command: C) -> C::Output {
        self.reply(command).read::<C>().unwrap()
    }

    fn reply<C: IpmiCommand>(&mut self, command: C) -> Reply {
        self.session.request(command).unwrap();
        match self.run(|| false) {
            Handled::Replied(reply) => reply,
            other => panic!("{other:?}"),
        }
    }
}

fn failed(session: Session, bmc: Bmc) -> (IpmiError, Bmc) {
    let mut wire = Wire::new(session, bmc);
    match wire.run(|| false) {
        Handled::Failed(error) => (error, wire.bmc),
        other => panic!("{other:?}"),
    }
}

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
        wire.call(ChassisControl(PowerState::On));
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
    let step = Step::Rakp3;
    let status = RakpStatus(0x0f);
    assert_eq!(
        end,
        Handled::Failed(IpmiError::SessionRefused { step, status })
    );
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
        };
        let error = session_of(login, settings(CipherSuite::Suite17)).unwrap_err();
        assert!(matches!(error, IpmiError::TooLong { what: w, .. } if w == what));
        assert!(!error.to_string().contains("a-password"));
    }
}

#[test]
fn silence_is_a_timeout_that_names_the_step() {
    let mut wire = Wire::new(session(CipherSuite::Suite17), Bmc::new());
    let end = wire.run(|| true);
    let timeout = |step, sends| IpmiError::Timeout {
        step,
        sends,
        ignored: 0,
    };
    assert_eq!(end, Handled::Failed(timeout(Step::Capabilities, 4)));
    assert_eq!(wire.sent.len(), 4);
    assert!(wire.sent.iter().all(|datagram| *datagram == wire.sent[0]));
    assert_eq!(wire.now, Duration::from_secs(7));

    // A suite that is met with silence costs as little as it is told to.
    let mut bmc = Bmc::new();
    bmc.suites = vec![SUITE_3];
    bmc.lie = Lie::SilentOnUnknownSuite;
    let mut settings = settings(CipherSuite::Suite17);
    settings.timing.sends_of_open_session = 2;
    let (error, _) = failed(session_of(login(), settings).unwrap(), bmc);
    assert_eq!(error, timeout(Step::OpenSession, 2));
}

#[test]
fn a_resent_command_keeps_its_request_number_and_takes_a_new_sequence_number() {
    let mut wire = Wire::new(session(CipherSuite::Suite17), Bmc::new());
    assert_eq!(wire.run(|| false), Handled::Opened);
    wire.session.request(GetChassisStatus).unwrap();
    let first = wire.transmit().unwrap();
    assert_eq!(wire.transmit(), None, "it is sent once until its time");
    wire.now += Duration::from_secs(1);
    assert_eq!(wire.session.expire(wire.now), None);
    let second = wire.transmit().unwrap();
    assert_ne!(first[10..14], second[10..14], "session sequence number");
    // The late answer to the first copy counts; the answer to the second is then ignored.
    let late = wire.bmc.answer(&first).unwrap();
    let double = wire.bmc.answer(&second).unwrap();
    assert!(matches!(wire.session.handle(&late), Handled::Replied(_)));
    assert!(matches!(wire.session.handle(&double), Handled::Ignored(_)));
    assert!(matches!(wire.session.handle(&late), Handled::Ignored(_)));
    assert_eq!(wire.call(GetChassisStatus).power, PowerState::Off);
}

#[test]
fn a_replayed_answer_does_not_answer_the_next_command() {
    let mut wire = Wire::new(session(CipherSuite::Suite3), Bmc::new());
    assert_eq!(wire.run(|| false), Handled::Opened);
    wire.session.request(GetChassisStatus).unwrap();
    let datagram = wire.transmit().unwrap();
    let answer = wire.bmc.answer(&datagram).unwrap();
    assert!(matches!(wire.session.handle(&answer), Handled::Replied(_)));
    // 64 commands later the request number is the same again.
    for _ in 0..63 {
        wire.call(GetChassisStatus);
    }
    wire.session.request(GetChassisStatus).unwrap();
    assert!(matches!(
        wire.session.handle(&answer),
        Handled::Ignored(bmc_ipmi::error::Ignored::Replayed)
    ));
}

#[test]
fn a_busy_bmc_is_asked_again() {
    for code in [CompletionCode::NODE_BUSY, CompletionCode::DUPLICATE] {
        let mut bmc = Bmc::new();
        bmc.lie = Lie::Completes(code.0, 3);
        let mut wire = Wire::new(session(CipherSuite::Suite17), bmc);
        assert_eq!(wire.run(|| false), Handled::Opened);
        assert_eq!(wire.call(GetChassisStatus).power, PowerState::Off);

        wire.bmc.lie = Lie::Completes(code.0, 4);
        wire.session.request(GetChassisStatus).unwrap();
        let end = wire.run(|| false);
        assert!(
            matches!(end, Handled::Failed(IpmiError::CompletionCode { code: got, .. }) if got == code),
            "{end:?}"
        );
    }
}

#[test]
fn an_answer_that_is_not_encrypted_does_not_count() {
    let mut wire = Wire::new(session(CipherSuite::Suite17), Bmc::new());
    assert_eq!(wire.run(|| false), Handled::Opened);
    wire.bmc.lie = Lie::Plain;
    wire.session.request(GetChassisStatus).unwrap();
    let end = wire.run(|| false);
    assert!(
        matches!(end, Handled::Failed(IpmiError::Timeout { ignored: 4, .. })),
        "{end:?}"
    );
}

#[test]
fn one_command_at_a_time() {
    let mut wire = Wire::new(session(CipherSuite::Suite17), Bmc::new());
    assert_eq!(
        wire.session.request(GetChassisStatus),
        Err(IpmiError::NotReady)
    );
    assert_eq!(wire.run(|| false), Handled::Opened);
    wire.session.request(GetChassisStatus).unwrap();
    assert_eq!(
        wire.session.request(GetChassisStatus),
        Err(IpmiError::NotReady)
    );
    wire.session.close();
    assert_eq!(wire.run(|| false), Handled::Closed);
    assert_eq!(
        wire.session.request(GetChassisStatus),
        Err(IpmiError::NotReady)
    );
    assert_eq!(wire.session.next_deadline(), None);
}

fn suites() -> impl Strategy<Value = CipherSuite> {
    prop_oneof![Just(CipherSuite::Suite17), Just(CipherSuite::Suite3)]
}

proptest! {
    /// Whatever is lost: the power is switched, or the session ends with a timeout (or with the BMC's
    /// refusal of a RAKP-3 that crossed a resent RAKP-1).
    #[test]
    fn a_lossy_network(suite in suites(), losses in proptest::collection::vec(any::<bool>(), 0..40)) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        let mut losses = losses.into_iter();
        let mut lost = || losses.next().unwrap_or(false);
        let end = wire.run(&mut lost);
        if end == Handled::Opened {
            wire.session.request(ChassisControl(PowerState::On)).unwrap();
            match wire.run(&mut lost) {
                Handled::Replied(_) => prop_assert!(wire.bmc.power),
                Handled::Failed(IpmiError::Timeout { .. }) => {}
                other => prop_assert!(false, "{other:?}"),
            }
        } else {
            prop_assert!(matches!(
                end,
                Handled::Failed(IpmiError::Timeout { .. } | IpmiError::SessionRefused { .. })
            ), "{end:?}");
        }
    }

    /// No bytes, at no stage, do more than to be ignored or to end the session.
    #[test]
    fn any_bytes(
        suite in suites(),
        stage in 0_usize..7,
        junk in proptest::collection::vec(any::<u8>(), 0..120),
        headed in any::<bool>(),
        kind in any::<u8>(),
    ) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        step(&mut wire, stage);
        let datagram = if headed {
            [&[6, 0, 0xff, 7, 6, kind, 0, 0, 0, 0, 0, 0, 0, 0, u8::try_from(junk.len()).unwrap(), 0][..], &junk].concat()
        } else {
            junk
        };
        let handled = wire.session.handle(&datagram);
        prop_assert!(
            matches!(handled, Handled::Ignored(_) | Handled::Failed(_)),
            "{handled:?}"
        );
    }

    /// A true answer with one byte changed, cut off or grown.
    #[test]
    fn bent_answers(
        suite in suites(),
        stage in 0_usize..6,
        place in any::<prop::sample::Index>(),
        change in 1_u8..,
        cut in any::<bool>(),
    ) {
        let mut wire = Wire::new(session(suite), Bmc::new());
        step(&mut wire, stage);
        if wire.session.is_over() || stage == 5 {
            let _ = wire.session.request(GetChassisStatus);
        }
        let Some(question) = wire.transmit() else {
            return Ok(());
        };
        let mut answer = wire.bmc.answer(&question).unwrap();
        let place = place.index(answer.len());
        if cut {
            answer.truncate(place);
        } else {
            answer[place] ^= change;
        }
        let _ = wire.session.handle(&answer);
    }
}

/// So many answers into the login, with the next question due.
fn step(wire: &mut Wire, answers: usize) {
    for _ in 0..answers {
        let Some(question) = wire.transmit() else {
            return;
        };
        let answer = wire.bmc.answer(&question).unwrap();
        let _ = wire.session.handle(&answer);
    }
}
