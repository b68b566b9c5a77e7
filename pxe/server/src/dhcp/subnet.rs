//! One subnet while it is served: its settings, and its leases in memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::network::{DhcpMode, Lease, Subnet};
use pxe_dhcp::ask::{Ask, ServerPort};
use pxe_dhcp::client::BootClient;
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::lease::LeaseTable;
use pxe_dhcp::lease::limits::Limits;

use crate::dhcp::prober::Prober;
use crate::socket::DatagramSocket;

/// A subnet and what is leased in it.
#[derive(Debug)]
pub(crate) struct DhcpSubnet {
    pub(crate) subnet: Subnet,
    /// Where scripts are fetched from.
    pub(crate) http: SocketAddr,
    /// Who looks whether an address is used, if anybody can.
    prober: Option<Arc<dyn Prober>>,
    table: Mutex<LeaseTable>,
}

impl DhcpSubnet {
    /// With the leases of this subnet among those given, ended ones included: a client gets its
    /// old address again.
    pub(crate) fn new(subnet: Subnet, http: SocketAddr, leases: &[Lease]) -> Self {
        let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
        if matches!(subnet.mode, DhcpMode::Authoritative { .. }) {
            for lease in leases {
                table.committed(lease);
            }
        }
        Self {
            subnet,
            http,
            prober: None,
            table: Mutex::new(table),
        }
    }

    /// The same, with somebody who looks at addresses before they are offered.
    pub(crate) fn probed_by(self, prober: Option<Arc<dyn Prober>>) -> Self {
        Self { prober, ..self }
    }

    /// The leases; never held across an await.
    pub(crate) fn table(&self) -> MutexGuard<'_, LeaseTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether such a client is any of our business. Asked before anything is looked up, so that
    /// beside another server the traffic of its clients costs nothing.
    pub(crate) fn concerned(&self, client: &BootClient) -> Result<(), Dropped> {
        match (&self.subnet.mode, client.ask) {
            (DhcpMode::Off, _) => Err(Dropped::Off),
            (DhcpMode::Authoritative { .. }, _) => Ok(()),
            (DhcpMode::Proxy, Ask::Discover | Ask::BootService) if client.is_pxe() => Ok(()),
            (DhcpMode::Proxy, Ask::Discover | Ask::BootService) if client.is_http() => {
                Err(Dropped::HttpBoot)
            }
            (DhcpMode::Proxy, Ask::Discover | Ask::BootService) => Err(Dropped::NotBooting),
            (DhcpMode::Proxy, Ask::Request(_) | Ask::Inform { .. }) => {
                Err(Dropped::LeaseOfOtherServer)
            }
            (DhcpMode::Proxy, Ask::Decline { .. } | Ask::Release { .. }) => {
                Err(Dropped::NeverAnswered {
                    kind: client.ask.kind(),
                })
            }
        }
    }
}

/// The sockets by which the clients of one interface are answered.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Where its packets come in.
    pub(crate) socket: Arc<DatagramSocket>,
    /// From where what goes through a router or relay is sent: a socket that is bound to a device
    /// reaches only that device's links.
    pub(crate) routed: Option<Arc<DatagramSocket>>,
    /// 67 or 4011.
    pub(crate) port: ServerPort,
    /// The subnet of the interface.
    pub(crate) subnet: Arc<DhcpSubnet>,
}

/// A client that asks, and where.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) client: BootClient,
    /// The subnet that it asks in: behind a relay not that of the interface.
    pub(crate) subnet: Arc<DhcpSubnet>,
    pub(crate) line: Line,
    /// Our address that it sent its packet to, if it did not ask everybody.
    pub(crate) destination: Option<Ipv4Addr>,
}

impl Asked {
    /// Who looks at addresses for this client: behind a relay nobody, for ARP ends at the link.
    pub(crate) fn prober(&self) -> Option<&dyn Prober> {
        let prober = self.subnet.prober.as_deref();
        prober.filter(|_| !self.client.is_relayed())
    }

    /// The address that the answer comes from. A boot service answers from the one that was asked,
    /// which may be a second one of the interface: firmware takes no answer from another. A server of
    /// leases has one name, that of its subnet.
    pub(crate) fn answers_from(&self) -> Ipv4Addr {
        let is_boot_service = self.line.port == ServerPort::BootService;
        match (self.destination, self.subnet.subnet.server) {
            (Some(address), _) if is_boot_service => address,
            (_, IpAddr::V4(server)) => server,
            (_, IpAddr::V6(_)) => Ipv4Addr::UNSPECIFIED,
        }
    }
}
