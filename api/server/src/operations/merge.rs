//! The use case that says: the machine which claims to be another is that other one. A swapped
//! card, a replaced board, and a machine that was found before it was registered end here.

use machine_core::evidence::{EvidenceSource, KnownIdentity};
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use machine_core::lifecycle::{Moving, State};
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{identities, reservations};

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operations::Operations;
use crate::operations::endings::Thought;
use crate::operations::machines::event;

/// The claimant, and the machine that it is.
struct Pair<'a> {
    claimant: &'a Machine,
    into: &'a Machine,
}

impl Operations {
    pub(super) async fn merger(
        &self,
        claimant: &Machine,
        into: &Machine,
        board: bool,
        asked: &Asked,
    ) -> Result<Thought, UseCaseError> {
        let pair = Pair { claimant, into };
        pair.refuse_in_use()?;
        self.refuse_registered(claimant, into).await?;
        let (theirs, own) = (
            self.known_identity(claimant).await?,
            self.known_identity(into).await?,
        );
        pair.refuse_unrelated(&theirs, &own)?;
        if !board && has_other_board(&theirs, &own) {
            return Err(UseCaseError::Contradiction(format!(
                "{claimant} says another UUID or serial number than {into} has: if the board of \
                 {into} was replaced, say --board",
                claimant = claimant.name,
                into = into.name
            )));
        }
        let others = identities::candidates(&self.db, &theirs.macs, None).await?;
        let (taken, foreign) = pair.cards(&theirs, &others);
        let at = self.effects.now();
        let facts = facts(&taken, &theirs);
        let mut notes: Vec<String> = foreign
            .iter()
            .map(|(card, holder)| format!("the card {card} stays with {holder}"))
            .collect();
        notes.extend(self.note_on_addresses(into, &own, &taken).await?);
        Ok(Thought {
            change: Change {
                machines: pair.writes(board, at),
                evidence: vec![Evidence {
                    machine: into.id,
                    at,
                    source: EvidenceSource::Person,
                    facts,
                }],
                events: pair.events(&taken, board, asked, at),
                ..Change::default()
            },
            freed: reservations::of_machine(&self.db, claimant.id).await?,
            notes,
        })
    }

    /// A merge is for a machine that was found. One that a document registers comes back with the
    /// next time that the document is applied.
    async fn refuse_registered(
        &self,
        claimant: &Machine,
        into: &Machine,
    ) -> Result<(), UseCaseError> {
        if !self.is_registered(claimant.id).await? {
            return Ok(());
        }
        let (name, end) = (&claimant.name, end_of_record(claimant));
        Err(UseCaseError::Contradiction(format!(
            "{name} is registered by a document, as a machine of its own: if its entry is wrong, \
             correct it (drover machine apply --file FILE); if {name} is {into}, take its entry out \
             of the document, end its record ({end}), and give its cards in the entry of {into}",
            into = into.name
        )))
    }

    async fn known_identity(&self, machine: &Machine) -> Result<KnownIdentity, UseCaseError> {
        let known = identities::of_machine(&self.db, machine.id).await?;
        known.ok_or_else(|| UseCaseError::NotFound {
            what: "machine",
            name: machine.name.clone(),
            similar: None,
        })
    }

    /// An address is kept for a card: a new one does not inherit it.
    async fn note_on_addresses(
        &self,
        into: &Machine,
        own: &KnownIdentity,
        taken: &[MacAddress],
    ) -> Result<Vec<String>, UseCaseError> {
        if taken.iter().all(|card| own.macs.contains(card)) {
            return Ok(Vec::new());
        }
        let kept = reservations::of_machine(&self.db, into.id).await?;
        let note = |address, card| {
            format!(
                "{address} stays with the card {card} of {}: to move it to a new card, write that \
                 into the machine's document and apply it",
                into.name
            )
        };
        Ok(kept.iter().map(|it| note(it.address, it.mac)).collect())
    }
}

