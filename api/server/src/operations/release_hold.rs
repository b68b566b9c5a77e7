//! The use case that accepts a boot as a machine's: one that was switched on by hand, one of several
//! that can't be told apart, a card or a board that was not registered.
//!
//! It opens no permission and erases nothing. What the accepted boot says of itself is the
//! machine's from then on, as a person's word.

use machine_core::claimant::Claimant;
use machine_core::doubt::{SILENCE, release_hold};
use machine_core::evidence::{EvidenceSource, KnownIdentity, contradictions, unsaid};
use machine_core::hardware::{MacAddress, SerialNumber, SystemUuid};
use machine_core::machine::Machine;
use machine_core::time::Timestamp;
use machine_store::change::{AttemptWrite, Change, MachineWrite};
use machine_store::claimants::{self, Heard};
use machine_store::evidence::{Evidence, Fact};
use machine_store::{attempts, identities, intents};
use std::time::Duration;

use crate::caller::Asked;
use crate::error::UseCaseError;
use crate::operation::Operation;
use crate::operations::machines::{MachineView, event};
use crate::operations::{Operations, TRIES, Written};

/// How long somebody who spoke for a machine can be accepted: longer than a server takes to start.
const RECENT: Duration = Duration::from_mins(30);

/// Which claimant is meant.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// By its card.
    pub card: Option<MacAddress>,
    /// By the first digits of its boot's id; empty for any.
    pub boot: String,
}

impl Operations {
    /// Accepts the boot that speaks for a machine.
    pub async fn release_hold(
        &self,
        name: &str,
        choice: &Choice,
        asked: &Asked,
    ) -> Result<MachineView, UseCaseError> {
        self.permit(&asked.caller, Operation::ReleaseHold)?;
        let card = choice.card.map(|it| it.to_string()).unwrap_or_default();
        let what = ["release hold", name, &card, &choice.boot];
        if self.carried_out(asked, &what).await?.is_some() {
            return self.view(self.machine(name).await?).await;
        }
        for _ in 0..TRIES {
            let machine = self.machine(name).await?;
            let mut change = self.acceptance(&machine, choice, asked).await?;
            change.request = Some(self.request(asked, &what, String::new()));
            match self.write(&change).await? {
                Written::Now | Written::Before(_) => {
                    // A card that was accepted may end what others claimed.
                    self.wake_after(&change).await?;
                    return self.view(self.machine(name).await?).await;
                }
                Written::Overtaken => {}
            }
        }
        Err(UseCaseError::Overtaken)
    }

    async fn acceptance(
        &self,
        machine: &Machine,
        choice: &Choice,
        asked: &Asked,
    ) -> Result<Change, UseCaseError> {
        let now = self.effects.now();
        let heard = claimants::of_machine(&self.db, machine.id).await?;
        let chosen = chosen(&machine.name, &heard, choice, now)?;
        let known = identities::of_machine(&self.db, machine.id).await?;
        let known = known.ok_or_else(|| UseCaseError::NotFound {
            what: "machine",
            name: machine.name.clone(),
            similar: None,
        })?;
        let learned = learned(&known, chosen)?;
        let open = match intents::latest_of_machine(&self.db, machine.id).await? {
            Some(intent) => attempts::of_intent(&self.db, intent.id).await?,
            None => Vec::new(),
        };
        let open = open
            .first()
            .filter(|it| it.is_open() && it.release.is_none());
        let accept = open.map(|attempt| AttemptWrite::Accept {
            id: attempt.id,
            boot: chosen.boot,
        });
        let detail = format!(
            "the boot at {} ({}) is accepted as this machine{}{}",
            chosen.address,
            chosen.card,
            if learned.is_empty() {
                ""
            } else {
                ", with what it says of itself"
            },
            asked.because()
        );
        let evidence = Evidence {
            machine: machine.id,
            at: now,
            source: EvidenceSource::Person,
            facts: learned,
        };
        Ok(Change {
            machines: vec![MachineWrite::Hold {
                id: machine.id,
                version: machine.version,
            }],
            attempts: accept.into_iter().collect(),
            evidence: vec![evidence],
            accepted: vec![(machine.id, chosen.boot)],
            events: vec![event(machine, asked, now, "accepted", detail)],
            ..Change::default()
        })
    }
}

