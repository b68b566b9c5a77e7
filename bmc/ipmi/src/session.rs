//! A session with a BMC: the login, then one command at a time, sent again until it is answered.
//!
//! ```text
//!  open ─► transmit ─► (network) ─► handle ─► Opened ─► request ─► transmit ─► … Replied … ─► close
//!               ▲                       │
//!               └── expire ◄── next_deadline
//! ```
//!
//! A datagram that is not the answer that is waited for is [`Ignored`] and changes nothing.

use std::fmt;
use std::time::Duration;

use ipmi_rs_core::connection::Message;

use crate::application::{CloseSession, SetPrivilege};
use crate::cipher::CipherSuite;
use crate::command::CompletionCode;
use crate::error::{Ignored, IpmiError, Step};
use crate::handshake::{Handshake, Progress, Refusal, Stage};
use crate::login::{LONGEST_PASSWORD, LONGEST_USERNAME, Login};
use crate::open::{Open, Purpose};
use crate::privilege::Privilege;
use crate::reply::Reply;
use crate::retry::{Retry, Timing};
use crate::rmcp::Packet;

/// How to open a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The suite that is asked for; no other is taken.
    pub suite: CipherSuite,
    /// The privilege that the session gets.
    pub privilege: Privilege,
    /// How patient to be.
    pub timing: Timing,
}

/// The random bytes of one session; never to be used twice.
#[derive(Clone, Copy)]
pub struct Entropy {
    /// Becomes the console's session id.
    pub session_id: [u8; 4],
    /// Becomes the console's random number.
    pub random_number: [u8; 16],
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

/// What came of a datagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handled {
    /// Nothing.
    Ignored(Ignored),
    /// The login went on; there is something to transmit.
    Continued,
    /// The login is done: commands may be given.
    Opened,
    /// The answer to the command.
    Replied(Reply),
    /// The BMC has closed the session.
    Closed,
    /// The session is over.
    Failed(IpmiError),
}

/// A session, from its first datagram to its last.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    phase: Phase,
    retry: Option<Retry>,
    ignored: u32,
}

#[derive(Debug)]
enum Phase {
    Login(Box<Handshake>),
    Open(Box<Open>),
    Over,
}

impl Session {
    /// A session whose first datagram is due.
    pub fn open(login: Login, settings: Settings, entropy: Entropy) -> Result<Self, IpmiError> {
        let password = login.password.as_bytes().len();
        for (what, length, limit) in [
            ("user name", login.username.len(), LONGEST_USERNAME),
            ("password", password, LONGEST_PASSWORD),
        ] {
            if length > limit {
                return Err(IpmiError::TooLong {
                    what,
                    limit,
                    length,
                });
            }
        }
        Ok(Self {
            settings,
            phase: Phase::Login(Box::new(Handshake {
                login,
                suite: settings.suite,
                privilege: settings.privilege,
                // 0 means "no session" in a packet.
                console_id: u32::from_le_bytes(entropy.session_id).max(1),
                console_random: entropy.random_number,
                stage: Stage::Capabilities,
            })),
            retry: Some(Retry::new(settings.timing, settings.timing.sends)),
            ignored: 0,
        })
    }

    /// The datagram to send now, if one is due; to be asked until it is `None`. `iv` must be fresh
    /// random bytes for each datagram.
    pub fn transmit(&mut self, iv: [u8; 16], now: Duration) -> Option<Vec<u8>> {
        if !self.retry.as_mut()?.start(now) {
            return None;
        }
        match &mut self.phase {
            Phase::Login(handshake) => Some(handshake.datagram()),
            Phase::Open(open) => open.datagram(iv),
            Phase::Over => None,
        }
    }

