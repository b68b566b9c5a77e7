//! A packet that came in, and the client that it is of.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use machine_core::time::Timestamp;
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::packet::claimed_hardware_address;

use crate::complaint::Source;
use crate::dhcp::prober::Prober;
use crate::dhcp::subnet::DhcpSubnet;
use crate::witnessed::Witnessed;

/// A packet, and how it came in.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// The UDP payload.
    pub packet: &'a [u8],
    /// 67 or 4011.
    pub port: ServerPort,
    /// Who sent it.
    pub source: SocketAddrV4,
    /// Which address it was sent to: ours, or a broadcast.
    pub destination: Ipv4Addr,
    /// Whether that is ours.
    pub is_for_us: bool,
    /// The interface that it came in by.
    pub interface: &'a str,
}

impl Incoming<'_> {
    /// It, to be kept.
    pub(super) fn witnessed(&self, at: Timestamp) -> Witnessed {
        Witnessed {
            at,
            inbound: true,
            from: self.source,
            to: SocketAddrV4::new(self.destination, self.port.number()),
            payload: self.packet.into(),
            unanswered: None,
        }
    }

    /// Whom a complaint about it is to name. Most clients have no address yet.
    pub(super) fn sender(&self) -> Source {
        claimed_hardware_address(self.packet)
            .map_or_else(|| IpAddr::V4(*self.source.ip()).into(), Source::from)
    }
}

/// A client that asks, and where.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) client: BootClient,
    /// The subnet that it asks in: behind a relay not that of the interface.
    pub(crate) subnet: Arc<DhcpSubnet>,
    /// 67 or 4011.
    pub(crate) port: ServerPort,
    /// Our address that it sent its packet to, if it did not ask everybody.
    pub(crate) destination: Option<Ipv4Addr>,
}

impl Asked {
    /// Who looks at addresses for this client: behind a relay nobody, for ARP ends at the link.
    pub(super) fn prober(&self) -> Option<&dyn Prober> {
        let prober = self.subnet.prober.as_deref();
        prober.filter(|_| !self.client.is_relayed())
    }

    /// The address that the answer comes from. A boot service answers from the one that was asked,
    /// which may be a second one of the interface: firmware takes no answer from another. A server of
    /// leases has one name, that of its subnet.
    pub(crate) fn answers_from(&self) -> Ipv4Addr {
        let is_boot_service = self.port == ServerPort::BootService;
        match (self.destination, self.subnet.subnet.server) {
            (Some(address), _) if is_boot_service => address,
            (_, IpAddr::V4(server)) => server,
            (_, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED,
        }
    }
}
