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
                &open_session::request(self.console_id, self.suite),
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
        let mut reader = Reader::new(payload);
        let [tag, status] = reader.take().ok_or(Ignored::Malformed)?;
        let status = RakpStatus(status);
        match self.stage {
            Stage::OpenSession
                if (kind, tag)
                    == (
                        payload_type::OPEN_SESSION_RESPONSE,
                        payload_type::OPEN_SESSION_REQUEST,
                    ) =>
            {
                self.read_open_session(status, reader)
            }
            Stage::Rakp1 { bmc_id }
                if (kind, tag) == (payload_type::RAKP_2, payload_type::RAKP_1) =>
            {
                self.read_rakp_2(bmc_id, status, reader, sends)
            }
            Stage::Rakp3 { .. } if (kind, tag) == (payload_type::RAKP_4, payload_type::RAKP_3) => {
                self.read_rakp_4(status, reader)
            }
            _ => Err(Ignored::AnotherMessage.into()),
        }
    }

    /// A status other than 0 comes without the rest.
    fn read_open_session(
        &mut self,
        status: RakpStatus,
        reader: Reader<'_>,
    ) -> Result<Progress, Refusal> {
        if status.0 != 0 {
            return Err(self.open_session_refused(status).into());
        }
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

    fn open_session_refused(&self, status: RakpStatus) -> IpmiError {
        match status.0 {
            0x03..=0x07 | 0x10..=0x12 => IpmiError::CipherSuiteRefused {
                suite: self.suite,
                refusal: SuiteRefusal::Status(status),
            },
            _ => self.refused(Step::OpenSession, status),
        }
    }

    /// Table 13-11.
    fn rakp_1(&self, bmc_id: u32) -> Vec<u8> {
        let name = self.login.username.as_bytes();
        let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
        [
            &[0, 0, 0][..],
            &bmc_id.to_le_bytes(),
            &self.console_random,
            &[self.role(), 0, 0, length],
            name,
        ]
        .concat()
    }

    fn role(&self) -> u8 {
        NAME_ONLY_LOOKUP | self.privilege.level()
    }

    /// Table 13-12.
    fn read_rakp_2(
        &mut self,
        bmc_id: u32,
        status: RakpStatus,
        mut reader: Reader<'_>,
        sends: u8,
    ) -> Result<Progress, Refusal> {
        if status.0 != 0 {
            return Err(self.refused(Step::Rakp1, status).into());
        }
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
        if !exchange.bmc_proved(self.suite, &self.login, reader.rest()) {
            let failure = AuthenticationFailure::PasswordDiffers;
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
    fn read_rakp_4(&self, status: RakpStatus, mut reader: Reader<'_>) -> Result<Progress, Refusal> {
        if status.0 != 0 {
            return Err(self.refused(Step::Rakp3, status).into());
        }
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

    fn refused(&self, step: Step, status: RakpStatus) -> IpmiError {
        let crossed = matches!(self.stage, Stage::Rakp3 { crossed: true, .. });
        match status.0 {
            0x01 | 0x0b => IpmiError::NoFreeSession { status },
            0x09 | 0x0a => IpmiError::PrivilegeRefused {
                wanted: self.privilege,
                got: format!("status {status}"),
            },
            0x0c | 0x0d => IpmiError::AuthenticationFailed(AuthenticationFailure::UnknownUser),
            0x0f if !crossed => {
                IpmiError::AuthenticationFailed(AuthenticationFailure::ProofRefused)
            }
            _ => IpmiError::SessionRefused { step, status },
        }
    }
}

/// The message tag, which comes back in the answer, is the payload type.
fn handshake(kind: u8, payload: &[u8]) -> Vec<u8> {
    rmcp::handshake(kind, &[&[kind], payload].concat())
}
