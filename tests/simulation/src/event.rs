//! Everything that can happen in a run.

use machine_core::power::PowerState;

use crate::node::NodeStep;
use crate::situation::Turn;

/// What happens at a moment of the virtual clock.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A node does its next step, if it is still in this power cycle.
    Node(usize, u64, NodeStep),
    /// A person does something.
    Deed(usize, Deed),
    /// Something goes wrong.
    Fault(usize, Fault),
    /// Things take a turn that was arranged.
    Turn(usize, Turn),
    /// Drover starts again.
    Start,
    /// The faults end.
    Calm,
    /// It is looked whether all have come to rest.
    Look,
}

/// What a person does with a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Register,
    Accept,
    Cancel,
    Retry,
    /// Tries again, and has the older install wiped that is in the way.
    RetryWithWipe,
    /// Presses the button of a machine that is off.
    Press,
    /// Pulls the plug, and puts it in again.
    Cycle,
    /// Says that the boot which a machine is in is the machine's.
    ReleaseHold,
    /// Says that the UUID which a machine shares with another one tells nothing.
    IgnoreUuid,
    /// Writes down a machine that was found, with all its cards.
    WriteDown,
    /// Applies the document of its cluster: with an image that nobody has, or with the right one again.
    Revise,
    /// Applies the document of a registered machine with another of its facts left out or put in.
    Amend,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    PowerCut,
    BmcSilent,
    BmcLies(PowerState),
    BmcIgnores,
    BmcHealthy,
    /// Drover ends in the middle of whatever it does next, and comes back.
    Crash,
    /// Drover ends at one of the next awaits, and comes back.
    Doom,
    /// A commit fails, and nothing of it is kept.
    CommitFails,
    /// A commit is kept, and its answer is lost.
    CommitUnanswered,
    /// Drover ends at once, and comes back a moment later.
    Kill,
    /// Somebody else has the token of a config.
    Impostor,
    /// The database refuses every statement for 30 s.
    DatabaseAway,
    /// Commits take seconds.
    DatabaseSlow,
    DatabaseHealthy,
    /// The system's clock is set forward or back by an hour.
    ClockJumps(i64),
}
