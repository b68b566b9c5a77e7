//! All that is held in memory of one machine: who it is, what stands for it, how it booted last, and
//! who spoke for it.

use std::collections::BTreeSet;

use machine_core::boot::Boot;
use machine_core::claimant::Claimant;
use machine_core::dossier::Standing;
use machine_core::evidence::{Identity, KnownIdentity};
use machine_core::hardware::SystemUuid;
use machine_core::time::Timestamp;

use crate::membership::Membership;

/// What is known when somebody asks to be booted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootRead {
    /// Every machine that shares a card or a board with the claim.
    pub candidates: Vec<KnownIdentity>,
    /// Who it is.
    pub identity: Identity,
    /// What stands for the machine that it is, or that it has a record as.
    pub standing: Option<Standing>,
    /// The latest boot of that machine. Of somebody unknown nothing is on record.
    pub boot: Option<Boot>,
}

/// All that is held of one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// By what it is recognised.
    pub recognised: Recognised,
    /// What is done with it.
    pub work: MachineWork,
    /// Who spoke for it, and when it was switched on.
    pub spoken: Spoken,
}

/// By what a machine is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// What is known of its identity.
    pub identity: KnownIdentity,
    /// Every UUID that was ever said of it, also those that do not count: by each of them it is
    /// found.
    pub boards: BTreeSet<SystemUuid>,
}

/// What is done with a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineWork {
    /// What stands for it.
    pub standing: Standing,
    /// Its latest boot.
    pub boot: Option<Boot>,
    /// Its latest boot of which more was seen than that somebody asked for an address or a boot
    /// file.
    pub seen: Option<Boot>,
    /// Of which cluster it is a member, or is to be one.
    pub membership: Option<Membership>,
}

/// What was heard of a machine on the wire, and from its BMC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spoken {
    /// Everybody who spoke for it, the last one first.
    pub voices: Vec<Voice>,
    /// When it was last switched on, if nobody switched it off since.
    pub powered_on: Option<Timestamp>,
}

/// Somebody who spoke for a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voice {
    /// Who, from where, and what it said.
    pub claimant: Claimant,
    /// Whether its card is one of the machine's.
    pub is_own: bool,
    /// Why it gets nothing; empty if nothing hinders it.
    pub why: String,
}
