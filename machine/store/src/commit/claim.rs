//! The release of a config: claimed once, by compare-and-set on the machine, the intent and the
//! attempt; counted each time that it is fetched again.
//!
//! The claim counts the machine's version up. So a person who cancels while the node fetches wins
//! or loses, never both: whoever commits second finds another version than he has read.

use std::net::IpAddr;

use machine_core::artefact::NamedDigest;
use machine_core::attempt::{Attempt, Release};
use machine_core::id::{AttemptId, BootId, IntentId, MachineId};
use machine_core::time::Timestamp;
use thiserror::Error;

use crate::commit::item::{Item, Verdict, Writing};
use crate::error::StoreError;
use crate::events::Event;
use crate::row::Fields;
use crate::statement::Statement;
use crate::touched::Parts;
use crate::{artefacts, intents, machines, members, releases};
use machine_core::sabotage::Sabotage;

/// The first release of an attempt's config, as [`machine_core::release::may_release`] permitted
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseClaim {
    /// The attempt.
    pub attempt: AttemptId,
    /// Its intent, which it claims.
    pub intent: IntentId,
    /// Its machine.
    pub machine: MachineId,
    /// The version of the machine that was read.
    pub machine_version: i64,
    /// The boot that fetches.
    pub boot: BootId,
    /// To whom, which bytes, when.
    pub release: Release,
    /// The document of it that leaves now.
    pub artefact: NamedDigest,
    /// What happened, if it is claimed.
    pub events: Vec<Event>,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimOutcome {
    /// It is durable: the config may go out.
    Claimed,
    /// Not a byte may go out.
    Refused(ClaimRefusal),
}

/// Why a claim was refused. Read again, and decide again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum ClaimRefusal {
    /// The machine was changed since it was read.
    #[error("the machine has changed in between")]
    MachineChanged,
    /// The intent is closed, expired or used up.
    #[error("no open intent stands behind the attempt")]
    IntentNotOpen,
    /// The attempt is closed, or its config was released before.
    #[error("the attempt is closed, or its config was released already")]
    AttemptNotOpen,
}

/// One more fetch of a config that was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fetch {
    /// Of which attempt.
    pub attempt: AttemptId,
    /// By whom; only the one to whom it was released.
    pub peer: IpAddr,
    /// When.
    pub at: Timestamp,
    /// The document of it that leaves.
    pub artefact: NamedDigest,
}

/// What became of a fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FetchOutcome {
    /// It is counted: the same bytes may go out. How often they did, with this time.
    Counted(u32),
    /// The attempt is closed, was not released to this peer, or was fetched often enough; or the
    /// document left with other bytes before.
    Refused,
}

impl Item for ReleaseClaim {
    type Outcome = ClaimOutcome;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<ClaimOutcome>, StoreError> {
        let refused = |why| Ok(Verdict::Undo(ClaimOutcome::Refused(why)));
        let transaction = &mut *writing.transaction;
        transaction.touched().machine(self.machine, Parts::WORK);
        let is_held = machines::hold(transaction, self.machine, self.machine_version).await?;
        if !is_held && !Sabotage::VersionUnchecked.is_on() {
            return refused(ClaimRefusal::MachineChanged);
        }
        let at = self.release.at;
        let is_claimed = Sabotage::ClaimsUncounted.is_on()
            || intents::claim(transaction, self.intent, self.machine, at).await?;
        if !is_claimed && !Sabotage::ClosedIntentServes.is_on() {
            return refused(ClaimRefusal::IntentNotOpen);
        }
        let ids = (self.attempt, self.intent);
        if !releases::record(transaction, ids, self.boot, &self.release).await? {
            return refused(ClaimRefusal::AttemptNotOpen);
        }
        if !artefacts::count(transaction, self.attempt, &self.artefact, at).await? {
            return refused(ClaimRefusal::AttemptNotOpen);
        }
        members::release(transaction, self.attempt, at).await?;
        writing.events.extend(self.events.iter().cloned());
        *writing.protects_a_disk = true;
        Ok(Verdict::Keep(ClaimOutcome::Claimed))
    }
}

impl Item for Fetch {
    type Outcome = FetchOutcome;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Verdict<FetchOutcome>, StoreError> {
        const FETCH: &str = "UPDATE attempt SET release_fetches = release_fetches + 1 \
             WHERE id = $1 AND release_delivery = 'fetched' AND release_peer = $2 AND closed_at IS NULL \
             AND release_fetches < $3 AND release_at > $4 \
             AND EXISTS (SELECT 1 FROM intent \
             WHERE intent.id = attempt.intent AND intent.closed_at IS NULL) \
             RETURNING id, release_fetches";
        let window = i64::try_from(Attempt::RELEASE_WINDOW.as_millis()).unwrap_or(i64::MAX);
        let statement = Statement::new(FETCH)
            .bind(&self.attempt)
            .bind(&self.peer)
            .bind(Attempt::MAX_FETCHES)
            .bind(self.at.as_millis().saturating_sub(window));
        writing.transaction.touched().attempts.insert(self.attempt);
        let Some(row) = writing.transaction.optional(statement).await? else {
            return Ok(Verdict::Keep(FetchOutcome::Refused));
        };
        let transaction = &mut *writing.transaction;
        if !artefacts::count(transaction, self.attempt, &self.artefact, self.at).await? {
            return Ok(Verdict::Undo(FetchOutcome::Refused));
        }
        let fetches = Fields::new(&row, "attempt", "id").count("release_fetches")?;
        Ok(Verdict::Keep(FetchOutcome::Counted(fetches)))
    }
}
