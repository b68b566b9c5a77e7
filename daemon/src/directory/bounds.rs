//! What one card, and whoever claims to be a known machine, may add to the records.

use std::sync::Arc;
use std::time::Duration;

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::evidence::{Claim, Identity, KnownIdentity};
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::boot_read::BootRead;
use machine_store::bounds::drop_old_boots;
use machine_store::error::StoreError;
use machine_store::events::Event;
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
        self.tell(machine, Subject::Claimants, event);
    }

    /// Writes a line on a machine's timeline, as fast as lines may come.
    pub(super) fn tell(&self, machine: MachineId, subject: Subject, event: Event) {
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
