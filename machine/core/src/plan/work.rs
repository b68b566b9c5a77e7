//! What a plan is made of.

use crate::allocation::Allocation;
use crate::attempt::Attempt;
use crate::boot::Boot;
use crate::intent::Intent;
use crate::machine::Machine;
use crate::plan::signs::Signs;
use crate::power::{PowerCommand, PowerObservation};
use crate::time::Timestamp;
use std::time::Duration;

/// How long a system that was started from the network may take to ask for its config, unless the
/// settings say otherwise. Talos asks within seconds; with a card that gets no address or a
/// parameter that can't be filled in within two minutes.
pub const CONFIG_REQUEST_TIMEOUT: Duration = Duration::from_mins(5);

/// What is known of a machine and its work.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The machine.
    pub machine: &'a Machine,
    /// What the clusters' rules say of it.
    pub allocation: &'a Allocation,
    /// Whether all is known that an allocation needs.
    pub facts_complete: bool,
    /// Its latest intent.
    pub intent: Option<&'a Intent>,
    /// The attempts of that intent, newest first.
    pub attempts: &'a [Attempt],
    /// The newest attempt of the machine whose config was released, under whatever intent.
    pub released: Option<&'a Attempt>,
    /// Its recent boots, newest first.
    pub boots: &'a [Boot],
    /// What its BMC said.
    pub power: &'a PowerObservation,
    /// When Drover, or a person through it, last switched it on, if nobody switched it off since.
    pub powered_on: Option<Timestamp>,
    /// What its BMC was last told, and what came of it.
    pub command: Option<&'a PowerCommand>,
    /// What was noticed of it that is not kept.
    pub signs: &'a Signs,
    /// What keeps it from an install that is asked for, until somebody mends it.
    pub hindrance: Option<&'a str>,
    /// Whose identity it claims, and what differs, if it is in conflict.
    pub conflict: Option<&'a str>,
    /// How long a system that was started from the network may take to ask for its config.
    pub config_request_timeout: Duration,
}
