//! What a plan is made of.

use crate::allocation::Allocation;
use crate::dossier::Dossier;
use crate::plan::signs::Signs;
use crate::power::{PowerCommand, PowerObservation};
use std::time::Duration;

/// How long a system that was started from the network may take to ask for its config, unless the
/// settings say otherwise. Talos asks within seconds; with a card that gets no address or a
/// parameter that can't be filled in within two minutes.
pub const CONFIG_REQUEST_TIMEOUT: Duration = Duration::from_mins(5);

/// What is known of a machine and its work.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// What is on record of it.
    pub dossier: &'a Dossier,
    /// What the clusters' rules say of it.
    pub allocation: &'a Allocation,
    /// What its BMC said.
    pub power: &'a PowerObservation,
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
