//! A session with `ipmi_sim` (openipmi 2.0.33), replayed: what we send must be what it took, byte for
//! byte, and what it answered must mean the same. `bmc/control/tests/bmc/recording.rs` made it.
//!
//! The answers are `ipmi_sim`'s own. The questions were made by the code under test: this file alone
//! shows only that they don't change. `session/recording.rs` holds them against the specification.

use std::time::Duration;

use bmc_ipmi::chassis::{
    BootFlags, ChassisControl, GetBootFlags, GetChassisStatus, SetBootOptions,
};
use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::login::{Login, Password};
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::reply::Reply;
use bmc_ipmi::retry::Timing;
use bmc_ipmi::session::{Entropy, Handled, Session, Settings};
use machine_core::endpoint::IpmiWorkarounds;
use machine_core::power::{BootDevice, BootOverride, PowerState};

const RECORDING: &str = include_str!("golden/ipmi_sim-suite-3.txt");

struct Replay {
    session: Session,
    lines: std::str::Lines<'static>,
}

impl Replay {
    /// Until the login is done, the command answered, or the session closed.
    fn run(&mut self, iv: u8) -> Handled {
        loop {
            let question = self.session.transmit([iv; 16], Duration::ZERO);
            assert_eq!(question, self.next("> "));
            let answer = self.next("< ");
            match self.session.handle(&answer.unwrap_or_default()) {
                Handled::Continued => {}
                end => return end,
            }
        }
    }

    fn reply(&mut self, iv: u8) -> Option<Reply> {
        match self.run(iv) {
            Handled::Replied(reply) => Some(reply),
            _ => None,
        }
    }

    fn next(&mut self, direction: &str) -> Option<Vec<u8>> {
        let hex = self.lines.next()?.strip_prefix(direction)?;
        let byte = |index| u8::from_str_radix(hex.get(index..index + 2)?, 16).ok();
        (0..hex.len()).step_by(2).map(byte).collect()
    }
}

#[test]
fn a_recorded_session() {
    let login = Login {
        username: "ADMIN".to_owned(),
        password: Password::new("secret123"),
        bmc_key: None,
        workarounds: IpmiWorkarounds::default(),
    };
    let settings = Settings {
        suite: CipherSuite::Suite3,
        privilege: Privilege::Operator,
        timing: Timing::DEFAULT,
    };
    let entropy = Entropy {
        session_id: [0xa1, 0xa2, 0xa3, 0xa4],
        random_number: *b"a-random-number!",
    };
    let mut replay = Replay {
        session: Session::open(login, settings, entropy).unwrap(),
        lines: RECORDING.lines(),
    };
    assert_eq!(replay.run(0), Handled::Opened);

    let power = |replay: &mut Replay, iv| {
        replay.session.request(GetChassisStatus).unwrap();
        let answer = replay.reply(iv).unwrap();
        answer.read::<GetChassisStatus>().unwrap().power
    };
    assert_eq!(power(&mut replay, 1), PowerState::Off);
    replay.session.request(ChassisControl::PowerUp).unwrap();
    replay.reply(2).unwrap().read::<ChassisControl>().unwrap();
    assert_eq!(power(&mut replay, 3), PowerState::On);

    let wanted = BootOverride {
        device: BootDevice::Network,
        efi: true,
    };
    replay
        .session
        .request(SetBootOptions::Flags(wanted))
        .unwrap();
    replay.reply(4).unwrap().read::<SetBootOptions>().unwrap();
    replay.session.request(GetBootFlags).unwrap();
    let flags = replay.reply(5).unwrap().read::<GetBootFlags>().unwrap();
    let device_alone = BootFlags {
        valid: false,
        persistent: false,
        efi: false,
        selector: 1,
    };
    assert_eq!(flags, device_alone);

    replay.session.close();
    assert_eq!(replay.run(6), Handled::Closed);
    assert_eq!(replay.lines.next(), None, "the recording ends here");
}