impl Pair<'_> {
    fn refuse_in_use(&self) -> Result<(), UseCaseError> {
        let (name, state) = (&self.claimant.name, self.claimant.state);
        if self.claimant.id == self.into.id {
            let why = format!("wanted two machines to merge, got {name} twice");
            return Err(UseCaseError::Contradiction(why));
        }
        // Whoever becomes part of it would be installed, with its config.
        if matches!(self.into.state, State::Provisioning(_)) {
            let into = &self.into.name;
            return Err(UseCaseError::Contradiction(format!(
                "{into} is being installed: nothing becomes part of it now; wait, or take the \
                 install back first (drover machine cancel {into})"
            )));
        }
        match state {
            State::Discovered | State::Inspecting | State::Available | State::Retired => Ok(()),
            State::Failed(Moving::Inspecting) => Ok(()),
            State::Provisioning(_) | State::Active | State::Cleaning => {
                Err(UseCaseError::Contradiction(format!(
                    "{name} is {state}: it is a machine of its own; to end that, retire it first \
                     (drover machine retire {name})"
                )))
            }
            State::Failed(Moving::Provisioning(_) | Moving::Cleaning) => {
                Err(UseCaseError::Contradiction(format!(
                    "{name} is {state}: its disk may hold an install; retire it first (drover \
                     machine retire {name})"
                )))
            }
        }
    }

    /// What shares nothing with a machine is not that machine: a name was mistyped.
    fn refuse_unrelated(
        &self,
        theirs: &KnownIdentity,
        own: &KnownIdentity,
    ) -> Result<(), UseCaseError> {
        if is_related(theirs, own) {
            return Ok(());
        }
        let (claimant, into) = (&self.claimant.name, &self.into.name);
        let end = end_of_record(self.claimant);
        Err(UseCaseError::Contradiction(format!(
            "{claimant} and {into} share no card, UUID or serial number: nothing says that they \
             are one machine; if a person knows better, first {end}, and then give its card in the \
             entry of {into} (drover machine apply --file FILE)"
        )))
    }

    /// The claimant's cards that become the other's, and those that belong to a third machine: a
    /// claimant may list what it likes.
    fn cards(
        &self,
        theirs: &KnownIdentity,
        others: &[KnownIdentity],
    ) -> (Vec<MacAddress>, Vec<(MacAddress, String)>) {
        let third = |card: &MacAddress| {
            others.iter().find(|it| {
                it.machine != self.claimant.id
                    && it.machine != self.into.id
                    && it.macs.contains(card)
            })
        };
        let (mut taken, mut foreign) = (Vec::new(), Vec::new());
        for card in &theirs.macs {
            match third(card) {
                None => taken.push(*card),
                Some(holder) => foreign.push((*card, holder.name.clone())),
            }
        }
        (taken, foreign)
    }

    fn writes(&self, board: bool, at: machine_core::time::Timestamp) -> Vec<MachineWrite> {
        let Machine { id, version, .. } = *self.into;
        let kept = if board {
            MachineWrite::ForgetBoard { id, version }
        } else {
            MachineWrite::Hold { id, version }
        };
        let Machine { id, version, .. } = *self.claimant;
        // In one order, as whoever writes several machines: two mergers do not wait for each other.
        let mut writes = vec![kept, MachineWrite::Forget { id, version, at }];
        if self.claimant.id < self.into.id {
            writes.reverse();
        }
        writes
    }

    fn events(
        &self,
        taken: &[MacAddress],
        board: bool,
        asked: &Asked,
        at: machine_core::time::Timestamp,
    ) -> Vec<machine_store::events::Event> {
        let (claimant, into) = (&self.claimant.name, &self.into.name);
        let cards: Vec<String> = taken.iter().map(ToString::to_string).collect();
        let cards = cards.join(", ");
        let because = asked.because();
        let board = if board {
            ", and its board in place of the old one"
        } else {
            ""
        };
        let gone = format!("it is {into}: its record became part of that one{because}");
        let took = format!("{claimant} is this machine: it has its cards {cards}{board}{because}");
        vec![
            event(self.claimant, asked, at, "merged", gone),
            event(self.into, asked, at, "merged", took),
        ]
    }
}

/// The commands that end a machine's record.
fn end_of_record(machine: &Machine) -> String {
    let name = &machine.name;
    let forget = format!("drover machine forget {name}");
    match machine.state {
        State::Discovered | State::Retired => forget,
        _ => format!("drover machine retire {name}, then {forget}"),
    }
}

/// What identifies the claimant, for the other machine.
fn facts(taken: &[MacAddress], theirs: &KnownIdentity) -> Vec<Fact> {
    let uuid = theirs.uuid.filter(SystemUuid::is_usable);
    let serial = theirs.serial.clone().filter(SerialNumber::is_usable);
    let cards = taken.iter().copied().map(Fact::Mac);
    cards
        .chain(uuid.map(Fact::Uuid))
        .chain(serial.map(Fact::Serial))
        .collect()
}

/// Whether the claimant says a usable UUID or serial number that is not the other's.
/// Whether anything that either of two machines has, or was heard to say, is the other's, too.
fn is_related(theirs: &KnownIdentity, own: &KnownIdentity) -> bool {
    let uuids = |it: &KnownIdentity| -> Vec<SystemUuid> {
        let all = it.uuid.into_iter().chain(it.heard.uuids.iter().copied());
        all.filter(SystemUuid::is_usable).collect()
    };
    let serials = |it: &KnownIdentity| -> Vec<SerialNumber> {
        let all = it.serial.iter().chain(&it.heard.serials);
        all.filter(|it| it.is_usable()).cloned().collect()
    };
    let (their_uuids, own_uuids) = (uuids(theirs), uuids(own));
    let (their_serials, own_serials) = (serials(theirs), serials(own));
    !theirs.macs.is_disjoint(&own.macs)
        || own_uuids
            .iter()
            .any(|uuid| their_uuids.iter().any(|it| it.is_same_board(*uuid)))
        || own_serials.iter().any(|it| their_serials.contains(it))
}

fn has_other_board(theirs: &KnownIdentity, own: &KnownIdentity) -> bool {
    let uuid = theirs.uuid.filter(SystemUuid::is_usable);
    let own_uuid = own.uuid.filter(SystemUuid::is_usable);
    let serial = theirs.serial.as_ref().filter(|it| it.is_usable());
    let own_serial = own.serial.as_ref().filter(|it| it.is_usable());
    let differs = |known: bool, same: bool| known && !same;
    differs(uuid.is_some() && own_uuid.is_some(), uuid == own_uuid)
        || differs(
            serial.is_some() && own_serial.is_some(),
            serial == own_serial,
        )
}
