//! Which address a client gets: a pure allocator over the known leases of one subnet.
//!
//! The store decides; this table proposes. It knows the leases that were committed, keeps offers in
//! memory for a minute, and gives a client the same address again whenever it can:
//!
//! ```text
//! reservation ─► outstanding offer ─► lease, also an ended one ─► the address asked for, if free
//!             ─► a free one, spread by the hash of the MAC ─► the lease that ended first
//! ```
//! The rule it keeps: no address is offered to, or held for, two clients at a time. Every operation
//! takes O(log n), so that 60,000 clients on a /16 are no trouble. What strangers have and what was
//! put away is bounded, both together: neither random MACs nor DECLINEs may drain the pool of
//! registered machines. Reservations are no part of it.

mod occupancy;

use std::net::IpAddr;
use std::time::Duration;

use machine_core::network::{ClientKey, Lease, Network, Subnet, SubnetName};
use machine_core::standing::Standing;
use machine_core::time::Timestamp;

use crate::acquaintance::Acquaintance;
use crate::binding::Binding;
use crate::error::{Exhausted, NotHeld, ReservationError};
use crate::ledger::Ledger;
use crate::limits::Limits;

/// The leases, offers and free addresses of one subnet.
#[derive(Debug, Clone)]
pub struct LeaseTable {
    subnet: SubnetName,
    network: Network,
    limits: Limits,
    ledger: Ledger,
}

impl LeaseTable {
    /// A table without leases. In proxy mode it is empty and stays so.
    pub fn new(subnet: &Subnet, limits: Limits) -> Self {
        Self {
            subnet: subnet.name.clone(),
            network: subnet.network,
            limits,
            ledger: Ledger::new(subnet, &limits),
        }
    }

    /// Keeps an address for one client, in or out of the ranges. Whoever has leased it now can't
    /// renew; the client gets it when that lease ends. Its reservation before this one is over.
    pub fn reserve(&mut self, client: &ClientKey, address: IpAddr) -> Result<(), ReservationError> {
        if !self.network.contains(address) {
            let network = self.network;
            return Err(ReservationError::Outside { address, network });
        }
        if self.ledger.pool.is_excluded(address) {
            return Err(ReservationError::Ours { address });
        }
        let holder = self.ledger.reserved_for.get(&address);
        if let Some(other) = holder.filter(|it| *it != client) {
            let other = other.clone();
            return Err(ReservationError::Reserved { address, other });
        }
        self.unreserve(client);
        self.ledger.reserved.insert(client.clone(), address);
        self.ledger.reserved_for.insert(address, client.clone());
        self.ledger.pool.reserve(address);
        self.ledger.strangers.meet(client, Acquaintance::Registered);
        Ok(())
    }

    /// Ends a client's reservation, if it has one. Its lease is not touched.
    pub fn unreserve(&mut self, client: &ClientKey) {
        if let Some(before) = self.ledger.reserved.remove(client) {
            self.ledger.reserved_for.remove(&before);
            self.ledger.pool.unreserve(before);
            self.ledger.settle(before);
        }
    }

    /// An address to offer, held for the client for [`Limits::offer`].
    pub fn propose(
        &mut self,
        client: &ClientKey,
        requested: Option<IpAddr>,
        acquaintance: Acquaintance,
        now: Timestamp,
    ) -> Result<IpAddr, Exhausted> {
        self.ledger.forget_ended(now);
        self.make_room(client, acquaintance, now)?;
        let address = match self.ledger.familiar(client, now) {
            Some(address) => address,
            None => self
                .ledger
                .unused(client, requested, now)
                .ok_or(Exhausted::Addresses)?,
        };
        self.ledger.offer(client, address, now);
        Ok(address)
    }

    /// Whether the client may have an address: always, if it is no stranger or has one already.
    fn make_room(
        &mut self,
        client: &ClientKey,
        acquaintance: Acquaintance,
        now: Timestamp,
    ) -> Result<(), Exhausted> {
        // Nobody looks up again who has an address: what was known of it stands.
        if self.ledger.strangers.is_registered(client) && self.ledger.has_address(client, now) {
            return Ok(());
        }
        let is_reserved = self.ledger.reserved.contains_key(client);
        if is_reserved || acquaintance == Acquaintance::Registered {
            let registered = Acquaintance::Registered;
            self.ledger.strangers.meet(client, registered);
            return Ok(());
        }
        let strangers = &mut self.ledger.strangers;
        strangers.meet(client, Acquaintance::Stranger);
        if strangers.has(client) {
            return Ok(());
        }
        let limit = self.limits.offers_to_strangers;
        if strangers.offers() >= limit {
            return Err(Exhausted::Offers { limit });
        }
        let limit = self.limits.left_for_strangers(self.ledger.pool.usable());
        if self.ledger.not_for_registered() >= limit {
            return Err(Exhausted::Strangers { limit });
        }
        Ok(())
    }

