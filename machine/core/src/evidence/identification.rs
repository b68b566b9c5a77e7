//! Who a claimant is: the judgement over a claim and every machine that shares something with it.
//!
//! The card is looked at first, then the board. Of several machines that fit, what was registered goes
//! before what was known earlier.

use std::collections::BTreeSet;

use crate::evidence::{Claim, Difference, EvidenceKind, Identity, KnownIdentity, contradictions};
use crate::hardware::{MacAddress, SystemUuid};
use crate::id::MachineId;
use crate::time::Timestamp;

/// Who the claimant is, given every machine that shares a card or the UUID with it.
///
/// DHCP is judged by the card alone: ROMs send wrong UUIDs in option 97, and iPXE tells the true one
/// a moment later. Only a complete claim can contradict.
pub fn identify(claim: &Claim, candidates: &[KnownIdentity]) -> Identity {
    let mut of_card: Vec<&KnownIdentity> = candidates
        .iter()
        .filter(|known| known.macs.contains(&claim.mac))
        .collect();
    of_card.sort_by_key(|known| precedence(known));
    let agrees =
        |known: &&&KnownIdentity| !claim.complete || contradictions(claim, known).is_empty();
    if let Some(own) = of_card.iter().find(agrees) {
        return known_or_rival(claim, own, candidates);
    }
    match of_card.first() {
        Some(known) => conflict(
            None,
            known,
            (
                shared(claim, &BTreeSet::new(), known),
                contradictions(claim, known),
            ),
        ),
        None => by_board(claim, candidates),
    }
}

/// An unknown card: whose board does it claim?
fn by_board(claim: &Claim, candidates: &[KnownIdentity]) -> Identity {
    let mut same_board: Vec<&KnownIdentity> = candidates
        .iter()
        .filter(|known| claims_board(claim, known))
        .collect();
    same_board.sort_by_key(|known| precedence(known));
    let Some(first) = same_board.first() else {
        return Identity::Unknown;
    };
    let agrees = |known: &&&KnownIdentity| contradictions(claim, known).is_empty();
    match same_board.iter().find(agrees) {
        Some(known) => Identity::Candidate(known.machine),
        None if !claim.complete => Identity::Candidate(first.machine),
        None => {
            let none = BTreeSet::new();
            conflict(None, first, compared(claim, &none, first))
        }
    }
}

/// Who comes first of two that claim the same: what was registered, then what was known earlier.
fn precedence(known: &KnownIdentity) -> (bool, Timestamp, MachineId) {
    (!known.registered, known.since, known.machine)
}

/// Whether a claim has the UUID of this machine. A UUID that was only heard, with another serial
/// number than was heard with it, is one of those that vendors ship many times.
fn claims_board(claim: &Claim, known: &KnownIdentity) -> bool {
    let Some(uuid) = claim.uuid.filter(SystemUuid::is_usable) else {
        return false;
    };
    if known.uuid.is_some_and(|it| it.is_same_board(uuid)) {
        return true;
    }
    let heard = &known.heard;
    let is_another = claim.serial.as_ref().is_some_and(|serial| {
        let usable = heard.serials.iter().filter(|it| it.is_usable());
        let mut others = usable.peekable();
        serial.is_usable() && others.peek().is_some() && others.all(|it| it != serial)
    });
    heard.uuids.iter().any(|it| it.is_same_board(uuid)) && !is_another
}

/// A machine that is known itself may still claim what another one has before it: it stays a
/// claimant. Only what was registered counts: what somebody said on the wire takes nothing from
/// anybody.
fn known_or_rival(claim: &Claim, own: &KnownIdentity, candidates: &[KnownIdentity]) -> Identity {
    let said = claim.uuid.filter(|_| claim.complete);
    let boards = [own.uuid, said].into_iter().flatten();
    let boards: Vec<SystemUuid> = boards.filter(SystemUuid::is_usable).collect();
    let is_rival = |other: &&KnownIdentity| {
        let has = |uuid: SystemUuid| boards.iter().any(|board| board.is_same_board(uuid));
        let shares = other.uuid.is_some_and(has) || !other.macs.is_disjoint(&own.macs);
        other.machine != own.machine && precedence(other) < precedence(own) && shares
    };
    match candidates.iter().find(is_rival) {
        None => Identity::Known(own.machine),
        Some(rival) => conflict(Some(own.machine), rival, compared(claim, &own.macs, rival)),
    }
}

fn conflict(
    claimant: Option<MachineId>,
    known: &KnownIdentity,
    (shared, differences): (Vec<EvidenceKind>, Vec<Difference>),
) -> Identity {
    Identity::Conflict {
        claimant,
        with: known.machine,
        name: known.name.clone(),
        shared,
        differences,
    }
}

/// What a claim, or the machine with these cards that makes it, has of another machine.
fn shared(claim: &Claim, own: &BTreeSet<MacAddress>, known: &KnownIdentity) -> Vec<EvidenceKind> {
    let uuids = known.uuid.iter().chain(&known.heard.uuids);
    let serials = known.serial.iter().chain(&known.heard.serials);
    let uuid = claim.uuid.filter(SystemUuid::is_usable);
    let serial = claim.serial.as_ref().filter(|it| it.is_usable());
    let has = [
        (
            EvidenceKind::Mac,
            known.macs.contains(&claim.mac) || !known.macs.is_disjoint(own),
        ),
        (
            EvidenceKind::SystemUuid,
            uuid.is_some_and(|uuid| uuids.clone().any(|it| it.is_same_board(uuid))),
        ),
        (
            EvidenceKind::SystemSerial,
            serial.is_some_and(|serial| serials.clone().any(|it| it == serial)),
        ),
    ];
    let shared = has.into_iter().filter(|(_, has)| *has);
    shared.map(|(kind, _)| kind).collect()
}

/// What a claimant and a machine share, and in what they differ.
fn compared(
    claim: &Claim,
    own: &BTreeSet<MacAddress>,
    known: &KnownIdentity,
) -> (Vec<EvidenceKind>, Vec<Difference>) {
    let shared = shared(claim, own, known);
    let mut differences = differences_of_clone(claim, known);
    differences.retain(|it| it.kind != EvidenceKind::Mac || !shared.contains(&it.kind));
    (shared, differences)
}

fn differences_of_clone(claim: &Claim, known: &KnownIdentity) -> Vec<Difference> {
    let listed = |macs: &mut dyn Iterator<Item = &MacAddress>| {
        macs.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let mac = Difference {
        kind: EvidenceKind::Mac,
        known: listed(&mut known.macs.iter()),
        claimed: claim.mac.to_string(),
    };
    std::iter::once(mac)
        .chain(contradictions(claim, known))
        .collect()
}
