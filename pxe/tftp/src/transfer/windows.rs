//! Which blocks go out when: what an acknowledgement says of the latest batch, and what of it is sent
//! again.

use std::time::Instant;

use crate::blocks::{Acknowledged, Run};
use crate::datagram::Outgoing;
use crate::outcome::{Abort, Status};
use crate::transfer::Transfer;
use crate::transfer::batch::{Batch, Origin};

impl Transfer {
    /// The client took our OACK.
    pub(super) fn accepted(&mut self, now: Instant) -> Outgoing {
        self.offered = false;
        self.stalled = 0;
        self.alive();
        self.measure(now);
        self.send_batch(Origin::First, now)
    }

    pub(super) fn acknowledged(&mut self, number: u16, now: Instant) -> Outgoing {
        let acknowledged = self.blocks.acknowledge(number);
        match acknowledged {
            Acknowledged::Nothing => return self.ignore(),
            Acknowledged::NoMore if !self.heard => return self.ignore(),
            Acknowledged::NoMore => {}
            Acknowledged::Part | Acknowledged::All | Acknowledged::Whole => self.stalled = 0,
        }
        self.alive();
        match acknowledged {
            Acknowledged::Nothing | Acknowledged::NoMore => self.repeated_acknowledgement(now),
            Acknowledged::Part => self.partly_acknowledged(now),
            Acknowledged::All => {
                self.measure(now);
                self.send_batch(Origin::First, now)
            }
            Acknowledged::Whole => self.end(Status::Done),
        }
    }

    /// The window's first block may be lost: no other leads a client to say the same again. But if
    /// the latest batch could not be answered yet, it is about an older one, or a duplicate.
    fn repeated_acknowledgement(&mut self, now: Instant) -> Outgoing {
        if self.agreement.window == 1 {
            return self.ignore();
        }
        if now >= self.overdue() {
            return self.repeat(Origin::Requested, now);
        }
        self.suspect(Origin::Requested);
        Outgoing::Nothing
    }

    /// The latest batch was answered in its middle: a block is lost there, unless the batch was
    /// repeated without knowing what the client has. Then the client knew the first blocks, said so
    /// at once, and the others are on their way: what its window lacks follows them. To resume after
    /// the block that it named would put our windows out of step with its own, and repeat blocks
    /// for ever (seen with atftp 0.8).
    fn partly_acknowledged(&mut self, now: Instant) -> Outgoing {
        let since = now.saturating_duration_since(self.batch.at);
        match self.batch.origin {
            Origin::First => self.repeat(Origin::Requested, now),
            Origin::Requested if self.timer.can_have_answered(since) => {
                self.repeat(Origin::Requested, now)
            }
            Origin::Requested => {
                self.suspect(Origin::Blind);
                Outgoing::Nothing
            }
            Origin::Blind => {
                self.begin_batch(Origin::Requested, now);
                self.suspect(Origin::Blind);
                let rest = self.blocks.send_rest();
                self.outgoing(rest)
            }
        }
    }

    /// When the latest batch should have been answered.
    fn overdue(&self) -> Instant {
        self.batch.at + self.timer.answer_due()
    }

    /// Repeats the latest batch as soon as its answer is overdue.
    fn suspect(&mut self, origin: Origin) {
        let overdue = self.overdue();
        self.suspicion = Some(origin);
        self.deadline = Some(self.deadline.map_or(overdue, |at| at.min(overdue)));
    }

    /// Sends the latest batch again, from the first block that has not arrived.
    pub(super) fn repeat(&mut self, origin: Origin, now: Instant) -> Outgoing {
        if self.stalled >= STALLED_BATCHES {
            return self.end(Status::Aborted(Abort::Stalled));
        }
        self.stalled += 1;
        self.send_batch(origin, now)
    }

    /// Sends the OACK, or the window after what has arrived.
    pub(super) fn send_batch(&mut self, origin: Origin, now: Instant) -> Outgoing {
        self.begin_batch(origin, now);
        if self.offered {
            self.statistics.datagrams += 1;
            self.statistics.repeated += u64::from(origin != Origin::First);
            return Outgoing::OptionAcknowledgement;
        }
        let window = self.blocks.send_window();
        self.outgoing(window)
    }

    fn outgoing(&mut self, run: Run) -> Outgoing {
        self.statistics.datagrams += u64::from(run.count);
        self.statistics.repeated += u64::from(run.repeated);
        match run {
            Run { count: 0, .. } => Outgoing::Nothing,
            Run { first, count, .. } => Outgoing::Blocks { first, count },
        }
    }

    fn begin_batch(&mut self, origin: Origin, now: Instant) {
        self.batch = Batch { at: now, origin };
        self.suspicion = None;
        self.deadline = Some(now + self.timer.wait());
    }

    /// The latest batch was answered.
    fn measure(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.batch.at);
        if self.batch.origin == Origin::First {
            self.timer.measured(since);
        } else {
            self.timer.answered_after_repetition(since);
        }
    }
}

/// How many repetitions without progress end the transfer of a client that is alive. At half of all
/// packets lost, one exchange in four succeeds: 40 failures in a row are one in 100,000.
const STALLED_BATCHES: u8 = 40;
