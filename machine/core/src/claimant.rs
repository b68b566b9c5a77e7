//! Who speaks for a machine: every boot that said to be it, and what makes one doubtful.
//!
//! Whoever can be told apart from the machine (another card, another UUID or serial number than was
//! registered, none of them where one was) is refused, and stops nobody. Two that can't be told
//! apart, and speak at the same time, hold the release: one of them is not the machine, and nothing
//! on the wire says which. A packet of DHCP alone is nobody: only who asks for a whole script, from
//! an address behind which we see the machine's card, speaks for it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::boot::Boot;
use crate::doubt::{Doubt, SILENCE};
use crate::evidence::{Claim, KnownIdentity, contradictions, unsaid};
use crate::hardware::{MacAddress, SerialNumber, SystemUuid};
use crate::id::BootId;
use crate::sabotage::Sabotage;
use crate::time::Timestamp;

/// How long after our power-on a network boot is its consequence: servers test their memory first.
pub const POWER_ON_WINDOW: Duration = Duration::from_mins(15);

/// Whether a boot began because we switched its machine on.
pub fn follows_power_on(boot: &Boot, powered_on: Option<Timestamp>) -> bool {
    powered_on.is_some_and(|at| boot.opened >= at && boot.opened.since(at) < POWER_ON_WINDOW)
}

/// For how long a boot that was given the installer keeps a second one from it. Its system asks for
/// the config within two minutes, or within five where a card gets no address.
pub const SERVED: Duration = Duration::from_mins(5);

/// A boot that said to be a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// Which boot.
    pub boot: BootId,
    /// The card that we saw behind its address.
    pub card: MacAddress,
    /// Where it asked from.
    pub address: IpAddr,
    /// The UUID that it said.
    pub uuid: Option<SystemUuid>,
    /// The serial number that it said.
    pub serial: Option<SerialNumber>,
    /// When it asked first.
    pub first_seen: Timestamp,
    /// When it asked last.
    pub last_seen: Timestamp,
}

/// What a doubt is judged by.
#[derive(Debug, Clone, Copy)]
pub struct DoubtFacts<'a> {
    /// The boot that asks.
    pub boot: &'a Boot,
    /// The open attempt that it wants to serve.
    pub attempt: &'a Attempt,
    /// What is known of its machine.
    pub known: &'a KnownIdentity,
    /// Who spoke for the machine.
    pub claimants: &'a [Claimant],
    /// Who asks now, where that is a script: he is judged by what he says himself.
    pub speaking: Option<&'a Claimant>,
    /// Whether the machine has a BMC.
    pub has_bmc: bool,
    /// When Drover last switched the machine on.
    pub powered_on: Option<Timestamp>,
}

impl Claimant {
    /// What it said, as a claim.
    pub fn claim(&self) -> Claim {
        Claim {
            mac: self.card,
            others: BTreeSet::new(),
            uuid: self.uuid,
            serial: self.serial.clone(),
            complete: true,
        }
    }

    /// Whether it can't be told apart from the machine by what it said.
    pub fn is_like(&self, known: &KnownIdentity) -> bool {
        let claim = self.claim();
        known.macs.contains(&self.card)
            && contradictions(&claim, known).is_empty()
            && unsaid(&claim, known).is_empty()
    }

    /// Whether this UUID or serial number, as far as they are named, is another than it said.
    pub fn differs_from(&self, uuid: Option<SystemUuid>, serial: Option<&SerialNumber>) -> bool {
        let other_uuid = self
            .uuid
            .zip(uuid)
            .is_some_and(|(said, named)| !said.is_same_board(named));
        let other_serial = self.serial.as_ref().zip(serial);
        other_uuid || other_serial.is_some_and(|(said, named)| said != named)
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.address == other.address
            && self.card == other.card
            && self.uuid == other.uuid
            && self.serial == other.serial
    }
}

