//! Signs of life and death of a machine that are remembered and not kept: whoever starts anew asks
//! again, and waits as long as if it had just heard of the machine.

use crate::attempt::Attempt;
use crate::id::{AttemptId, BootId};
use crate::time::Timestamp;

/// What was noticed of a machine beside its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signs {
    /// When the node at the address of the last release was last heard. A connection that is open
    /// counts as now: an installer that pulls its image says nothing for many minutes.
    pub heard: Option<Timestamp>,
    /// Since when its BMC has said, at every reading, that it is off.
    pub off_since: Option<Timestamp>,
    /// What came of asking the node's API.
    pub asked: Option<Asked>,
    /// That the system which runs from disk did not answer when it was asked last.
    pub unanswered: Option<Unanswered>,
    /// The attempt on whose config the system runs that was started from the network without
    /// having fetched one: the config is on its disk.
    pub found_on_disk: Option<Attempt>,
    /// SHA-256 of what a config of today would be made of, as [`Attempt::basis`].
    pub basis: Option<[u8; 32]>,
}

/// A question to the API of the node to which a config went, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// For which attempt.
    pub attempt: AttemptId,
    /// When.
    pub at: Timestamp,
    /// The how-many-eth question for this attempt, from 1.
    pub count: u32,
    /// What came of it.
    pub reply: Reply,
}

/// A system that runs from its disk was asked for its version, and did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// In which boot.
    pub boot: BootId,
    /// When.
    pub at: Timestamp,
    /// What was seen instead.
    pub why: String,
}

/// What came of asking a node's API at every address that its machine had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Nobody answered with a certificate of the cluster at any of them: what was seen instead.
    Silence(String),
    /// It lives, and runs from its disk. That is kept as a boot, too; what it proves is another
    /// matter.
    FromDisk,
    /// It lives, and its kernel was started from the network.
    FromNetwork,
    /// It lives, and does not say where its kernel came from.
    Unclear,
}
