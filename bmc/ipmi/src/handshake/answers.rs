//! What the answers of a BMC lead to, stage by stage, and which of them are somebody else's.

use crate::application::GetCapabilities;
use crate::command::CompletionCode;
use crate::error::{AuthenticationFailure, Ignored, IpmiError, RakpStatus, SuiteRefusal};
use crate::handshake::{CAPABILITIES_SEQUENCE, Handshake, Progress, Refusal, Stage};
use crate::login::Login;
use crate::message;
use crate::open_session;
use crate::rakp::{Exchange, SessionKeys};
use crate::reader::Reader;
use crate::refusal::Refused;
use crate::rmcp::payload_type;

/// The tag in refusals of BMCs that do not repeat ours (`OpenBMC`: phosphor-net-ipmid,
/// command/rakp12.cpp and command/rakp34.cpp).
const UNTAGGED: u8 = 0;

impl Handshake {
    pub(super) fn read_capabilities(&mut self, bytes: &[u8]) -> Result<Progress, Refusal> {
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

    pub(super) fn read_payload(
        &mut self,
        kind: u8,
        payload: &[u8],
        sends: u8,
    ) -> Result<Progress, Refusal> {
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
