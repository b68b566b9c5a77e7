//! What the journal holds, in memory: the newest lease of each client since the last fold.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use machine_core::network::{ClientKey, Lease, SubnetName};

/// Leases that are not in their table yet. Where it knows a client or an address, it is right and the
/// table is not.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    subnets: BTreeMap<SubnetName, PendingSubnet>,
    rows: usize,
    folds: u64,
}

#[derive(Debug, Default)]
struct PendingSubnet {
    /// In the order in which the table keeps its clients.
    of_client: BTreeMap<ClientKey, Lease>,
    /// None where its client has moved on: who had the address before that has it no more, either.
    of_address: HashMap<IpAddr, Option<ClientKey>>,
}

impl Pending {
    /// Adds what was appended to the journal: it stands for its client and for its address.
    pub(crate) fn put(&mut self, lease: Lease) {
        self.rows += 1;
        if !self.subnets.contains_key(&lease.subnet) {
            let subnet = PendingSubnet::default();
            self.subnets.insert(lease.subnet.clone(), subnet);
        }
        if let Some(subnet) = self.subnets.get_mut(&lease.subnet) {
            subnet.put(lease);
        }
    }

    /// Forgets everything: it is in the table now.
    pub(crate) fn clear(&mut self) {
        self.subnets.clear();
        self.rows = 0;
        self.folds += 1;
    }

    /// How many rows the journal has: at least as many as there are leases.
    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.subnets.is_empty()
    }

    /// How often it was emptied: who has read the table before that has read what is old.
    pub(crate) const fn folds(&self) -> u64 {
        self.folds
    }

    /// Who holds an address, if that is known here.
    pub(crate) fn holder(&self, subnet: &SubnetName, address: IpAddr) -> Option<ClientKey> {
        let subnet = self.subnets.get(subnet)?;
        subnet.of_address.get(&address).cloned().flatten()
    }

    /// Whether a row of the table is not true any more: its client has a newer lease, or its address
    /// belongs to another one.
    pub(crate) fn supersedes(&self, row: &Lease) -> bool {
        self.subnets.get(&row.subnet).is_some_and(|subnet| {
            subnet.of_client.contains_key(&row.client)
                || subnet.of_address.contains_key(&row.address)
        })
    }

    /// The leases of a subnet, by client.
    pub(crate) fn of_subnet(&self, subnet: &SubnetName) -> Vec<Lease> {
        let subnet = self.subnets.get(subnet).into_iter();
        let leases = subnet.flat_map(|it| it.of_client.values());
        leases.cloned().collect()
    }

    /// The leases of an address, one a subnet.
    pub(crate) fn of_address(&self, address: IpAddr) -> Vec<Lease> {
        let lease = |subnet: &PendingSubnet| {
            let client = subnet.of_address.get(&address)?.as_ref()?;
            subnet.of_client.get(client).cloned()
        };
        self.subnets.values().filter_map(lease).collect()
    }

    /// The leases of a client, one a subnet.
    pub(crate) fn of_client(&self, client: &ClientKey) -> Vec<Lease> {
        let lease = |subnet: &PendingSubnet| subnet.of_client.get(client).cloned();
        self.subnets.values().filter_map(lease).collect()
    }

    /// All of them, by subnet and client.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        let subnets = self.subnets.values();
        subnets.flat_map(|subnet| subnet.of_client.values())
    }

    /// The addresses that nobody holds, whatever the table says.
    pub(crate) fn left(&self) -> Vec<(SubnetName, IpAddr)> {
        let mut left = Vec::new();
        for (name, subnet) in &self.subnets {
            let addresses = subnet.of_address.iter();
            let nobodys = addresses.filter(|(_, holder)| holder.is_none());
            left.extend(nobodys.map(|(address, _)| (name.clone(), *address)));
        }
        left
    }
}

impl PendingSubnet {
    fn put(&mut self, lease: Lease) {
        let (client, address) = (lease.client.clone(), lease.address);
        if let Some(before) = self.of_client.insert(client.clone(), lease)
            && before.address != address
        {
            self.of_address.insert(before.address, None);
        }
        if let Some(Some(other)) = self.of_address.insert(address, Some(client.clone()))
            && other != client
        {
            self.of_client.remove(&other);
        }
    }
}

#[cfg(test)]
mod tests {
    use machine_core::hardware::MacAddress;
    use machine_core::time::Timestamp;

    use super::*;

    fn lease(client: u8, address: u8) -> Lease {
        Lease {
            subnet: SubnetName::new("lab"),
            client: ClientKey::Hardware(MacAddress::new([2, 0, 0, 0, 0, client])),
            address: IpAddr::from([10, 77, 0, address]),
            client_identifier: None,
            granted: Timestamp::from_millis(1000),
            expires: Timestamp::from_millis(2000),
        }
    }

    fn pending(leases: &[Lease]) -> Pending {
        let mut pending = Pending::default();
        leases.iter().cloned().for_each(|it| pending.put(it));
        pending
    }

    #[test]
    fn the_newest_lease_of_a_client_stands_and_its_old_address_is_nobodys() {
        let pending = pending(&[lease(1, 7), lease(1, 8)]);
        assert_eq!(pending.leases().collect::<Vec<_>>(), [&lease(1, 8)]);
        assert_eq!(
            pending.holder(&lease(1, 7).subnet, lease(1, 7).address),
            None
        );
        assert_eq!(pending.left(), [(lease(1, 7).subnet, lease(1, 7).address)]);
        assert!(pending.supersedes(&lease(2, 7)), "whose time was over");
        assert_eq!(pending.rows(), 2);
    }

    #[test]
    fn an_address_belongs_to_whom_it_was_given_last() {
        let pending = pending(&[lease(1, 7), lease(2, 7)]);
        assert_eq!(pending.leases().collect::<Vec<_>>(), [&lease(2, 7)]);
    }

    #[test]
    fn a_row_of_its_client_or_its_address_is_superseded_and_no_other() {
        let pending = pending(&[lease(1, 7)]);
        assert!(pending.supersedes(&lease(1, 9)), "its client has moved");
        assert!(
            pending.supersedes(&lease(9, 7)),
            "its address has a new holder"
        );
        assert!(!pending.supersedes(&lease(9, 9)));
        let elsewhere = Lease {
            subnet: SubnetName::new("other"),
            ..lease(1, 7)
        };
        assert!(!pending.supersedes(&elsewhere), "another subnet");
    }

    #[test]
    fn leases_come_in_the_order_of_their_clients() {
        let pending = pending(&[lease(3, 1), lease(1, 2), lease(2, 3)]);
        let clients: Vec<_> = pending.leases().map(|it| &it.client).collect();
        assert!(clients.is_sorted(), "{clients:?}");
    }

    #[test]
    fn emptying_it_is_counted() {
        let mut pending = pending(&[lease(1, 7)]);
        pending.clear();
        assert_eq!((pending.rows(), pending.folds()), (0, 1));
        assert!(!pending.supersedes(&lease(1, 7)));
    }
}
