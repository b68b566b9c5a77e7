//! From the first question to the keys of a session (§13.15, §13.17 to §13.23).
//!
//! The code in RAKP-2 is verified before RAKP-3 is made: a stranger in the BMC's place learns nothing
//! that depends on the password. (A stranger in the *console's* place does, from RAKP-2: that is how
//! IPMI 2.0 was made, so BMC passwords must be long and random.)

use ipmi_rs_core::connection::Message;

use crate::application::GetCapabilities;
use crate::cipher::{CipherSuite, Code};
use crate::command::CompletionCode;
use crate::error::{AuthenticationFailure, Ignored, IpmiError, RakpStatus, Step, SuiteRefusal};
use crate::login::Login;
use crate::message;
use crate::open_session;
use crate::privilege::Privilege;
use crate::rakp::{Exchange, SessionKeys};
use crate::reader::Reader;
use crate::refusal::Refused;
use crate::rmcp::{self, Packet, payload_type};

/// The user is looked up by name alone, not by name and privilege (§13.20, bit 4 of the role).
const NAME_ONLY_LOOKUP: u8 = 0x10;
/// The tag in refusals of BMCs that do not repeat ours (`OpenBMC`: phosphor-net-ipmid,
/// command/rakp12.cpp and command/rakp34.cpp).
const UNTAGGED: u8 = 0;
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

    fn read_capabilities(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
        let reply = message::decode(bytes, &self.capabilities(), CAPABILITIES_SEQUENCE)?;
        if reply.completion == CompletionCode::NODE_BUSY {
            return Err(Ignored::Busy.into());
        }
        // A BMC of IPMI 1.5 does not know the bit that asks for the rest of the answer.
        match reply.read::<GetCapabilities>() {
            Ok(capabilities) if capabilities.rmcp_plus => {
                self.stage = Stage::OpenSession;
                Ok(Progress::Next)
            }
            _ => Err(IpmiError::NoRmcpPlus.into()),
        }
    }

    fn read_payload(&mut self, kind: u8, payload: &[u8], sends: u8) -> Result<Progress, Refusal> {
        let (question, answer) = match self.stage {
            Stage::Capabilities => return Err(Ignored::AnotherMessage.into()),
            Stage::OpenSession => (
                payload_type::OPEN_SESSION_REQUEST,
                payload_type::OPEN_SESSION_RESPONSE,
            ),
            Stage::Rakp1 { .. } => (payload_type::RAKP_1, payload_type::RAKP_2),
            Stage::Rakp3 { .. } => (payload_type::RAKP_3, payload_type::RAKP_4),
        };
        let mut reader = Reader::new(payload);
        let [tag, status] = reader.take().ok_or(Ignored::Malformed)?;
        let status = RakpStatus(status);
        let is_refusal = status != RakpStatus::OK;
        let is_tagged = tag == question || is_refusal && tag == UNTAGGED;
        if kind != answer || !is_tagged {
            return Err(Ignored::AnotherMessage.into());
        }
        if is_refusal {
            self.expect_refusal(reader)?;
            return Err(self.refused().error(status).into());
        }
        match self.stage {
            Stage::Capabilities => Err(Ignored::AnotherMessage.into()),
            Stage::OpenSession => self.read_open_session(reader),
            Stage::Rakp1 { bmc_id } => self.read_rakp_2(bmc_id, reader, sends),
            Stage::Rakp3 { .. } => self.read_rakp_4(reader),
        }
    }

    const fn refused(&self) -> Refused {
        Refused {
            step: self.step(),
            suite: self.suite,
            privilege: self.privilege,
            crossed: matches!(self.stage, Stage::Rakp3 { crossed: true, .. }),
        }
    }

    /// A refusal may end behind its status. The console's id in it is ours, or 0 where the BMC does
    /// not put it in.
    fn expect_refusal(&self, mut reader: Reader<'_>) -> Result<(), Ignored> {
        let id = reader.take::<2>().and_then(|_reserved| reader.take());
        match id.map(u32::from_le_bytes) {
            Some(id) if id != 0 && id != self.console_id => Err(Ignored::AnotherSession),
            _ => Ok(()),
        }
    }

    fn read_open_session(&mut self, reader: Reader<'_>) -> Result<Progress, Refusal> {
        let response = open_session::Response::read(reader).ok_or(Ignored::Malformed)?;
        if response.console_id != self.console_id {
            return Err(Ignored::AnotherSession.into());
        }
        if response.algorithms != self.suite.algorithms() {
            return Err(IpmiError::CipherSuiteRefused {
                suite: self.suite,
                refusal: SuiteRefusal::Chose(response.algorithms),
            }
            .into());
        }
        let bmc_id = response.bmc_id;
        self.stage = Stage::Rakp1 { bmc_id };
        Ok(Progress::Next)
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

    /// Table 13-12.
    fn read_rakp_2(
        &mut self,
        bmc_id: u32,
        mut reader: Reader<'_>,
        sends: u8,
    ) -> Result<Progress, Refusal> {
        reader.take::<2>().ok_or(Ignored::Malformed)?;
        self.expect_console_id(&mut reader)?;
        let exchange = Exchange {
            console_id: self.console_id,
            bmc_id,
            console_random: self.console_random,
            bmc_random: reader.take().ok_or(Ignored::Malformed)?,
            guid: reader.take().ok_or(Ignored::Malformed)?,
            role: self.role(),
        };
        let proved = |login: &Login| exchange.bmc_proved(self.suite, login, reader.rest());
        if !proved(&self.login) {
            let failure = if self.login.cut().is_some_and(|cut| proved(&cut)) {
                AuthenticationFailure::PasswordCut
            } else {
                AuthenticationFailure::PasswordDiffers
            };
            return Err(IpmiError::AuthenticationFailed(failure).into());
        }
        self.stage = Stage::Rakp3 {
            session_key: exchange.session_key(self.suite, &self.login),
            exchange,
            crossed: sends > 1,
        };
        Ok(Progress::Next)
    }

    /// Table 13-14.
    fn read_rakp_4(&self, mut reader: Reader<'_>) -> Result<Progress, Refusal> {
        let Stage::Rakp3 {
            exchange,
            session_key,
            ..
        } = &self.stage
        else {
            return Err(Ignored::AnotherMessage.into());
        };
        reader.take::<2>().ok_or(Ignored::Malformed)?;
        self.expect_console_id(&mut reader)?;
        if !exchange.agreed(self.suite, session_key, reader.rest()) {
            let failure = AuthenticationFailure::BmcKeyDiffers;
            return Err(IpmiError::AuthenticationFailed(failure).into());
        }
        Ok(Progress::Established {
            bmc_id: exchange.bmc_id,
            keys: SessionKeys::derive(self.suite, session_key),
        })
    }

    fn expect_console_id(&self, reader: &mut Reader<'_>) -> Result<(), Ignored> {
        match reader.take() {
            Some(id) if u32::from_le_bytes(id) == self.console_id => Ok(()),
            Some(_) => Err(Ignored::AnotherSession),
            None => Err(Ignored::Malformed),
        }
    }
}

/// The message tag, which comes back in the answer, is the payload type.
fn handshake(kind: u8, payload: &[u8]) -> Vec<u8> {
    rmcp::handshake(kind, &[&[kind], payload].concat())
}
