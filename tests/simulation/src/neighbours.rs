//! Which card is behind an address of the lab.

use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use fleet::node_reports::neighbours::Neighbours;
use machine_core::hardware::MacAddress;

use crate::lab::Lab;

/// The lab's own view of its network.
#[derive(Debug)]
pub(crate) struct LabNeighbours(pub(crate) Arc<Lab>);

#[async_trait]
impl Neighbours for LabNeighbours {
    async fn find(&self, address: IpAddr) -> Option<MacAddress> {
        self.0.with(|world| {
            let spoofed = world.spoofed.get(&address).copied();
            let own = world.node_at(address).map(|it| world.nodes[it].mac);
            spoofed.or(own)
        })
    }
}
