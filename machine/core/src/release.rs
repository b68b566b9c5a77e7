//! Whether a config is released: the rule, as a pure function of what is known.
//!
//! Over plain HTTP nobody proves who he is. What is asked instead is that everything which can be
//! looked at agrees: the attempt is open, its boot said what the machine was registered with, the
//! address and the card are those of that boot, nobody else speaks for the machine at the same
//! time, and where there is a BMC, we switched the machine on and it says that the machine is on.

pub mod refusal;

use std::net::IpAddr;

use crate::attempt::{Attempt, AttemptEnd, Delivery, Release, Verdict};
use crate::boot::Boot;
use crate::doubt::Doubt;
use crate::hardware::MacAddress;
use crate::intent::Intent;
use crate::lifecycle::State;
use crate::power::{PowerObservation, PowerState};
use crate::release::refusal::ReleaseRefusal;
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// Who asks for a config, as the network shows it: never as a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer {
    /// The address that the connection comes from.
    pub address: IpAddr,
    /// The hardware address behind it, where the neighbour table knows it (not behind a relay).
    pub hardware: Option<MacAddress>,
}

/// Who gives the machines of a subnet their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressing {
    /// We do, by card: firmware, iPXE and the system of one boot have the same address.
    Ours,
    /// Another DHCP server does. It may give the system another address than iPXE had, so the card
    /// alone is compared.
    Others,
}

/// What is known when a config is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ReleaseFacts<'a> {
    /// The attempt that the token names.
    pub attempt: &'a Attempt,
    /// Its intent.
    pub intent: &'a Intent,
    /// The state of its machine.
    pub state: State,
    /// The machine's cards, as they were registered or told: never one that was only listed.
    pub cards: &'a [MacAddress],
    /// The boot that serves the attempt.
    pub boot: Option<&'a Boot>,
    /// Who gives addresses where the peer is.
    pub addressing: Addressing,
    /// The card to which the peer's address is leased, if we lease it.
    pub leased_to: Option<MacAddress>,
    /// Why that boot may not be the machine's.
    pub doubt: Option<&'a Doubt>,
    /// Whether the asker names a UUID or serial number that is not the machine's.
    pub names_another: bool,
    /// Whether the asker is elsewhere than at the address of the boot, and who was heard there
    /// during this attempt is not the machine.
    pub told_apart: bool,
    /// Whether the cluster accepts that its config travels in the clear, or it does not.
    pub transport_permitted: bool,
}

/// A permitted fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// The first: claims the intent.
    First,
    /// The same bytes to the same peer again.
    Again,
}

/// Whether this peer may have the config of this attempt now.
pub fn may_release(
    facts: &ReleaseFacts<'_>,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    let ReleaseFacts {
        attempt,
        intent,
        state,
        ..
    } = *facts;
    if !facts.transport_permitted {
        return Err(ReleaseRefusal::Plaintext);
    }
    if let Some(said) = taken_back(attempt) {
        return Err(refuse_withdrawn(facts, said, peer));
    }
    if !matches!(state, State::Provisioning(_)) {
        return Err(ReleaseRefusal::NotProvisioning(state));
    }
    // What its node has refused ends the attempt, and is asked for again all the same.
    if !attempt.is_open() || attempt.verdict.is_some() {
        return Err(ReleaseRefusal::AttemptClosed);
    }
    if !intent.is_open(now) {
        return Err(ReleaseRefusal::IntentNotOpen);
    }
    is_not_another(facts, peer)?;
    match &attempt.release {
        Some(release) => may_release_again(facts, release, peer, now),
        None => may_release_first(facts, peer, now),
    }
}

/// Whoever names another board, or was told apart from the machine before, gets nothing, whatever
/// else agrees.
fn is_not_another(facts: &ReleaseFacts<'_>, peer: Peer) -> Result<(), ReleaseRefusal> {
    if facts.names_another {
        return Err(ReleaseRefusal::AnotherBoard);
    }
    if !facts.told_apart {
        return Ok(());
    }
    let foreign = peer.hardware.filter(|card| !facts.cards.contains(card));
    Err(foreign.map_or(ReleaseRefusal::ToldApart, ReleaseRefusal::UnknownCard))
}

/// What a person said who took an attempt back.
fn taken_back(attempt: &Attempt) -> Option<&Verdict> {
    let said = attempt.verdict.as_ref();
    said.filter(|it| it.end == AttemptEnd::Cancelled && !attempt.is_open())
}

