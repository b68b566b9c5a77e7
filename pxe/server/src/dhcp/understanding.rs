//! What a packet asks, in which subnet, and whether it is to be answered at all.

use std::net::IpAddr;

use machine_core::topology::NotServed;
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::packet::{Packet, claimed_hardware_address};
use tracing::trace;

use crate::dhcp::incoming::{Asked, Incoming};
use crate::dhcp::responder::Responder;
use crate::directory::Directory;

impl<D: Directory> Responder<D> {
    /// What a packet asks; nothing where it is not to be answered, which is told where it has to be.
    pub(crate) fn understand(&self, incoming: &Incoming<'_>) -> Option<Asked> {
        let card = claimed_hardware_address(incoming.packet);
        if let Some(card) = card {
            let is_known = self.directory.may_be_registered(card);
            let packet = incoming.witnessed(self.now());
            self.witness.passed(card, is_known, packet);
        }
        let read = self.read(incoming);
        if let (Err(dropped), Some(card)) = (&read, card) {
            self.witness.unanswered(card, &dropped.to_string());
        }
        match read {
            Ok(asked) => return Some(asked),
            Err(dropped @ Dropped::NotServed(NotServed::Relay(_) | NotServed::Selected { .. })) => {
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
        let arrival = Arrival {
            port: incoming.port,
            source: incoming.source,
            unicast: incoming.is_for_us,
        };
        let client = BootClient::from_packet(&packet, arrival)?;
        let client = self.chainloading.completed(client);
        let now = self.now();
        let subnet = self.subnets.asked_by(&client, incoming.interface, now)?;
        subnet.concerned(&client)?;
        Ok(Asked {
            client,
            subnet,
            port: incoming.port,
            destination: incoming.is_for_us.then_some(incoming.destination),
        })
    }
}
