//! Strangers that have an address, offered or leased, and clients of which we know that they are
//! none.
//!
//! What nobody has told us of is a stranger's: so are the leases that are on record at start, until
//! their clients ask again.

use std::collections::{BTreeMap, BTreeSet};

use machine_core::network::ClientKey;
use machine_core::time::Timestamp;

use crate::acquaintance::Acquaintance;

/// Who is a stranger, and has what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    registered: BTreeSet<ClientKey>,
    offered: BTreeSet<ClientKey>,
    leased: BTreeMap<ClientKey, Timestamp>,
    ends: BTreeSet<(Timestamp, ClientKey)>,
    /// How many have an offer and a lease: their one address counts once, as long as either lasts.
    both: usize,
}

impl Strangers {
    /// What the records say of a client now.
    pub(crate) fn meet(&mut self, client: &ClientKey, acquaintance: Acquaintance) {
        match acquaintance {
            Acquaintance::Registered => {
                self.registered.insert(client.clone());
                self.forget(client);
            }
            Acquaintance::Stranger => {
                self.registered.remove(client);
            }
        }
    }

    /// An address is offered to the client, or held for it.
    pub(crate) fn offered(&mut self, client: &ClientKey) {
        if !self.registered.contains(client) && self.offered.insert(client.clone()) {
            self.both += usize::from(self.leased.contains_key(client));
        }
    }

    /// Its offer has ended.
    pub(crate) fn offer_ended(&mut self, client: &ClientKey) {
        if self.offered.remove(client) {
            self.both -= usize::from(self.leased.contains_key(client));
        }
    }

    /// The client has a lease until then.
    pub(crate) fn leased(&mut self, client: &ClientKey, until: Timestamp) {
        self.lease_ended(client);
        if !self.registered.contains(client) {
            self.leased.insert(client.clone(), until);
            self.ends.insert((until, client.clone()));
            self.both += usize::from(self.offered.contains(client));
        }
    }

    /// Its lease is somebody else's, or nobody's.
    pub(crate) fn lease_ended(&mut self, client: &ClientKey) {
        if let Some((client, until)) = self.leased.remove_entry(client) {
            self.both -= usize::from(self.offered.contains(&client));
            self.ends.remove(&(until, client));
        }
    }

    /// Ends leases whose time has come.
    pub(crate) fn forget_ended(&mut self, now: Timestamp) {
        while let Some((_, client)) = self.ends.first().filter(|end| end.0 <= now).cloned() {
            self.lease_ended(&client);
        }
    }

    /// Whether this stranger has an address already.
    pub(crate) fn has(&self, client: &ClientKey) -> bool {
        self.offered.contains(client) || self.leased.contains_key(client)
    }

    /// Whether the records said last that this client is registered.
    pub(crate) fn is_registered(&self, client: &ClientKey) -> bool {
        self.registered.contains(client)
    }

    /// How many clients are remembered to be no strangers.
    pub(crate) fn registered(&self) -> usize {
        self.registered.len()
    }

    /// Forgets of all others that they are no strangers: they are looked up when they ask again.
    pub(crate) fn keep_registered(&mut self, stays: impl Fn(&ClientKey) -> bool) {
        self.registered.retain(|client| stays(client));
    }

    /// How many have an offer and no lease.
    pub(crate) fn offers(&self) -> usize {
        self.offered.len() - self.both
    }

    /// How many have an address.
    pub(crate) fn addresses(&self) -> usize {
        self.leased.len() + self.offers()
    }

    fn forget(&mut self, client: &ClientKey) {
        self.offer_ended(client);
        self.lease_ended(client);
    }
}
