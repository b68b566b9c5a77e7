//! Addresses that somebody uses without a lease: found by a client (DECLINE) or by a probe.
//!
//! They are kept away for a while. Anyone on the wire can decline, so clients may put away only a
//! few addresses each, and all of them together only a share of the pool.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use machine_core::network::ClientKey;
use machine_core::time::Timestamp;

/// Addresses out of use, each with its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quarantine {
    addresses: BTreeMap<IpAddr, Entry>,
    ends: BTreeSet<(Timestamp, IpAddr)>,
    decliners: BTreeMap<ClientKey, usize>,
}

#[derive(Debug, Clone)]
struct Entry {
    until: Timestamp,
    /// Who declined it, or was found there by a probe.
    client: Option<ClientKey>,
}

impl Quarantine {
    /// Puts an address away.
    pub(crate) fn put(&mut self, address: IpAddr, client: Option<ClientKey>, until: Timestamp) {
        self.remove(address);
        if let Some(client) = client.clone() {
            *self.decliners.entry(client).or_default() += 1;
        }
        self.addresses.insert(address, Entry { until, client });
        self.ends.insert((until, address));
    }

    /// Ends the quarantine of an address.
    pub(crate) fn remove(&mut self, address: IpAddr) {
        let Some(entry) = self.addresses.remove(&address) else {
            return;
        };
        self.ends.remove(&(entry.until, address));
        if let Some(client) = entry.client {
            let left = self
                .decliners
                .remove(&client)
                .unwrap_or(0)
                .saturating_sub(1);
            if left > 0 {
                self.decliners.insert(client, left);
            }
        }
    }

    /// Whether an address is put away.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        self.addresses.contains_key(&address)
    }

    /// How many are put away.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// The one that ends first of those that other clients have put away.
    pub(crate) fn first_of_others(&self, client: &ClientKey) -> Option<IpAddr> {
        let is_others = |address: &IpAddr| {
            let entry = self.addresses.get(address);
            entry
                .and_then(|it| it.client.as_ref())
                .is_some_and(|it| it != client)
        };
        let mut ends = self.ends.iter().map(|(_, address)| *address);
        ends.find(is_others)
    }

    /// How many this client has put away.
    pub(crate) fn declined_by(&self, client: &ClientKey) -> usize {
        self.decliners.get(client).copied().unwrap_or(0)
    }

    /// The one whose end came first, if any has ended by `now`.
    pub(crate) fn first_ended(&self, now: Timestamp) -> Option<IpAddr> {
        let (until, address) = self.ends.first()?;
        (*until <= now).then_some(*address)
    }
}
