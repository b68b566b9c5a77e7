//! Commands in an open session: sent again, answered late, doubled, or not at all.

use std::time::Duration;

use bmc_ipmi::chassis::GetChassisStatus;
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::command::CompletionCode;
use bmc_ipmi::error::{Ignored, IpmiError, Step};
use bmc_ipmi::session::Handled;
use machine_core::power::PowerState;

use crate::model::lie::Lie;
use crate::model::{Bmc, SUITE_3};
use crate::wire::{Wire, failed, login, session, session_of, settings};

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
        Handled::Ignored(Ignored::Replayed)
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
