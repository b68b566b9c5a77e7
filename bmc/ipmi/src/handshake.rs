//! From the first question to the keys of a session (§13.15, §13.17 to §13.23).
//!
//! The code in RAKP-2 is verified before RAKP-3 is made: a stranger in the BMC's place learns nothing
//! that depends on the password. (A stranger in the *console's* place does, from RAKP-2: that is how
//! IPMI 2.0 was made, so BMC passwords must be long and random.)

mod answers;

use ipmi_rs_core::connection::Message;

use crate::application::GetCapabilities;
use crate::cipher::{CipherSuite, Code};
use crate::error::{Ignored, IpmiError, Step};
use crate::login::Login;
use crate::message;
use crate::open_session;
use crate::privilege::Privilege;
use crate::rakp::{Exchange, SessionKeys};
use crate::rmcp::{self, Packet, payload_type};

/// The user is looked up by name alone, not by name and privilege (§13.20, bit 4 of the role).
const NAME_ONLY_LOOKUP: u8 = 0x10;
/// The sequence number of the one message before the session.
const CAPABILITIES_SEQUENCE: u8 = 0;

/// One login that is not finished.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(crate) login: Login,
    pub(crate) suite: CipherSuite,
    pub(crate) privilege: Privilege,
    pub(crate) console_id: u32,
    pub(crate) console_random: [u8; 16],
    pub(crate) stage: Stage,
}

/// What the BMC is asked now.
#[derive(Debug)]
pub(crate) enum Stage {
    Capabilities,
    OpenSession,
    Rakp1 {
        bmc_id: u32,
    },
    Rakp3 {
        exchange: Exchange,
        session_key: Code,
        /// RAKP-1 was sent more than once, so the BMC may hold another random number than we do.
        crossed: bool,
    },
}

/// What an answer led to.
#[derive(Debug)]
pub(crate) enum Progress {
    /// The next question is to be sent.
    Next,
    /// The session is open.
    Established { bmc_id: u32, keys: SessionKeys },
}

/// What an answer did not lead to.
#[derive(Debug)]
pub(crate) enum Refusal {
    Ignored(Ignored),
    Failed(IpmiError),
}

impl From<Ignored> for Refusal {
    fn from(ignored: Ignored) -> Self {
        Self::Ignored(ignored)
    }
}

impl From<IpmiError> for Refusal {
    fn from(error: IpmiError) -> Self {
        Self::Failed(error)
    }
}

impl Handshake {
    pub(crate) const fn step(&self) -> Step {
        match self.stage {
            Stage::Capabilities => Step::Capabilities,
            Stage::OpenSession => Step::OpenSession,
            Stage::Rakp1 { .. } => Step::Rakp1,
            Stage::Rakp3 { .. } => Step::Rakp3,
        }
    }

    /// The question of this stage; the same each time it is sent.
    pub(crate) fn datagram(&self) -> Vec<u8> {
        match &self.stage {
            Stage::Capabilities => rmcp::sessionless(&message::encode(
                &self.capabilities(),
                CAPABILITIES_SEQUENCE,
            )),
            Stage::OpenSession => handshake(
                payload_type::OPEN_SESSION_REQUEST,
                &open_session::request(self.console_id, self.suite, self.said_privilege()),
            ),
            Stage::Rakp1 { bmc_id } => handshake(payload_type::RAKP_1, &self.rakp_1(*bmc_id)),
            Stage::Rakp3 { exchange, .. } => {
                let proof = exchange.proof(self.suite, &self.login);
                let head = [0, 0, 0]; // status, reserved
                let payload = [&head[..], &exchange.bmc_id.to_le_bytes(), &proof].concat();
                handshake(payload_type::RAKP_3, &payload)
            }
        }
    }

    /// What the answer in `packet` leads to; the question was sent `sends` times.
    pub(crate) fn handle(&mut self, packet: &Packet<'_>, sends: u8) -> Result<Progress, Refusal> {
        match (packet, &self.stage) {
            (Packet::Sessionless(bytes), Stage::Capabilities) => self.read_capabilities(bytes),
            (
                Packet::Handshake {
                    payload_type,
                    payload,
                },
                _,
            ) => self.read_payload(*payload_type, payload, sends),
            _ => Err(Ignored::AnotherMessage.into()),
        }
    }

    fn capabilities(&self) -> Message {
        let privilege = self.privilege;
        GetCapabilities { privilege }.into()
    }

    /// Table 13-11.
    fn rakp_1(&self, bmc_id: u32) -> Vec<u8> {
        let name = self.login.name();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        [
            &[0, 0, 0][..],
            &bmc_id.to_le_bytes(),
            &self.console_random,
            &[self.role(), 0, 0, length],
            &name,
        ]
        .concat()
    }

    /// The privilege that the Open Session Request names.
    fn said_privilege(&self) -> Option<Privilege> {
        let is_said = self.login.workarounds.says_privilege();
        is_said.then_some(self.privilege)
    }

    fn role(&self) -> u8 {
        NAME_ONLY_LOOKUP | self.privilege.level()
    }
}

/// The message tag, which comes back in the answer, is the payload type.
fn handshake(kind: u8, payload: &[u8]) -> Vec<u8> {
    rmcp::handshake(kind, &[&[kind], payload].concat())
}
