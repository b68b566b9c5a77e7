//! The subnets that are served, and in which of them a client asks.

use std::net::IpAddr;
use std::sync::Arc;

use machine_core::time::Timestamp;
use machine_core::topology::Topology;
use pxe_dhcp::ask::Ask;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::dropped::Dropped;

use crate::dhcp::subnet::DhcpSubnet;

/// The subnets that are served, with their leases. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct ServedSubnets {
    topology: Arc<Topology>,
    /// In the order of those of the topology.
    subnets: Arc<[Arc<DhcpSubnet>]>,
}

impl ServedSubnets {
    /// These.
    pub fn new(subnets: Vec<DhcpSubnet>) -> Self {
        let of_topology = subnets.iter().map(|it| it.subnet.clone());
        Self {
            topology: Arc::new(Topology::new(of_topology.collect())),
            subnets: subnets.into_iter().map(Arc::new).collect(),
        }
    }

    /// All of them, in the order of the settings.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<DhcpSubnet>> {
        self.subnets.iter()
    }

    /// The subnet in which a client asks that came in by this interface.
    pub(super) fn asked_by(
        &self,
        client: &BootClient,
        interface: &str,
        now: Timestamp,
    ) -> Result<Arc<DhcpSubnet>, Dropped> {
        let places = self.topology.locate(interface, client.origin);
        let places = places.map_err(Dropped::NotServed)?;
        let mut found = places.iter().filter_map(|place| self.subnets.get(*place));
        let chosen = match places.len() {
            1 => found.next(),
            _ => chosen(&found.collect::<Vec<_>>(), client, now),
        };
        chosen.cloned().ok_or(Dropped::NoLease)
    }
}

/// One of several subnets that share a link: that of the address that the client names, else the one
/// that knows the client, else the first that has an address left.
fn chosen<'a>(
    subnets: &[&'a Arc<DhcpSubnet>],
    client: &BootClient,
    now: Timestamp,
) -> Option<&'a Arc<DhcpSubnet>> {
    let find = |is_wanted: &dyn Fn(&DhcpSubnet) -> bool| {
        let mut subnets = subnets.iter().copied();
        subnets.find(|served| is_wanted(served))
    };
    let has = |address: IpAddr| find(&|it| it.subnet.network.contains(address));
    let named = match client.ask {
        Ask::Request(request) => return has(request.address()).or_else(|| find(&|_| true)),
        Ask::Inform { address } | Ask::Decline { address, .. } | Ask::Release { address, .. } => {
            return has(address);
        }
        Ask::Discover | Ask::BootService => client.requested.and_then(has),
    };
    let has_room = |it: &DhcpSubnet| it.table().has_room(&client.key, now);
    let knows = |it: &DhcpSubnet| it.table().knows(&client.key);
    find(&knows)
        .or_else(|| named.filter(|it| has_room(it)))
        .or_else(|| find(&has_room))
        .or_else(|| find(&|_| true))
}