/// The machine itself asks for what it may not have any more; whoever else has its token is told
/// apart from it as ever.
fn refuse_withdrawn(facts: &ReleaseFacts<'_>, said: &Verdict, peer: Peer) -> ReleaseRefusal {
    if let Err(refusal) = is_not_another(facts, peer) {
        return refusal;
    }
    let asker = match &facts.attempt.release {
        Some(release) => is_the_peer(facts, release, peer),
        None => is_the_boot(facts, peer),
    };
    match asker {
        Err(refusal) => refusal,
        Ok(()) => ReleaseRefusal::Withdrawn {
            at: said.at,
            why: said.why.clone(),
        },
    }
}

fn may_release_again(
    facts: &ReleaseFacts<'_>,
    release: &Release,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    is_the_peer(facts, release, peer)?;
    // A config that was given to its machine is not fetched.
    let Delivery::Fetched { fetches, .. } = release.delivery else {
        return Err(ReleaseRefusal::OtherPeer);
    };
    if fetches >= Attempt::MAX_FETCHES {
        return Err(ReleaseRefusal::TooOften);
    }
    if now.since(release.at) >= Attempt::RELEASE_WINDOW {
        return Err(ReleaseRefusal::Late);
    }
    Ok(Grant::Again)
}

/// Whether a config went to this peer before.
fn is_the_peer(
    facts: &ReleaseFacts<'_>,
    release: &Release,
    peer: Peer,
) -> Result<(), ReleaseRefusal> {
    // An address is easily taken over: the card behind it must be the machine's.
    let card = peer.hardware.ok_or(ReleaseRefusal::NeighbourUnknown)?;
    let is_other = release.peer() != peer.address || !facts.cards.contains(&card);
    if is_other && !Sabotage::SecondPeerServed.is_on() {
        return Err(ReleaseRefusal::OtherPeer);
    }
    Ok(())
}

fn may_release_first(
    facts: &ReleaseFacts<'_>,
    peer: Peer,
    now: Timestamp,
) -> Result<Grant, ReleaseRefusal> {
    if now >= facts.attempt.ends_by() {
        return Err(ReleaseRefusal::Late);
    }
    if facts.intent.claims >= Intent::MAX_CLAIMS {
        return Err(ReleaseRefusal::IntentUsedUp);
    }
    is_the_boot(facts, peer)?;
    match facts.doubt {
        Some(doubt) => Err(ReleaseRefusal::Doubtful(doubt.clone())),
        None => Ok(Grant::First),
    }
}

/// Whether this peer is the boot that serves the attempt.
fn is_the_boot(facts: &ReleaseFacts<'_>, peer: Peer) -> Result<(), ReleaseRefusal> {
    let boot = facts.boot.ok_or(ReleaseRefusal::NotTheBoot)?;
    if Sabotage::ClaimantServed.is_on() {
        return Ok(());
    }
    let card = peer.hardware.ok_or(ReleaseRefusal::NeighbourUnknown)?;
    if !facts.cards.contains(&card) {
        return Err(ReleaseRefusal::UnknownCard(card));
    }
    let is_the_boot = match facts.addressing {
        // A machine with several cards may fetch with another one than it booted from.
        Addressing::Ours => boot.address == Some(peer.address) || is_leased_to(facts, card),
        Addressing::Others => boot.mac == Some(card),
    };
    match facts.addressing {
        _ if is_the_boot => Ok(()),
        // Nothing on the kernel line keeps the system from asking by this card.
        Addressing::Others if boot.mac.is_some() => Err(ReleaseRefusal::SecondCard(card)),
        Addressing::Others | Addressing::Ours => Err(ReleaseRefusal::NotTheBoot),
    }
}

/// Whether the address of the peer is leased to this card.
fn is_leased_to(facts: &ReleaseFacts<'_>, card: MacAddress) -> bool {
    facts.leased_to == Some(card)
        || (facts.leased_to.is_some() && Sabotage::LeaseOfAnotherBelieved.is_on())
}

/// What the machine's BMC has to do with a release. It is asked for it afresh.
#[derive(Debug, Clone, Copy)]
pub struct PowerProof<'a> {
    /// What it says now.
    pub observed: &'a PowerObservation,
    /// Whether a person accepted this boot. Then a BMC that does not answer hinders nobody; one
    /// that says off still does.
    pub is_accepted: bool,
}

/// Whether the machine can be the one that asks: it must be on.
pub fn may_be_running(proof: PowerProof<'_>) -> Result<(), ReleaseRefusal> {
    match proof.observed {
        PowerObservation::NoBmc | PowerObservation::Is(PowerState::On) => Ok(()),
        _ if Sabotage::PowerProofSkipped.is_on() => Ok(()),
        PowerObservation::Is(PowerState::Off) => Err(ReleaseRefusal::BmcSaysOff),
        PowerObservation::Unreachable(_) if proof.is_accepted => Ok(()),
        PowerObservation::Unreachable(why) => Err(ReleaseRefusal::BmcSilent(why.clone())),
    }
}

#[cfg(test)]
mod tests;
