//! One subnet while it is served: its settings, and its leases in memory.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use machine_core::network::{DhcpMode, Lease, Subnet};
use pxe_dhcp::ask::Ask;
use pxe_dhcp::client::BootClient;
use pxe_dhcp::dropped::Dropped;
use pxe_lease::limits::Limits;
use pxe_lease::table::LeaseTable;
use pxe_loader::loader_choice::LoaderChoice;

use crate::dhcp::prober::Prober;

/// A subnet and what is leased in it.
#[derive(Debug)]
pub struct DhcpSubnet {
    pub(crate) subnet: Subnet,
    /// Where scripts are fetched from.
    pub(crate) http: SocketAddr,
    /// Which loader its machines are given.
    pub(super) loader: LoaderChoice,
    /// Who looks whether an address is used, if anybody can.
    pub(super) prober: Option<Arc<dyn Prober>>,
    table: Mutex<LeaseTable>,
}

impl DhcpSubnet {
    /// With the leases of this subnet among those given, ended ones included: a client gets its
    /// old address again.
    pub fn new(subnet: Subnet, http: SocketAddr, leases: &[Lease]) -> Self {
        let mut table = LeaseTable::new(&subnet, Limits::of(&subnet));
        if matches!(subnet.mode, DhcpMode::Authoritative { .. }) {
            for lease in leases {
                table.committed(lease);
            }
        }
        Self {
            subnet,
            http,
            loader: LoaderChoice::default(),
            prober: None,
            table: Mutex::new(table),
        }
    }

    /// The same, with somebody who looks at addresses before they are offered.
    pub(crate) fn probed_by(self, prober: Option<Arc<dyn Prober>>) -> Self {
        Self { prober, ..self }
    }

    /// The same, whose machines are given this loader.
    #[must_use]
    pub fn loading(self, loader: LoaderChoice) -> Self {
        Self { loader, ..self }
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
            (DhcpMode::Proxy, Ask::Discover | Ask::BootService) if client.is_netboot() => Ok(()),
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