/// The one claimant that is meant.
fn chosen<'a>(
    name: &str,
    heard: &'a [Heard],
    choice: &Choice,
    now: Timestamp,
) -> Result<&'a Claimant, UseCaseError> {
    let is_recent = |it: &&Heard| now.since(it.claimant.last_seen) < RECENT;
    let recent = once_each(heard.iter().filter(is_recent).collect());
    let is_meant = |it: &&&Heard| {
        let is_card = choice.card.is_none_or(|card| it.claimant.card == card);
        is_card && it.claimant.boot.to_string().starts_with(&choice.boot)
    };
    let mut meant: Vec<&Heard> = recent.iter().filter(is_meant).copied().collect();
    // An earlier boot that was silent for long before a later one of the same card began is over.
    let newer = meant.clone();
    meant.retain(|it| {
        let is_after = |later: &Heard| {
            let (now, before) = (&later.claimant, &it.claimant);
            let is_same =
                (now.card, now.uuid, &now.serial) == (before.card, before.uuid, &before.serial);
            is_same
                && now.first_seen > before.last_seen
                && now.first_seen.since(before.last_seen) >= SILENCE
        };
        !choice.boot.is_empty() || !newer.iter().any(|later| is_after(later))
    });
    match meant.as_slice() {
        [] => Err(UseCaseError::Contradiction(nobody(name, choice, &recent))),
        [one] => Ok(&one.claimant),
        several => Err(UseCaseError::Contradiction(format!(
            "{name}: several speak for it; find out which one is the machine, and say so:\n{}",
            listed(name, several)
        ))),
    }
}

/// A boot is accepted, from whichever address it was heard.
fn once_each(mut heard: Vec<&Heard>) -> Vec<&Heard> {
    let who = |it: &Heard| {
        let it = &it.claimant;
        (it.boot, it.card, it.uuid, it.serial.clone())
    };
    heard.sort_by_key(|it| (who(it), it.claimant.first_seen));
    heard.dedup_by_key(|it| who(it));
    heard
}

/// That none of those who spoke for a machine is the one that is meant.
fn nobody(name: &str, choice: &Choice, recent: &[&Heard]) -> String {
    if recent.is_empty() {
        return format!(
            "{name}: nobody spoke for it in the last 30 minutes: let it boot from the network, and \
             accept that boot then"
        );
    }
    let boot = (!choice.boot.is_empty()).then(|| format!("boot {}", choice.boot));
    let card = choice.card.map(|it| format!("card {it}"));
    let wanted: Vec<String> = boot.into_iter().chain(card).collect();
    format!(
        "no {} speaks for {name} now; these do:\n{}",
        wanted.join(" with "),
        listed(name, recent)
    )
}

/// The claimants, a line each with the command that accepts it.
fn listed(name: &str, several: &[&Heard]) -> String {
    let shares = |it: &Claimant, with_card: bool| {
        let same = several.iter().filter(|other| {
            let other = &other.claimant;
            other.boot == it.boot && (!with_card || other.card == it.card)
        });
        same.count() > 1
    };
    let line = |heard: &&Heard| {
        let it = &heard.claimant;
        let accept = release_hold(name, it.boot);
        let command = match (shares(it, false), shares(it, true)) {
            (false, _) => accept,
            (true, false) => format!("{accept} --card {}", it.card),
            (true, true) => {
                "another has its boot and its card: disconnect the one that is not the \
                             machine, and let the machine boot anew"
                    .to_owned()
            }
        };
        format!("  {}: {command}", describe(it))
    };
    several.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn describe(it: &Claimant) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    format!(
        "boot {} at {} with card {}, uuid {}, serial {}, heard last at {}",
        it.boot.short(),
        it.address,
        it.card,
        or_none(it.uuid.map(|uuid| uuid.to_string())),
        or_none(it.serial.as_ref().map(ToString::to_string)),
        it.last_seen
    )
}

/// What a person's word adds to the machine's identity: nothing, if its boot says what is known.
fn learned(known: &KnownIdentity, chosen: &Claimant) -> Result<Vec<Fact>, UseCaseError> {
    let claim = chosen.claim();
    let unsaid = unsaid(&claim, known);
    if !unsaid.is_empty() {
        let kinds: Vec<&str> = unsaid.iter().map(|it| it.as_str()).collect();
        return Err(UseCaseError::Contradiction(format!(
            "{}: its boot does not say the {} that is registered; if the machine has none, take it \
             out of its document",
            known.name,
            kinds.join(" and ")
        )));
    }
    let is_known = known.macs.contains(&chosen.card) && contradictions(&claim, known).is_empty();
    if is_known {
        return Ok(Vec::new());
    }
    let uuid = chosen.uuid.filter(SystemUuid::is_usable).map(Fact::Uuid);
    let serial = chosen.serial.clone().filter(SerialNumber::is_usable);
    Ok(std::iter::once(Fact::Mac(chosen.card))
        .chain(uuid)
        .chain(serial.map(Fact::Serial))
        .collect())
}
