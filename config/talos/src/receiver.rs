//! What the receivers ask of the rest of Drover: to keep what a node said.
//!
//! Declared here, by the side that calls. Peers are addresses as the network shows them; a message
//! of Talos names no machine, so that finding it is the receiver's part.

use std::net::IpAddr;

use thiserror::Error;

use crate::dropped::Dropped;
use crate::event::Publication;
use crate::log_line::LogLine;

/// Something could not be kept. The node is told and sends an event again; a line is tried again
/// here, for nobody repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("it was not kept: {why}")]
pub struct NotKept {
    /// Why not. It is logged, and never sent to the node.
    pub why: String,
}

/// Keeps events.
pub trait EventReceiver: Send + Sync + 'static {
    /// Keeps what `peer` published. When this returns `Ok`, it is acknowledged and the node will
    /// never say it again, so it has to be committed by then.
    ///
    /// The future is dropped when the node hangs up or the call takes too long; what it has
    /// committed by then comes again, with the same [`Publication::id`].
    fn receive(
        &self,
        peer: IpAddr,
        publication: Publication,
    ) -> impl Future<Output = Result<(), NotKept>> + Send;

    /// Something of `peer` was not taken.
    fn dropped(&self, peer: IpAddr, why: Dropped);
}

/// Keeps log lines.
pub trait LogReceiver: Send + Sync + 'static {
    /// Keeps one line of `peer`. What is not kept is given here again, until it is, or for some
    /// minutes. The next line of its connection is read after that.
    fn receive(
        &self,
        peer: IpAddr,
        line: LogLine,
    ) -> impl Future<Output = Result<(), NotKept>> + Send;

    /// A connection of `peer` was opened: its node lives, also while it has nothing to say.
    fn opened(&self, _peer: IpAddr) {}

    /// A connection of `peer` has ended.
    fn closed(&self, _peer: IpAddr) {}

    /// Something of `peer` was not taken.
    fn dropped(&self, peer: IpAddr, why: Dropped);
}
