//! One read transfer.
//!
//! ```text
//!            options granted                 ACK 0
//! start ────────────────────► Offered ───────────────┐
//!   │ none                                           ▼       last block acknowledged
//!   └─────────────────────────────────────────► Sending ─────────────────────────────► Done
//!                    client's ERROR, silence, no progress, cancel: Aborted
//! ```
//!
//! The rules it keeps. In lock step (window 1) a repeated ACK sends nothing (Sorcerer's Apprentice,
//! RFC 1123 §4.2.3.1). In windows (RFC 7440) an ACK inside the window resumes after the block it
//! names; a repeated ACK says that the window's first block is lost, and the window goes out again
//! once its own answer is overdue, so that a duplicate made by the network costs nothing. Until the
//! first ACK at most [`UNHEARD_DATAGRAMS`] small datagrams leave, for the source may be forged. A
//! repeated ACK is a sign of life: silence is counted from the last one.

mod batch;
mod windows;

use std::time::Instant;

use bytes::Bytes;

use crate::agreement::{Agreement, Limits};
use crate::blocks::{Blocks, on_the_wire};
use crate::datagram::{Datagram, Outgoing};
use crate::outcome::{Abort, Statistics, Status};
use crate::packet::{ClientMessage, ClientPacket, data_header};
use crate::request::Request;
use crate::retransmission::RetransmissionTimer;
use crate::transfer::batch::{Batch, Origin};

/// One read transfer: what was agreed, how far it is, and when it must act by itself.
#[derive(Debug)]
pub struct Transfer {
    content: Bytes,
    agreement: Agreement,
    timer: RetransmissionTimer,
    status: Status,
    /// Whether the client still has to answer our OACK.
    offered: bool,
    /// Whether the client ever acknowledged anything.
    heard: bool,
    blocks: Blocks,
    batch: Batch,
    /// How to repeat when the latest batch's answer is overdue, if a gap is suspected.
    suspicion: Option<Origin>,
    deadline: Option<Instant>,
    /// Waits in vain since the last sign of life.
    silent: u8,
    /// Batches sent again since the last progress.
    stalled: u8,
    statistics: Statistics,
}

impl Transfer {
    /// Begins a transfer of `content` for a request that came at `now`.
    pub fn start(
        request: &Request,
        content: Bytes,
        limits: &Limits,
        now: Instant,
    ) -> (Self, Outgoing) {
        let size = content.len() as u64;
        let agreement = Agreement::reach(&request.options, size, limits);
        let mut transfer = Self {
            timer: RetransmissionTimer::new(agreement.timeout),
            status: Status::Running,
            offered: agreement.acknowledgement.is_some(),
            heard: false,
            blocks: Blocks::new(size, agreement.block_size, agreement.window),
            batch: Batch {
                at: now,
                origin: Origin::First,
            },
            suspicion: None,
            deadline: None,
            silent: 0,
            stalled: 0,
            statistics: Statistics::default(),
            content,
            agreement,
        };
        let send = transfer.send_batch(Origin::First, now);
        (transfer, send)
    }

    /// Takes a packet that the client sent to this transfer's port.
    pub fn handle(&mut self, packet: &[u8], now: Instant) -> Outgoing {
        if self.status != Status::Running {
            return Outgoing::Nothing;
        }
        match ClientPacket::decode(packet) {
            Ok(ClientPacket::Acknowledgement(0)) if self.offered => self.accepted(now),
            Ok(ClientPacket::Acknowledgement(number)) if !self.offered => {
                self.acknowledged(number, now)
            }
            Ok(ClientPacket::Acknowledgement(_)) | Err(_) => self.ignore(),
            Ok(ClientPacket::Error { code, message }) => self.given_up(code, message),
        }
    }

