//! Both ends of a session and the network between them.

use std::time::Duration;

use bmc_ipmi::cipher::CipherSuite;
use bmc_ipmi::error::IpmiError;
use bmc_ipmi::login::{Login, Password};
use bmc_ipmi::privilege::Privilege;
use bmc_ipmi::reply::Reply;
use bmc_ipmi::retry::Timing;
use bmc_ipmi::session::{Entropy, Handled, Session, Settings};
use ipmi_rs_core::connection::{IpmiCommand, NotEnoughData};
use machine_core::endpoint::IpmiWorkarounds;

use crate::model::Bmc;

pub(crate) fn login() -> Login {
    Login {
        username: "ADMIN".to_owned(),
        password: Password::new("secret123"),
        bmc_key: None,
        workarounds: IpmiWorkarounds::default(),
    }
}

pub(crate) fn settings(suite: CipherSuite) -> Settings {
    Settings {
        suite,
        privilege: Privilege::Operator,
        timing: Timing::DEFAULT,
    }
}

pub(crate) fn session(suite: CipherSuite) -> Session {
    session_of(login(), settings(suite)).unwrap()
}

pub(crate) fn session_of(login: Login, settings: Settings) -> Result<Session, IpmiError> {
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
pub(crate) struct Wire {
    pub(crate) session: Session,
    pub(crate) bmc: Bmc,
    pub(crate) now: Duration,
    /// Datagrams that the console sent.
    pub(crate) sent: Vec<Vec<u8>>,
}

impl Wire {
    pub(crate) fn new(session: Session, bmc: Bmc) -> Self {
        Self {
            session,
            bmc,
            now: Duration::ZERO,
            sent: Vec::new(),
        }
    }

    pub(crate) fn transmit(&mut self) -> Option<Vec<u8>> {
        let iv = [u8::try_from(self.sent.len()).unwrap(); 16];
        let datagram = self.session.transmit(iv, self.now)?;
        self.sent.push(datagram.clone());
        Some(datagram)
    }

    /// Until something other than going on happens, with a network that loses what `lost` says.
    pub(crate) fn run(&mut self, mut lost: impl FnMut() -> bool) -> Handled {
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

    pub(crate) fn call<C: IpmiCommand<Error = NotEnoughData>>(&mut self, command: C) -> C::Output {
        self.reply(command).read::<C>().unwrap()
    }

    pub(crate) fn reply<C: IpmiCommand>(&mut self, command: C) -> Reply {
        self.session.request(command).unwrap();
        match self.run(|| false) {
            Handled::Replied(reply) => reply,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn failed(session: Session, bmc: Bmc) -> (IpmiError, Bmc) {
    let mut wire = Wire::new(session, bmc);
    match wire.run(|| false) {
        Handled::Failed(error) => (error, wire.bmc),
        other => panic!("{other:?}"),
    }
}
