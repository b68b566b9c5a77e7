//! An open session: one command at a time, its packets numbered, signed and encrypted.
//!
//! A command that is sent again keeps its request number, so that a late answer to the first copy
//! counts, and takes the next session sequence number, because the BMC drops a number it has seen
//! (§6.12).

use ipmi_rs_core::connection::Message;

use crate::command::{CommandName, CompletionCode};
use crate::error::Ignored;
use crate::message;
use crate::protection;
use crate::rakp::SessionKeys;
use crate::reply::Reply;
use crate::rmcp::SessionPacket;
use crate::window::Window;

/// A session whose keys are agreed.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) keys: SessionKeys,
    pub(crate) console_id: u32,
    pub(crate) bmc_id: u32,
    sent: u32,
    window: Window,
    last_request: u8,
    pending: Option<Pending>,
}

/// The command that waits for its answer.
#[derive(Debug)]
struct Pending {
    purpose: Purpose,
    message: Message,
    request: u8,
    /// The BMC said that it would, but cannot now.
    busy: Option<CompletionCode>,
}

/// Whose command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Privilege,
    Command,
    Close,
}

impl Open {
    pub(crate) fn new(keys: SessionKeys, console_id: u32, bmc_id: u32) -> Self {
        Self {
            keys,
            console_id,
            bmc_id,
            sent: 0,
            window: Window::default(),
            last_request: 0,
            pending: None,
        }
    }

    /// Whether no command waits for its answer.
    pub(crate) const fn is_free(&self) -> bool {
        self.pending.is_none()
    }

    /// A command, in the place of any that waits.
    pub(crate) fn ask(&mut self, purpose: Purpose, message: Message) {
        self.last_request = self.last_request.wrapping_add(1) & 0x3f;
        self.pending = Some(Pending {
            purpose,
            message,
            request: self.last_request,
            busy: None,
        });
    }

    /// The command that got no answer: its name, and that the BMC was busy, if it said so.
    pub(crate) fn unanswered(&self) -> Option<(CommandName, Option<CompletionCode>)> {
        let pending = self.pending.as_ref()?;
        Some((CommandName::of(&pending.message), pending.busy))
    }

    /// The command, as the next packet of the session.
    pub(crate) fn datagram(&mut self, iv: [u8; 16]) -> Option<Vec<u8>> {
        let pending = self.pending.as_ref()?;
        // 0 means "no session" in a packet.
        self.sent = self.sent.wrapping_add(1).max(1);
        let message = message::encode(&pending.message, pending.request);
        Some(protection::seal(
            &self.keys,
            self.bmc_id,
            self.sent,
            iv,
            &message,
        ))
    }

    /// The answer to the command, if `packet` is that.
    pub(crate) fn handle(
        &mut self,
        packet: &SessionPacket<'_>,
    ) -> Result<(Purpose, Reply), Ignored> {
        if packet.session != self.console_id {
            return Err(Ignored::AnotherSession);
        }
        let bytes = protection::open(&self.keys, packet)?;
        if !self.window.accept(packet.sequence) {
            return Err(Ignored::Replayed);
        }
        let pending = self.pending.as_mut().ok_or(Ignored::AnotherMessage)?;
        let reply = message::decode(&bytes, &pending.message, pending.request)?;
        if [CompletionCode::NODE_BUSY, CompletionCode::DUPLICATE].contains(&reply.completion) {
            pending.busy = Some(reply.completion);
            return Err(Ignored::Busy);
        }
        let purpose = pending.purpose;
        self.pending = None;
        Ok((purpose, reply))
    }
}
