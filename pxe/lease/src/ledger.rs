//! Who has which address: how addresses go from hand to hand.
//!
//! Every address that may be leased is in one place at a time: free, or somebody's (leased,
//! offered, kept in quarantine, the first two perhaps at once by the same client). Whatever ends
//! goes through [`Ledger::settle`], which frees what is nobody's any more.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use machine_core::network::{ClientKey, Subnet};
use machine_core::sabotage::Sabotage;
use machine_core::time::Timestamp;

use crate::binding::{Binding, Bindings};
use crate::limits::Limits;
use crate::pool::Pool;
use crate::quarantine::Quarantine;
use crate::strangers::Strangers;

/// So many cards are remembered whoever else is there: to forget them is not worth a search.
const FEW: usize = 64;

/// The state of one subnet.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pub(crate) pool: Pool,
    pub(crate) leases: Bindings,
    pub(crate) offers: Bindings,
    /// Who counts against the limits of strangers.
    pub(crate) strangers: Strangers,
    pub(crate) reserved: BTreeMap<ClientKey, IpAddr>,
    pub(crate) reserved_for: BTreeMap<IpAddr, ClientKey>,
    pub(crate) quarantine: Quarantine,
    /// Offered addresses at which a probe found nobody.
    pub(crate) tried: BTreeSet<IpAddr>,
    offer_time: Duration,
    quarantine_time: Duration,
    remembered: usize,
}

impl Ledger {
    pub(crate) fn new(subnet: &Subnet, limits: &Limits) -> Self {
        Self {
            pool: Pool::new(subnet),
            leases: Bindings::default(),
            offers: Bindings::default(),
            strangers: Strangers::default(),
            reserved: BTreeMap::new(),
            reserved_for: BTreeMap::new(),
            quarantine: Quarantine::default(),
            tried: BTreeSet::new(),
            offer_time: limits.offer,
            quarantine_time: limits.quarantine,
            remembered: limits.remembered,
        }
    }

    /// Ends offers and quarantines whose time has come. Their addresses are free again. A client keeps
    /// its address beyond its lease, but not where addresses never run out: firmware that draws an
    /// IAID for each boot (EDK2, `PxeBcDriver.c`) would be remembered for ever.
    pub(crate) fn forget_ended(&mut self, now: Timestamp) {
        self.strangers.forget_ended(now);
        while let Some(client) = self.offers.first_ended(now) {
            if let Some(address) = self.drop_offer(&client) {
                self.settle(address);
            }
        }
        while let Some(address) = self.quarantine.first_ended(now) {
            self.quarantine.remove(address);
            self.settle(address);
        }
        while self.leases.len() > self.remembered
            && let Some(client) = self.leases.first_ended(now)
        {
            if let Some(Binding { address, .. }) = self.drop_lease(&client) {
                self.settle(address);
            }
        }
        self.forget_the_gone();
    }

    /// Who has no address is looked up when it asks again: what was known of it goes, before it is
    /// more than twice of what is known of the others.
    fn forget_the_gone(&mut self) {
        let present = self.leases.len() + self.offers.len() + self.reserved.len();
        if self.strangers.registered() <= 2 * present + FEW {
            return;
        }
        let (leases, offers, reserved) = (&self.leases, &self.offers, &self.reserved);
        self.strangers.keep_registered(|client| {
            leases.of(client).is_some()
                || offers.of(client).is_some()
                || reserved.contains_key(client)
        });
    }

    /// Whether the client has an offer, or a lease that has not ended.
    pub(crate) fn has_address(&self, client: &ClientKey, now: Timestamp) -> bool {
        let lease = self.leases.of(client);
        self.offers.of(client).is_some() || lease.is_some_and(|lease| lease.until > now)
    }

    /// How many addresses are strangers' or put away, as far as no time has passed since
    /// [`Self::forget_ended`].
    pub(crate) fn not_for_registered(&self) -> usize {
        self.strangers.addresses() + self.quarantine.len()
    }

    /// Every address that is the client's, the best first.
    pub(crate) fn own(&self, client: &ClientKey) -> [Option<IpAddr>; 3] {
        [
            self.reserved.get(client).copied(),
            self.offers.of(client).map(|it| it.address),
            self.leases.of(client).map(|it| it.address),
        ]
    }

