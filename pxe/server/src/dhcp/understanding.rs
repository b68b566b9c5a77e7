//! What a packet asks, in which subnet, and whether it is to be answered at all.

use std::net::IpAddr;
use std::sync::Arc;

use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::packet::Packet;
use tracing::trace;

use crate::dhcp::incoming::{Asked, Incoming};
use crate::dhcp::responder::Responder;
use crate::dhcp::subnet::DhcpSubnet;
use crate::directory::Directory;

impl<D: Directory> Responder<D> {
    /// What a packet asks; nothing where it is not to be answered, which is told where it has to be.
    pub(crate) fn understand(&self, incoming: &Incoming<'_>) -> Option<Asked> {
        match self.read(incoming) {
            Ok(asked) => return Some(asked),
            Err(dropped @ Dropped::ForeignRelay { .. }) => {
                // One line for all that are behind it.
                let relay = IpAddr::V4(*incoming.source.ip());
                self.complaints.note(relay, &dropped);
            }
            Err(dropped) if dropped.is_told() => {
                self.complaints.note(incoming.sender(), &dropped);
            }
            Err(dropped) => trace!(source = %incoming.sender(), %dropped, "not answered"),
        }
        None
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Asked, Dropped> {
        let packet = Packet::decode(incoming.packet)?;
        let ours = self.subnets.iter().map(|served| served.subnet.server);
        let destination = IpAddr::V4(incoming.destination);
        let arrival = Arrival {
            port: incoming.port,
            source: incoming.source,
            unicast: ours.into_iter().any(|server| server == destination),
        };
        let client = BootClient::from_packet(&packet, arrival)?;
        let client = self.chainloading.completed(client);
        let subnet = self.subnet_of(&client, incoming.subnet)?;
        subnet.concerned(&client)?;
        Ok(Asked {
            client,
            subnet,
            port: incoming.port,
            destination: incoming.is_for_us.then_some(incoming.destination),
        })
    }

    fn subnet_of(
        &self,
        client: &BootClient,
        here: &Arc<DhcpSubnet>,
    ) -> Result<Arc<DhcpSubnet>, Dropped> {
        let Some(address) = client.link else {
            return Ok(Arc::clone(here));
        };
        if client.is_relayed() {
            self.serves(IpAddr::V4(client.header.giaddr))?;
        }
        let mut served = self.subnets.iter();
        let found = served.find(|served| served.subnet.network.contains(address));
        let foreign = if client.is_relayed() {
            Dropped::ForeignRelay { address }
        } else {
            Dropped::Foreign { address }
        };
        found.cloned().ok_or(foreign)
    }

    /// Whether a relay is where we serve: link selection names any subnet, and the reply goes to
    /// whatever address the packet has for its relay.
    fn serves(&self, relay: IpAddr) -> Result<(), Dropped> {
        let mut served = self.subnets.iter();
        if served.any(|served| served.subnet.network.contains(relay)) {
            Ok(())
        } else {
            Err(Dropped::ForeignRelay { address: relay })
        }
    }
}
