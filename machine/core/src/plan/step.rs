//! What a plan comes to: one step.

use crate::attempt::AttemptEnd;
use crate::id::{AttemptId, BootId};
use crate::intent::Assignment;
use crate::lifecycle::Input;
use crate::machine::Failure;
use crate::time::Timestamp;

/// What is done for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open the next attempt of the standing intent.
    OpenAttempt,
    /// Close the open attempt.
    CloseAttempt(AttemptEnd),
    /// Set the boot override to the network, once, and switch power on.
    StartFromNetwork,
    /// Switch power off, to start it anew.
    PowerOff,
    /// Ask the API of the system that runs from disk in this boot for its version: only a member
    /// of the cluster can answer.
    Verify(BootId),
    /// Ask the API of the node to which the config of this attempt went: does it live, and does it
    /// run from its disk?
    Ask(AttemptId),
    /// Record that the older install on the open attempt's disk is wiped by its next boot from the
    /// network.
    PlanWipe,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Do this.
    Act(Action),
    /// Move the machine on.
    Advance(Input),
    /// Move it on to Provisioning, with an intent for this, opened by the cluster's rule.
    Allocate(Assignment),
    /// Open an intent for this, by the cluster's rule: a person has said to try again what failed,
    /// and the earlier intent was closed with the failure.
    Permit(Assignment),
    /// Give its moving state up.
    GiveUp(Failure),
    /// Nothing to do before something happens, or before `until`.
    Wait {
        /// When to look again at the latest; `None` for the next sweep.
        until: Option<Timestamp>,
        /// What is waited for.
        why: String,
    },
}

impl Step {
    /// To wait for the next sweep, for this reason.
    pub(crate) fn wait(why: impl Into<String>) -> Self {
        Self::Wait {
            until: None,
            why: why.into(),
        }
    }
}
