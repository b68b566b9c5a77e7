//! Clients and addresses, one to one, each pair with an end.
//!
//! Both leases and offers are such pairs. The structure itself cannot hold one address for two
//! clients, nor two addresses for one client.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use machine_core::network::ClientKey;
use machine_core::time::Timestamp;

/// An address, until an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) address: IpAddr,
    pub(crate) until: Timestamp,
}

/// Pairs of client and address. Every operation takes O(log n).
#[derive(Debug, Clone, Default)]
pub(crate) struct Bindings {
    clients: BTreeMap<ClientKey, Binding>,
    addresses: BTreeMap<IpAddr, ClientKey>,
    ends: BTreeSet<(Timestamp, ClientKey)>,
}

impl Bindings {
    /// Binds a client to an address, both freed from others before. Returns the address that the
    /// client had.
    pub(crate) fn bind(&mut self, client: &ClientKey, binding: Binding) -> Option<IpAddr> {
        let before = self.unbind(client).map(|it| it.address);
        if let Some(other) = self.holder(binding.address) {
            self.unbind(&other);
        }
        self.clients.insert(client.clone(), binding);
        self.addresses.insert(binding.address, client.clone());
        self.ends.insert((binding.until, client.clone()));
        before.filter(|address| *address != binding.address)
    }

    /// Ends the pair of this client.
    pub(crate) fn unbind(&mut self, client: &ClientKey) -> Option<Binding> {
        let (client, binding) = self.clients.remove_entry(client)?;
        self.addresses.remove(&binding.address);
        self.ends.remove(&(binding.until, client));
        Some(binding)
    }

    /// What the client has, even if it has ended.
    pub(crate) fn of(&self, client: &ClientKey) -> Option<Binding> {
        self.clients.get(client).copied()
    }

    /// Whether the client has this very address, even if it has ended.
    pub(crate) fn is_bound(&self, client: &ClientKey, address: IpAddr) -> bool {
        self.of(client).is_some_and(|it| it.address == address)
    }

    /// Who has the address, even if it has ended.
    pub(crate) fn holder(&self, address: IpAddr) -> Option<ClientKey> {
        self.addresses.get(&address).cloned()
    }

    /// The pair that ended first, if any has ended by `now`.
    pub(crate) fn first_ended(&self, now: Timestamp) -> Option<ClientKey> {
        let (until, client) = self.ends.first()?;
        (*until <= now).then(|| client.clone())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.clients.len()
    }
}