    /// When to call [`Self::expire`], unless an answer comes before.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.retry.as_ref()?.deadline()
    }

    /// Time has passed: something may be due again, or the session is over for lack of answers.
    pub fn expire(&mut self, now: Duration) -> Option<IpmiError> {
        let retry = self.retry.as_mut()?;
        if !retry.expire(now) {
            return None;
        }
        let sends = retry.sends();
        let error = self.gave_up(sends);
        self.end();
        Some(error)
    }

    /// What `datagram`, which came from the BMC's address, means.
    pub fn handle(&mut self, datagram: &[u8]) -> Handled {
        let handled = self
            .progress(datagram)
            .unwrap_or_else(|refusal| match refusal {
                Refusal::Ignored(ignored) => Handled::Ignored(ignored),
                Refusal::Failed(error) => Handled::Failed(error),
            });
        match handled {
            Handled::Ignored(_) => self.ignored = self.ignored.saturating_add(1),
            Handled::Failed(_) | Handled::Closed => self.end(),
            Handled::Replied(_) | Handled::Opened => self.retry = None,
            Handled::Continued => {}
        }
        handled
    }

    /// Gives a command to an open session that waits for no other answer.
    pub fn request(&mut self, command: impl Into<Message>) -> Result<(), IpmiError> {
        match &self.phase {
            Phase::Open(open) if open.is_free() => {
                self.ask(Purpose::Command, command.into());
                Ok(())
            }
            Phase::Open(_) | Phase::Login(_) | Phase::Over => Err(IpmiError::NotReady),
        }
    }

    /// Ends the session politely, whatever it was waiting for; a login that is not done just ends.
    pub fn close(&mut self) {
        match &self.phase {
            Phase::Open(open) => {
                let session = open.bmc_id;
                self.ask(Purpose::Close, CloseSession { session }.into());
            }
            Phase::Login(_) | Phase::Over => self.end(),
        }
    }

    /// Whether nothing more will come of this session.
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.retry = None;
    }

    fn progress(&mut self, datagram: &[u8]) -> Result<Handled, Refusal> {
        let packet = Packet::decode(datagram)?;
        let sends = self.retry.as_ref().map_or(0, Retry::sends);
        match &mut self.phase {
            Phase::Login(handshake) if sends > 0 => {
                let progress = handshake.handle(&packet, sends)?;
                Ok(self.login_went_on(progress))
            }
            Phase::Open(open) => match packet {
                Packet::Session(packet) => {
                    let (purpose, reply) = open.handle(&packet)?;
                    self.answered(purpose, reply)
                }
                Packet::Sessionless(_) | Packet::Handshake { .. } => {
                    Err(Ignored::AnotherMessage.into())
                }
            },
            Phase::Login(_) | Phase::Over => Err(Ignored::AnotherMessage.into()),
        }
    }

    fn login_went_on(&mut self, progress: Progress) -> Handled {
        let Phase::Login(handshake) = &self.phase else {
            return Handled::Ignored(Ignored::AnotherMessage);
        };
        let timing = self.settings.timing;
        match progress {
            Progress::Next => {
                let limit = match handshake.stage {
                    Stage::OpenSession => timing.sends_of_open_session,
                    Stage::Capabilities | Stage::Rakp1 { .. } | Stage::Rakp3 { .. } => timing.sends,
                };
                self.retry = Some(Retry::new(timing, limit));
            }
            Progress::Established { bmc_id, keys } => {
                let open = Open::new(keys, handshake.console_id, bmc_id);
                self.phase = Phase::Open(Box::new(open));
                let privilege = self.settings.privilege;
                self.ask(Purpose::Privilege, SetPrivilege(privilege).into());
            }
        }
        Handled::Continued
    }

    fn ask(&mut self, purpose: Purpose, message: Message) {
        let Phase::Open(open) = &mut self.phase else {
            return;
        };
        open.ask(purpose, message);
        self.ignored = 0;
        self.retry = Some(Retry::new(self.settings.timing, self.settings.timing.sends));
    }

    fn answered(&mut self, purpose: Purpose, reply: Reply) -> Result<Handled, Refusal> {
        match purpose {
            Purpose::Command => Ok(Handled::Replied(reply)),
            Purpose::Close => Ok(Handled::Closed),
            Purpose::Privilege => self.privilege_answered(&reply),
        }
    }

    /// A refusal has a code of its own: 0x80 to 0x82 (§22.18), or 0xd4.
    fn privilege_answered(&self, reply: &Reply) -> Result<Handled, Refusal> {
        let wanted = self.settings.privilege;
        let refused = |got: String| IpmiError::PrivilegeRefused { wanted, got };
        if reply.completion != CompletionCode::OK {
            let got = format!("completion code {}", reply.completion);
            return Err(refused(got).into());
        }
        let level = reply.read::<SetPrivilege>()?;
        if level < wanted.level() {
            return Err(refused(format!("level {level}")).into());
        }
        Ok(Handled::Opened)
    }

    fn gave_up(&self, sends: u8) -> IpmiError {
        let step = match &self.phase {
            Phase::Login(handshake) => handshake.step(),
            Phase::Open(open) => match open.unanswered() {
                Some((command, Some(code))) => return IpmiError::CompletionCode { command, code },
                Some((command, None)) => Step::Command(command),
                None => return IpmiError::NotReady,
            },
            Phase::Over => return IpmiError::NotReady,
        };
        IpmiError::Timeout {
            step,
            sends,
            ignored: self.ignored,
        }
    }
}