    /// Acts if the deadline has come; harmless before it.
    pub fn due(&mut self, now: Instant) -> Outgoing {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return Outgoing::Nothing;
        }
        if let Some(origin) = self.suspicion.take() {
            return self.repeat(origin, now);
        }
        let patience = if self.heard {
            RETRIES
        } else {
            UNHEARD_DATAGRAMS - 1
        };
        if self.silent >= patience {
            let all_sent = self.all_sent();
            return self.end(Status::Aborted(Abort::Silence { all_sent }));
        }
        self.silent += 1;
        self.timer.back_off();
        self.repeat(Origin::Blind, now)
    }

    /// Gives up, because the server stops. The client is told.
    pub fn cancel(&mut self) -> Outgoing {
        if self.status != Status::Running {
            return Outgoing::Nothing;
        }
        self.statistics.datagrams += 1;
        let _ = self.end(Status::Aborted(Abort::Cancelled));
        Outgoing::Cancellation
    }

    /// Ends it because the client has asked for something else. It is told nothing: from the port
    /// that it asked from, an ERROR would seem to be the answer to its new request.
    pub fn replaced(&mut self) {
        if self.status == Status::Running {
            let _ = self.end(Status::Aborted(Abort::Replaced));
        }
    }

    /// Ends it because the client's host or port cannot be reached (ICMP).
    pub fn unreachable(&mut self) {
        if self.status == Status::Running {
            let all_sent = self.all_sent();
            let _ = self.end(Status::Aborted(Abort::Unreachable { all_sent }));
        }
    }

    /// When [`Transfer::due`] must be called; none once the transfer has ended.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Where it stands.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What was agreed with the client.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Whether the client still has to answer our OACK.
    pub const fn waits_for_options(&self) -> bool {
        self.offered
    }

    /// Whether the client ever acknowledged anything.
    pub const fn was_heard(&self) -> bool {
        self.heard
    }

    /// How much it moved.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Bytes of content that have arrived, and bytes in all.
    pub fn progress(&self) -> (u64, u64) {
        let size = self.content.len() as u64;
        let arrived = self.blocks.arrived() * u64::from(self.agreement.block_size);
        (arrived.min(size), size)
    }

    /// The datagrams of `send`, in order. They borrow the content; asking again is asking for the
    /// same bytes.
    pub fn datagrams(&self, send: Outgoing) -> impl Iterator<Item = Datagram<'_>> {
        let (blocks, whole) = match send {
            Outgoing::Nothing => (0..0, None),
            Outgoing::OptionAcknowledgement => (0..0, self.agreement.acknowledgement.as_deref()),
            Outgoing::Blocks { first, count } => (first..first + u64::from(count), None),
            Outgoing::Cancellation => (0..0, Some(CANCELLATION)),
        };
        let whole = whole.map(Datagram::Whole);
        whole
            .into_iter()
            .chain(blocks.map(|block| self.data(block)))
    }

    fn data(&self, block: u64) -> Datagram<'_> {
        let size = u64::from(self.agreement.block_size);
        let start = usize::try_from(block.saturating_sub(1) * size).unwrap_or(usize::MAX);
        let rest = self.content.get(start..).unwrap_or_default();
        let end = rest.len().min(usize::from(self.agreement.block_size));
        Datagram::Data {
            header: data_header(on_the_wire(block)),
            payload: rest.get(..end).unwrap_or_default(),
        }
    }

    fn given_up(&mut self, code: u16, message: ClientMessage) -> Outgoing {
        let probe = self.offered && self.agreement.transfer_size && matches!(code, 0 | 8);
        self.end(Status::Aborted(if probe {
            Abort::SizeProbe
        } else {
            Abort::Client { code, message }
        }))
    }

    fn all_sent(&self) -> bool {
        !self.offered && self.blocks.all_sent()
    }

    fn alive(&mut self) {
        self.heard = true;
        self.silent = 0;
    }

    fn ignore(&mut self) -> Outgoing {
        self.statistics.ignored += 1;
        Outgoing::Nothing
    }

    fn end(&mut self, status: Status) -> Outgoing {
        self.status = status;
        self.deadline = None;
        Outgoing::Nothing
    }
}

/// How many datagrams a client gets that never acknowledged one: at 516 bytes at most, they stay
/// under 4 KiB together, and nobody can point us at a victim with profit.
pub const UNHEARD_DATAGRAMS: u8 = 5;

/// How many waits in vain, each longer than the last, end the transfer.
pub const RETRIES: u8 = 6;

const CANCELLATION: &[u8] = b"\0\x05\0\0server stops\0";
