//! What one card may add to the records.

use std::sync::Arc;
use std::time::Duration;

use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::time::Timestamp;
use machine_store::bounds::drop_old_boots;
use machine_store::events::Event;
use tracing::debug;

use crate::boots::BootAnswers;
use crate::error::chain;
use crate::pace::Paced;
use crate::site::About;

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

impl BootAnswers {
    /// Writes a line on a machine's timeline, as fast as lines may come.
    pub(super) fn tell_paced(&self, machine: MachineId, event: Event) {
        match self.paces.take(machine, event.at) {
            Paced::Written => {
                self.site.commit.try_event(event);
            }
            Paced::FirstHeld => self.tell_later(machine),
            Paced::Held => {}
        }
    }

    fn tell_later(&self, machine: MachineId) {
        let (paces, site) = (Arc::clone(&self.paces), Arc::clone(&self.site));
        tokio::spawn(async move {
            tokio::time::sleep(HELD).await;
            let held = paces.held(machine);
            let detail = format!("and {held} more steps of its boots, which are not listed");
            let event = About::machine(machine).event(site.now(), "more", detail);
            site.commit.try_event(event);
        });
    }

    /// Counts a boot of a machine's card, and drops the old ones every so often.
    pub(super) fn count_boot(&self, mac: MacAddress) {
        if !self.opened.is_due(mac) {
            return;
        }
        let site = Arc::clone(&self.site);
        tokio::spawn(async move {
            match drop_old_boots(&site.db, mac, BOOTS_KEPT).await {
                Ok(dropped) => debug!(%mac, dropped, "old boots"),
                Err(error) => debug!(%mac, error = chain(&error), "old boots are kept"),
            }
        });
    }
}

#[cfg(test)]
mod tests;
