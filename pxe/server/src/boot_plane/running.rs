//! The bound boot plane as it runs: every server until one ends or all are told to stop.

use std::net::SocketAddr;
use std::sync::Arc;

use machine_core::hardware::MacAddress;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::boot_plane::BoundPlane;
use crate::dhcp::DhcpControl;
use crate::directory::Directory;
use crate::servers::{ServerEnded, Servers};
use crate::witness::Witness;

impl<D: Directory> BoundPlane<D> {
    /// The first address of HTTP, with the port that it really has.
    pub fn http_address(&self) -> Option<SocketAddr> {
        self.listeners.first().map(|(_, address)| *address)
    }

    /// The first port of TFTP, with the number that it really has.
    pub fn tftp_port(&self) -> Option<u16> {
        let first = self.entrances.first()?;
        first
            .socket
            .local_address()
            .ok()
            .map(|address| address.port())
    }

    /// The handle by which reservations reach the running DHCP server.
    pub fn control(&self) -> DhcpControl {
        self.control.clone()
    }

    /// The last packets of each card.
    pub fn witness(&self) -> Arc<Witness> {
        self.dhcp.witness()
    }

    /// The card by which other DHCP servers are looked for: no machine's, and not answered by us.
    pub fn search_card(&self) -> MacAddress {
        self.dhcp.card
    }

    /// Serves until told to stop; then lets transfers finish for a grace period. A server that ends
    /// before that takes the others with it: machines would hang at the one that is not there.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerEnded> {
        let stop = stop.child_token();
        let mut servers = Servers::default();
        for line in self.lines {
            let server = Arc::clone(&self.dhcp).run(line, stop.clone());
            if let Some(running) = self.thread.spawn(server) {
                servers.watch_over("DHCP", running);
            }
        }
        self.thread.start().map_err(|error| ServerEnded {
            server: "DHCP",
            why: format!("the system gives no thread: {error}"),
        })?;
        for entrance in self.entrances {
            servers.spawn("TFTP", Arc::clone(&self.tftp).run(entrance, stop.clone()));
        }
        for (listener, address) in self.listeners {
            info!(%address, "serving machines");
            servers.spawn("HTTP", Arc::clone(&self.http).run(listener, stop.clone()));
        }
        for arp in self.arp_links {
            servers.spawn("ARP", arp.listen(stop.clone()));
        }
        for watch in self.watches {
            servers.spawn("search for other DHCP", watch.run(stop.clone()));
        }
        let ended = servers.watch(&stop).await;
        // Another Drover may have them from here on.
        drop(self.interfaces);
        ended
    }
}