    /// Whether the client has an offer or a lease now: then it may ask again, whoever it is.
    pub fn has_address(&mut self, client: &ClientKey, now: Timestamp) -> bool {
        self.ledger.forget_ended(now);
        self.ledger.has_address(client, now)
    }

    /// How long the client's lease of this address still lasts; none if it has no such lease, or it
    /// has ended.
    pub fn time_left(
        &self,
        client: &ClientKey,
        address: IpAddr,
        now: Timestamp,
    ) -> Option<Duration> {
        let lease = self.ledger.leases.of(client)?;
        (lease.address == address && lease.until > now).then(|| lease.until.since(now))
    }

    /// How a client stands to an address that it asks for.
    pub fn standing(&self, client: &ClientKey, address: IpAddr, now: Timestamp) -> Standing {
        let is_reserved = self.ledger.reserved.get(client) == Some(&address);
        if !is_reserved && !self.ledger.pool.may_hold(address) {
            return if self.ledger.reserved_for.contains_key(&address) {
                Standing::Taken
            } else {
                Standing::NotLeased
            };
        }
        if !self.ledger.is_available(client, address, now) {
            return Standing::Taken;
        }
        let own = self.ledger.own(client);
        if own.contains(&Some(address)) {
            return Standing::Held;
        }
        match own.into_iter().flatten().next() {
            Some(held) => Standing::Elsewhere(held),
            None => Standing::Free,
        }
    }

    /// Holds an address for a client while its lease is being committed, if it may have it.
    pub fn hold(
        &mut self,
        client: &ClientKey,
        address: IpAddr,
        acquaintance: Acquaintance,
        now: Timestamp,
    ) -> Result<(), NotHeld> {
        self.ledger.forget_ended(now);
        match self.standing(client, address, now) {
            Standing::Held | Standing::Free => {}
            Standing::Elsewhere(_) | Standing::Taken | Standing::NotLeased => {
                return Err(NotHeld::Taken { address });
            }
        }
        self.make_room(client, acquaintance, now)?;
        self.ledger.offer(client, address, now);
        Ok(())
    }

    /// A lease as the store has it: at start, after a commit, or one that another replica won.
    /// Whatever the table thought of its client and address yields to it.
    pub fn committed(&mut self, lease: &Lease) {
        if lease.subnet != self.subnet {
            return;
        }
        let (client, address) = (&lease.client, lease.address);
        let offered = self.ledger.drop_offer(client);
        if let Some(other) = self.ledger.offers.holder(address) {
            self.ledger.drop_offer(&other);
        }
        let binding = Binding {
            address,
            until: lease.expires,
        };
        if let Some(other) = self.ledger.leases.holder(address).filter(|it| it != client) {
            self.ledger.drop_lease(&other);
        }
        let before = self.ledger.leases.bind(client, binding);
        self.ledger.strangers.leased(client, lease.expires);
        self.ledger.quarantine.remove(address);
        self.ledger.tried.remove(&address);
        self.ledger.pool.take(address);
        for given_up in [offered, before].into_iter().flatten() {
            self.ledger.settle(given_up);
        }
    }

    /// The client took another server's offer.
    pub fn withdrawn(&mut self, client: &ClientKey) {
        if let Some(address) = self.ledger.drop_offer(client) {
            self.ledger.settle(address);
        }
    }

    /// The client gives its lease back; it will get the same address again if it can. False if
    /// it has no such lease.
    pub fn released(&mut self, client: &ClientKey, address: IpAddr, now: Timestamp) -> bool {
        let lease = self.ledger.leases.of(client);
        let Some(lease) = lease.filter(|it| it.address == address) else {
            return false;
        };
        self.ledger.strangers.lease_ended(client);
        let until = lease.until.min(now);
        self.ledger.leases.bind(client, Binding { address, until });
        true
    }

    /// Whether the client has a reservation, an offer or a lease here, ended ones included.
    pub fn knows(&self, client: &ClientKey) -> bool {
        self.ledger.own(client).iter().any(Option::is_some)
    }

    /// Whether there is an address for the client: its own, or any that nobody has now.
    pub fn has_room(&mut self, client: &ClientKey, now: Timestamp) -> bool {
        self.ledger.forget_ended(now);
        let is_own = self.ledger.familiar(client, now).is_some();
        is_own || self.ledger.has_unused(now)
    }

    /// How many leases are known, ended ones included.
    pub fn leases(&self) -> usize {
        self.ledger.leases.len()
    }

    /// How many offers are outstanding.
    pub fn offers(&self) -> usize {
        self.ledger.offers.len()
    }
}

#[cfg(test)]
mod tests;
