//! Addresses that somebody uses without a lease: which are looked at, and what becomes of those that
//! are found.
//!
//! An address is tried by a probe before its first offer only: who has a lease on record is believed
//! to be alone there. What a probe finds is put away within the same bounds as what a client
//! declines: a router that answers for every address (proxy ARP) must not drain the pool.

use std::net::IpAddr;

use machine_core::network::ClientKey;
use machine_core::time::Timestamp;

use crate::error::DeclineIgnored;
use crate::table::LeaseTable;

impl LeaseTable {
    /// Whether the address that is offered to this client was never looked at: nobody has a lease of
    /// it on record, not even an ended one, and no probe was told by [`Self::tried`].
    pub fn is_untried(&self, client: &ClientKey, address: IpAddr) -> bool {
        self.ledger.offers.is_bound(client, address)
            && self.ledger.leases.holder(address).is_none()
            && !self.ledger.tried.contains(&address)
    }

    /// A probe found nobody at the address that is offered to this client. It is not tried again for
    /// as long as the offer stands.
    pub fn tried(&mut self, client: &ClientKey, address: IpAddr) {
        if self.ledger.offers.is_bound(client, address) {
            self.ledger.tried.insert(address);
        }
    }

    /// A probe found this card at the address that is offered to the client. Returns until when it is
    /// put away; the offer is over. A card that was found at too many addresses, or one too many in
    /// all, is not believed, and the offer stands.
    pub fn occupied(
        &mut self,
        client: &ClientKey,
        address: IpAddr,
        by: &ClientKey,
        now: Timestamp,
    ) -> Result<Timestamp, DeclineIgnored> {
        self.ledger.forget_ended(now);
        if !self.is_untried(client, address) {
            return Err(DeclineIgnored::NotHeld {
                client: client.clone(),
                address,
            });
        }
        self.may_put_away(by)?;
        self.make_room_in_quarantine(client)?;
        Ok(self.ledger.put_away(address, Some(by.clone()), now))
    }

    /// The client found its address in use. Returns until when it is put away; the lease is gone.
    pub fn declined(
        &mut self,
        client: &ClientKey,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Timestamp, DeclineIgnored> {
        self.ledger.forget_ended(now);
        let leased = self.ledger.leases.is_bound(client, address);
        if !leased && !self.ledger.offers.is_bound(client, address) {
            return Err(DeclineIgnored::NotHeld {
                client: client.clone(),
                address,
            });
        }
        self.may_put_away(client)?;
        self.make_room_in_quarantine(client)?;
        Ok(self.ledger.put_away(address, Some(client.clone()), now))
    }

    /// Whether a card may have one more address put away.
    fn may_put_away(&self, client: &ClientKey) -> Result<(), DeclineIgnored> {
        let limit = self.limits.declines_per_client;
        if self.ledger.quarantine.declined_by(client) >= limit {
            return Err(DeclineIgnored::TooMany {
                client: client.clone(),
                limit,
            });
        }
        Ok(())
    }

    /// Whether one more address may be put away. A registered machine is believed before others:
    /// for its address the first of theirs is tried again.
    fn make_room_in_quarantine(&mut self, client: &ClientKey) -> Result<(), DeclineIgnored> {
        let ledger = &mut self.ledger;
        let limit = self.limits.quarantined;
        let left = self.limits.left_for_strangers(ledger.pool.usable());
        // What a stranger has is counted already, and only changes its place.
        let is_counted = ledger.strangers.has(client);
        let has_room =
            ledger.quarantine.len() < limit && (is_counted || ledger.not_for_registered() < left);
        if has_room {
            return Ok(());
        }
        let is_believed = ledger.strangers.is_registered(client);
        let yields = ledger.quarantine.first_of_others(client);
        let Some(address) = yields.filter(|_| is_believed) else {
            return Err(DeclineIgnored::Full { limit });
        };
        ledger.quarantine.remove(address);
        ledger.settle(address);
        Ok(())
    }
}
