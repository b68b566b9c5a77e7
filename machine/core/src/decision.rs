//! What a machine boots next: one pure function of what is known, with its reason.
//!
//! DHCP, the script and a dry run all ask [`decide`], so they can't contradict each other. The
//! default answer is the local disk: nothing of ours writes.

use crate::boot::Boot;
use crate::dossier::Standing;
use crate::doubt::{Doubt, show};
use crate::evidence::{Identity, conflict_words};
use crate::id::AttemptId;
use crate::lifecycle::State;
use crate::machine::Machine;
use crate::network::UnknownPolicy;
use crate::sabotage::Sabotage;
use crate::safe_mode::SafeMode;
use crate::time::Timestamp;
use std::time::Duration;

/// How far the asker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// DHCP, from firmware or iPXE.
    Dhcp,
    /// iPXE asks for its script, and has said all that it knows of itself.
    Script,
}

/// What is known when a machine asks what to boot.
#[derive(Debug, Clone, Copy)]
pub struct BootFacts<'a> {
    /// How far the asker is.
    pub stage: Stage,
    /// What unknown machines of this subnet get.
    pub unknown: UnknownPolicy,
    /// Who it is.
    pub identity: &'a Identity,
    /// Its record and what stands for it, if it is known.
    pub standing: Option<&'a Standing>,
    /// The boot that asks.
    pub boot: &'a Boot,
    /// Why nothing may be done to any machine at the moment.
    pub safe_mode: Option<&'a SafeMode>,
    /// Why that boot may not be the machine's, once it has asked for its script.
    pub doubt: Option<&'a Doubt>,
}

/// What a machine boots next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Its own disk.
    LocalDisk,
    /// The network, as far as a script that waits: nothing is decided yet.
    Wait,
    /// The network: the installer of this attempt.
    Install(AttemptId),
}

/// An answer and its reason, as `explain` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to boot.
    pub answer: Answer,
    /// Why, for the machine's timeline.
    pub because: String,
    /// Why, for the console of whoever asks: nothing of what another one has.
    pub told: String,
}

/// For how long a machine that was just inspected waits in its script for an allocation.
pub const ALLOCATION_WAIT: Duration = Duration::from_mins(10);

/// For how long an unknown card on a known board waits in its script for a person.
pub const CLAIM_WAIT: Duration = Duration::from_mins(5);

/// What the asker boots next.
pub fn decide(facts: &BootFacts<'_>, now: Timestamp) -> Decision {
    if facts.safe_mode.is_some() {
        return decide_safely(facts);
    }
    match facts.identity {
        Identity::Conflict {
            name,
            shared,
            differences,
            ..
        } => {
            let words = conflict_words(name, shared, differences);
            Decision {
                told: format!(
                    "it claims to be {name}, and not all that it says fits; a person has to look: \
                     {}",
                    show(name)
                ),
                ..local_disk(format!("it claims to be {name}: {words}"))
            }
        }
        Identity::Candidate(_) => candidate(facts, now),
        Identity::Unknown => unknown(facts.unknown, "the machine is unknown"),
        Identity::Known(_) => match facts.standing {
            None => local_disk("its record is gone"),
            Some(standing) => decide_known(facts, standing, now),
        },
    }
}

/// The local disk for everybody. Who is unknown may still say who it is, on its way there.
fn decide_safely(facts: &BootFacts<'_>) -> Decision {
    match (facts.stage, facts.identity, facts.unknown) {
        (Stage::Dhcp, Identity::Unknown | Identity::Candidate(_), UnknownPolicy::Inspect) => {
            wait("safe mode: iPXE tells who it is, and then boots its disk")
        }
        _ => local_disk(
            "safe mode: nothing is installed before a person has looked (drover database status)",
        ),
    }
}

fn decide_known(facts: &BootFacts<'_>, standing: &Standing, now: Timestamp) -> Decision {
    let machine = &standing.machine;
    match machine.state {
        State::Discovered => {
            let why = format!(
                "{} is not accepted (drover machine accept {0})",
                machine.name
            );
            unknown(facts.unknown, &why)
        }
        State::Inspecting => wait("it is being inspected"),
        State::Available => decide_available(facts, machine, now),
        State::Provisioning(_) => decide_provisioning(facts, standing, now),
        State::Active if Sabotage::MemberKeptFromDisk.is_on() => wait("it is active"),
        State::Active => local_disk("it is active"),
        State::Cleaning => local_disk("it is being cleaned"),
        State::Failed(_) => local_disk("it has failed, and waits for a person"),
        State::Retired => local_disk("it is retired"),
    }
}

/// The boot in which a machine was inspected may become the one in which it is installed.
fn decide_available(facts: &BootFacts<'_>, machine: &Machine, now: Timestamp) -> Decision {
    let inspected_in_this_boot = facts.boot.opened <= machine.since;
    if inspected_in_this_boot && now.since(machine.since) < ALLOCATION_WAIT {
        wait("it is available and may be allocated in this boot")
    } else {
        local_disk("it is available, and nobody has allocated it")
    }
}

fn decide_provisioning(facts: &BootFacts<'_>, standing: &Standing, now: Timestamp) -> Decision {
    let intent = standing.intent.as_ref();
    let Some(intent) = intent.filter(|intent| intent.is_open(now)) else {
        return local_disk("no open intent permits to install it");
    };
    let open = standing
        .attempt
        .as_ref()
        .filter(|attempt| attempt.is_open() && attempt.intent == intent.id);
    let Some(attempt) = open else {
        return wait("the next attempt to install it is about to be opened");
    };
    // Its own boot too: iPXE is gone by then, and whoever asks for the script now has overheard it.
    if attempt.release.is_some() {
        return local_disk(format!(
            "attempt {} has its config already: its disk should boot now",
            attempt.number
        ));
    }
    if let Some(doubt) = facts.doubt {
        let because = doubt.told(&standing.machine.name, facts.boot.id);
        return Decision {
            told: doubt.console(&standing.machine.name),
            ..wait(because)
        };
    }
    let because = format!("{} asked for it (attempt {})", intent.actor, attempt.number);
    Decision {
        answer: Answer::Install(attempt.id),
        told: because.clone(),
        because,
    }
}

/// An unknown card on a known board. DHCP can't tell more; the script waits for a person, but not
/// for ever: firmware that goes through its list of cards comes to a known one next.
fn candidate(facts: &BootFacts<'_>, now: Timestamp) -> Decision {
    let why = "its card is not registered, though its board seems known: a person has to say which \
               machine it is (drover machine list shows which one is claimed)";
    match facts.stage {
        Stage::Dhcp => wait("an unknown card on a known board: iPXE will tell the serial number"),
        Stage::Script if now.since(facts.boot.opened) < CLAIM_WAIT => wait(why),
        Stage::Script => local_disk(why),
    }
}

fn unknown(policy: UnknownPolicy, why: &str) -> Decision {
    match policy {
        UnknownPolicy::Ignore => local_disk(format!("{why}, and the subnet ignores such machines")),
        UnknownPolicy::Inspect => wait(format!("{why}, and the subnet lets such machines wait")),
    }
}

fn local_disk(because: impl Into<String>) -> Decision {
    let because = because.into();
    Decision {
        answer: Answer::LocalDisk,
        told: because.clone(),
        because,
    }
}

fn wait(because: impl Into<String>) -> Decision {
    let because = because.into();
    Decision {
        answer: Answer::Wait,
        told: because.clone(),
        because,
    }
}

#[cfg(test)]
mod tests;
