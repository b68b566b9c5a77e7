//! What one card, and whoever claims to be a known machine, may add to the records.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::evidence::{Claim, Identity, KnownIdentity};
use machine_core::hardware::MacAddress;
use machine_core::id::{BootId, MachineId};
use machine_core::time::Timestamp;
use machine_store::boot_read::BootRead;
use machine_store::bounds::drop_old_boots;
use machine_store::error::StoreError;
use machine_store::events::Event;
use pxe_server::directory::{ObservedStep, StepOwner};
use tracing::debug;

use crate::clock::now;
use crate::directory::BootDirectory;
use crate::error::chain;
use crate::expiry::has_room;
use crate::pace::{Paced, Subject};
use crate::records::About;

/// A question so soon after its card's last boot began belongs to that one: no machine comes back
/// from iPXE to its firmware in that time.
const AGAIN: Duration = Duration::from_secs(3);
/// How many boots of a card are kept besides those of attempts. A plan looks back on 32.
const BOOTS_KEPT: u32 = 64;
/// After how many boots of a card the older ones are dropped.
const BOOTS_BETWEEN: u32 = 32;
/// Cards of which boots are counted, and boots whose last step is remembered.
const CARDS: usize = 8192;
/// How long lines are held back until one says how many there were.
const HELD: Duration = Duration::from_secs(30);

/// Whether a question at `at` is one of a flood, or of firmware that is in a hurry, in the boot that
/// has just begun.
pub(super) fn is_again(boot: &Boot, at: Timestamp) -> bool {
    boot.origin == BootOrigin::Network
        && boot.step <= BootStep::Ipxe
        && at >= boot.opened
        && at.since(boot.opened) < AGAIN
}

impl BootDirectory {
    /// Whether whoever was judged so gets a record of its own. Of the claimants of a machine one
    /// has: the others are told of on the timelines of both.
    pub(super) async fn gets_record(
        &self,
        claim: &Claim,
        read: &BootRead,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        if let Identity::Conflict { with, .. } = &read.identity
            && let Some(first) = first_claimant(&read.candidates, *with)
        {
            let told = format!("{} claims to be it, too", claim.mac);
            for machine in [*with, first] {
                self.tell_claim(machine, &told, at);
            }
            return Ok(false);
        }
        has_room(&self.records, at).await
    }

    fn tell_claim(&self, machine: MachineId, told: &str, at: Timestamp) {
        let event = About::machine(machine).event(at, "conflict", told);
        self.tell_paced(machine, Subject::Claimants, event);
    }

    /// Writes a line on a machine's timeline, as fast as lines may come.
    pub(super) fn tell_paced(&self, machine: MachineId, subject: Subject, event: Event) {
        match self.paces.take(machine, subject, event.at) {
            Paced::Written => {
                self.records.commit.try_event(event);
            }
            Paced::FirstHeld => self.tell_later(machine, subject),
            Paced::Held => {}
        }
    }

    fn tell_later(&self, machine: MachineId, subject: Subject) {
        let (paces, records) = (Arc::clone(&self.paces), Arc::clone(&self.records));
        tokio::spawn(async move {
            tokio::time::sleep(HELD).await;
            let held = paces.held(machine, subject);
            let what = match subject {
                Subject::Boot => "steps of its boots",
                Subject::Claimants => "cards that claim to be it",
            };
            let detail = format!("and {held} more {what}, which are not listed");
            let event = About::machine(machine).event(now(), "more", detail);
            records.commit.try_event(event);
        });
    }

    /// Counts a boot of a machine's card, and drops the old ones every so often.
    pub(super) fn count_boot(&self, mac: MacAddress) {
        if !self.opened.is_due(mac) {
            return;
        }
        let records = Arc::clone(&self.records);
        tokio::spawn(async move {
            match drop_old_boots(&records.db, mac, BOOTS_KEPT).await {
                Ok(dropped) => debug!(%mac, dropped, "old boots"),
                Err(error) => debug!(%mac, error = chain(&error), "old boots are kept"),
            }
        });
    }
}

/// Boots that were opened, by card.
#[derive(Debug, Default)]
pub(super) struct Opened {
    counts: Mutex<BTreeMap<MacAddress, u32>>,
}

impl Opened {
    /// Counts one: whether the older boots of its card are to be dropped.
    fn is_due(&self, mac: MacAddress) -> bool {
        let counts = self.counts.lock();
        let mut counts = counts.unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CARDS {
            counts.clear();
        }
        let count = counts.entry(mac).or_default();
        *count = (*count + 1) % BOOTS_BETWEEN;
        *count == 0
    }
}

/// How far boots have come, as it was recorded last: who is offered an address a thousand times
/// costs one read.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    steps: Mutex<BTreeMap<BootId, BootStep>>,
}

impl Recorded {
    /// Whether a step of this boot, or a later one, is recorded.
    pub(super) fn has(&self, step: &ObservedStep) -> bool {
        let StepOwner::Boot(boot) = step.whose else {
            return false;
        };
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps
            .get(&boot)
            .is_some_and(|recorded| *recorded >= step.step)
    }

    /// A boot has come so far.
    pub(super) fn add(&self, whose: StepOwner, step: BootStep) {
        let StepOwner::Boot(boot) = whose else {
            return;
        };
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= CARDS {
            steps.clear();
        }
        steps.insert(boot, step);
    }
}

/// The machine on record that claims to be `with`: it shares its board or a card, and came later.
fn first_claimant(candidates: &[KnownIdentity], with: MachineId) -> Option<MachineId> {
    let established = candidates.iter().find(|it| it.machine == with)?;
    let claims = |other: &&KnownIdentity| {
        let shares_board = other
            .uuid
            .is_some_and(|uuid| uuid.is_usable() && established.uuid == Some(uuid));
        let shares_card = !other.macs.is_disjoint(&established.macs);
        (other.since, other.machine) > (established.since, established.machine)
            && (shares_board || shares_card)
    };
    candidates.iter().find(claims).map(|it| it.machine)
}

#[cfg(test)]
mod tests;