    pub(crate) fn familiar(&self, client: &ClientKey, now: Timestamp) -> Option<IpAddr> {
        self.own(client)
            .into_iter()
            .flatten()
            .find(|address| self.is_available(client, *address, now))
    }

    pub(crate) fn unused(
        &mut self,
        client: &ClientKey,
        requested: Option<IpAddr>,
        now: Timestamp,
    ) -> Option<IpAddr> {
        requested
            .filter(|address| self.pool.take(*address))
            .or_else(|| self.pool.take_near(spread(client)))
            .or_else(|| self.reclaim(now))
    }

    /// Whether an address is left that nobody has now.
    pub(crate) fn has_unused(&self, now: Timestamp) -> bool {
        !self.pool.is_empty() || self.leases.first_ended(now).is_some()
    }

    /// The address of the lease that ended first. Its client is forgotten.
    pub(crate) fn reclaim(&mut self, now: Timestamp) -> Option<IpAddr> {
        while let Some(client) = self.leases.first_ended(now) {
            let Binding { address, .. } = self.drop_lease(&client)?;
            self.settle(address);
            if self.pool.take(address) {
                return Some(address);
            }
        }
        None
    }

    /// Whether nobody but the client has a right to the address, and the client may have it.
    pub(crate) fn is_available(&self, client: &ClientKey, address: IpAddr, now: Timestamp) -> bool {
        let is_others = |holder: Option<ClientKey>| holder.filter(|it| it != client);
        let is_reserved = self.reserved_for.get(&address) == Some(client);
        let leased = is_others(self.leases.holder(address)).and_then(|it| self.leases.of(&it));
        (is_reserved || self.pool.may_hold(address))
            && is_others(self.offers.holder(address)).is_none()
            && leased.is_none_or(|it| it.until <= now || Sabotage::AddressGivenTwice.is_on())
            && !self.quarantine.contains(address)
    }

    /// Holds an available address for a client.
    pub(crate) fn offer(&mut self, client: &ClientKey, address: IpAddr, now: Timestamp) {
        let former = self.leases.holder(address).filter(|it| it != client);
        if let Some(former) = former {
            self.drop_lease(&former);
        }
        self.pool.take(address);
        self.strangers.offered(client);
        let until = now.plus(self.offer_time);
        if let Some(before) = self.offers.bind(client, Binding { address, until }) {
            self.settle(before);
        }
    }

    pub(crate) fn drop_offer(&mut self, client: &ClientKey) -> Option<IpAddr> {
        self.strangers.offer_ended(client);
        self.offers.unbind(client).map(|it| it.address)
    }

    pub(crate) fn drop_lease(&mut self, client: &ClientKey) -> Option<Binding> {
        self.strangers.lease_ended(client);
        self.leases.unbind(client)
    }

    pub(crate) fn put_away(
        &mut self,
        address: IpAddr,
        client: Option<ClientKey>,
        now: Timestamp,
    ) -> Timestamp {
        if let Some(holder) = self.offers.holder(address) {
            self.drop_offer(&holder);
        }
        if let Some(holder) = self.leases.holder(address) {
            self.drop_lease(&holder);
        }
        self.tried.remove(&address);
        self.pool.take(address);
        let until = now.plus(self.quarantine_time);
        self.quarantine.put(address, client, until);
        until
    }

    /// Gives an address back to the pool if nobody has it any more.
    pub(crate) fn settle(&mut self, address: IpAddr) {
        let is_anybodys = self.leases.holder(address).is_some()
            || self.offers.holder(address).is_some()
            || self.quarantine.contains(address);
        if !is_anybodys {
            self.tried.remove(&address);
            self.pool.put(address);
        }
    }
}

/// A number that scatters neighbouring clients.
fn spread(client: &ClientKey) -> u64 {
    match client {
        ClientKey::Hardware(mac) => {
            let [a, b, c, d, e, f] = mac.octets();
            mixed(u64::from_be_bytes([0, 0, a, b, c, d, e, f]))
        }
        ClientKey::Duid { duid, iaid } => {
            let words = duid.as_bytes().chunks(8).map(word);
            words.fold(mixed(u64::from(*iaid)), |state, word| mixed(state ^ word))
        }
    }
}

/// Up to eight bytes as a number.
fn word(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// The finaliser of `SplitMix64`.
fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