/// Why a boot may not be the machine's; nothing if all agrees.
pub fn doubt(facts: &DoubtFacts<'_>, now: Timestamp) -> Option<Doubt> {
    let DoubtFacts {
        boot,
        attempt,
        known,
        ..
    } = *facts;
    // A clone of the card shares boot and address with the machine, which may have said it all.
    if let Some(speaking) = facts.speaking.filter(|it| !it.is_like(known)) {
        return evidence_doubt(speaking, known).or(Some(Doubt::Silent));
    }
    let has_spoken = |it: &&Claimant| it.boot == boot.id && known.macs.contains(&it.card);
    let mut own: Vec<&Claimant> = facts.claimants.iter().filter(has_spoken).collect();
    own.sort_by_key(|it| it.first_seen);
    let Some(last) = own.last().copied() else {
        return Some(Doubt::Silent);
    };
    // Firmware repeats itself within a minute, so an impostor may share the boot of the machine:
    // whoever can be told apart by what he said is passed over.
    own.retain(|it| it.is_like(known));
    let Some((said, further)) = own.split_first() else {
        return evidence_doubt(last, known);
    };
    if attempt.has_accepted(boot.id) {
        return None;
    }
    if attempt.accepted_boot.is_some() {
        return Some(Doubt::AnotherAccepted);
    }
    if facts.has_bmc && !follows_power_on(boot, facts.powered_on) {
        return Some(Doubt::NotOurPowerOn);
    }
    if let Some(other) = further.iter().find(|it| !it.says_the_same(said)) {
        return Some(two_live(other));
    }
    rival_doubt(facts, said, now)
}

/// Why a boot that asks for a script, while no attempt is open, may not be its machine's: what it
/// says is not learned, and moves nothing. `claimants` are all who spoke so far, and it. One that
/// began before our last power-on was cut off by it.
pub fn teaching_doubt(
    speaking: &Claimant,
    known: &KnownIdentity,
    claimants: &[Claimant],
    powered_on: Option<Timestamp>,
    now: Timestamp,
) -> Option<Doubt> {
    if !speaking.is_like(known) {
        return evidence_doubt(speaking, known).or(Some(Doubt::Silent));
    }
    let alike = || claimants.iter().filter(|it| it.is_like(known));
    let of_boot = alike().filter(|it| it.boot == speaking.boot);
    let first_seen = of_boot.map(|it| it.first_seen).min();
    let began = first_seen.unwrap_or(speaking.first_seen);
    let is_rival = |it: &&Claimant| {
        let is_other = it.boot != speaking.boot || !it.says_the_same(speaking);
        let is_over = powered_on.is_some_and(|at| it.first_seen < at);
        is_other && !is_over && it.last_seen > began && now.since(it.last_seen) < SILENCE
    };
    alike().find(is_rival).map(two_live)
}

fn evidence_doubt(said: &Claimant, known: &KnownIdentity) -> Option<Doubt> {
    let claim = said.claim();
    let differs = contradictions(&claim, known);
    if !differs.is_empty() {
        let kinds = differs.iter().map(|it| it.kind).collect();
        return Some(Doubt::Contradicts(kinds));
    }
    let unsaid = unsaid(&claim, known);
    (!unsaid.is_empty()).then_some(Doubt::Unsaid(unsaid))
}

const fn two_live(other: &Claimant) -> Doubt {
    Doubt::TwoLive {
        other: other.address,
        other_boot: other.boot,
        other_since: other.first_seen,
    }
}

/// Other boots that can't be told apart from the machine. One that began before our last power-on
/// was cut off by it, and counts no more.
fn rival_doubt(facts: &DoubtFacts<'_>, said: &Claimant, now: Timestamp) -> Option<Doubt> {
    let is_served = |it: &Claimant| facts.attempt.boot == Some(it.boot);
    let is_rival = |it: &&Claimant| {
        let is_over = facts.powered_on.is_some_and(|at| it.first_seen < at);
        // The attempt may have been opened for the very request that it serves.
        let is_of_attempt = it.last_seen >= facts.attempt.opened || is_served(it);
        let is_seen = !Sabotage::CloneUnseen.is_on();
        it.boot != said.boot && is_of_attempt && !is_over && it.is_like(facts.known) && is_seen
    };
    let rivals: Vec<&Claimant> = facts.claimants.iter().filter(is_rival).collect();
    // One that wipes restarts by itself.
    let wipes = facts.attempt.wipe.and_then(|wipe| wipe.boot);
    let speaks = |it: &&&Claimant| {
        let is_installing =
            is_served(it) && wipes != Some(it.boot) && now.since(it.last_seen) < SERVED;
        is_installing || it.last_seen > said.first_seen
    };
    if let Some(live) = rivals.iter().find(speaks) {
        return Some(two_live(live));
    }
    let was_just_heard = |it: &&Claimant| now.since(it.last_seen) < SILENCE;
    rivals
        .iter()
        .any(was_just_heard)
        .then_some(Doubt::Restarted)
}

#[cfg(test)]
mod tests;
