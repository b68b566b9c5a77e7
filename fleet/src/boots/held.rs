//! Which boot a peer holds: it asks for a file whose name does not tell its boot.

use std::net::IpAddr;

use machine_core::boot::BootOrigin;
use machine_core::hardware::MacAddress;
use pxe_server::directory::{HeldBoot, StepOwner};

use crate::boots::BootAnswers;
use crate::boots::speaker::unknown_card;
use crate::error::StepError;

impl BootAnswers {
    /// The latest boot of the card that we see behind an address, if it holds that address, or none
    /// that we gave, and was not sent to its disk. Its id is a secret: who has only one of the two
    /// gets nothing. Where the card is not known at this moment, it is to ask again: a GRUB that waits
    /// does not answer ARP.
    pub(super) async fn held_boot(
        &self,
        peer: IpAddr,
        seen: Option<MacAddress>,
    ) -> Result<Option<HeldBoot>, StepError> {
        let card = self.site.card_behind(peer, seen).await?;
        let mac = card.ok_or_else(|| unknown_card(peer))?;
        let unkept = self.unkept.of_card(mac);
        let latest = match unkept.filter(|boot| self.is_fresh(boot)) {
            Some(boot) => self.find_boot(boot.id).await?,
            None => self.boot_of(StepOwner::Card(mac)).await?,
        };
        let held = latest.filter(|boot| {
            let has_address = boot.address.is_none_or(|address| address == peer);
            has_address && boot.origin == BootOrigin::Network && !boot.sent_to_disk
        });
        Ok(held.map(|boot| HeldBoot { boot: boot.id, mac }))
    }
}
