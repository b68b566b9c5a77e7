//! Which address is offered: one at which nobody else was found.

use std::net::IpAddr;

use machine_core::network::ClientKey;
use pxe_dhcp::reply::Grant;
use pxe_lease::acquaintance::Acquaintance;
use pxe_lease::error::DeclineIgnored;
use tracing::warn;

use crate::dhcp::incoming::Asked;
use crate::dhcp::responder::Responder;
use crate::dhcp::silence::Silence;
use crate::directory::Directory;

/// How many addresses are looked at for one DISCOVER: whoever has got no offer by then asks again.
const CANDIDATES: usize = 3;

impl<D: Directory> Responder<D> {
    /// The address that a client is offered. One that nobody has a lease of on record is looked at
    /// first; an address that the client had or was offered comes at once.
    pub(super) async fn proposed(
        &self,
        asked: &Asked,
        acquaintance: Acquaintance,
    ) -> Result<Grant, Silence> {
        for _ in 0..CANDIDATES {
            let address = self.propose(asked, acquaintance)?;
            if !self.is_in_use(asked, address).await {
                let lifetime = asked.subnet.subnet.lease_time;
                return Ok(Grant { address, lifetime });
            }
        }
        Err(Silence::AllInUse { tried: CANDIDATES })
    }

    fn propose(&self, asked: &Asked, acquaintance: Acquaintance) -> Result<IpAddr, Silence> {
        let client = &asked.client;
        let mut table = asked.subnet.table();
        Ok(table.propose(&client.key, client.requested, acquaintance, self.now())?)
    }

    /// Whether somebody without a lease uses an address, which then is put away.
    async fn is_in_use(&self, asked: &Asked, address: IpAddr) -> bool {
        let client = &asked.client.key;
        let (Some(prober), IpAddr::V4(v4)) = (asked.prober(), address) else {
            return false;
        };
        if !asked.subnet.table().is_untried(client, address) {
            return false;
        }
        let Some(card) = prober.user_of(v4, asked.client.mac).await else {
            asked.subnet.table().tried(client, address);
            return false;
        };
        let by = ClientKey::Hardware(card);
        let occupied = {
            let mut table = asked.subnet.table();
            table.occupied(client, address, &by, self.now())
        };
        match occupied {
            Ok(until) => {
                let subnet = &asked.subnet.subnet.name;
                warn!(%address, %card, %subnet, %until, "the address is used by a card that has no \
                    lease of it: it is not leased before then");
                true
            }
            // The client took it while we looked.
            Err(DeclineIgnored::NotHeld { .. }) => false,
            Err(ignored @ (DeclineIgnored::TooMany { .. } | DeclineIgnored::Full { .. })) => {
                asked.subnet.table().tried(client, address);
                let why = format!("{card} answers for {address}, which is leased all the same");
                self.complaints.note(card, &format!("{why}: {ignored}"));
                false
            }
        }
    }
}
