//! Port 69, and what is answered there.

use std::net::IpAddr;
use std::sync::Arc;

use machine_core::network::Network;
use thiserror::Error;
use tracing::debug;

use crate::socket::{Arrived, DatagramSocket};

/// A socket on port 69.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(crate) socket: Arc<DatagramSocket>,
    /// All networks that are served: what comes from elsewhere is not answered.
    pub(crate) served: Arc<[Network]>,
    /// The port of HTTP on the same addresses: some files lead there.
    pub(crate) http_port: u16,
}

impl Entrance {
    /// Whether what came in may be answered.
    pub(super) fn admit(&self, arrived: Arrived) -> Result<(), Stray> {
        if !arrived.is_for_us {
            return Err(Stray::Broadcast);
        }
        let source = IpAddr::V4(*arrived.source.ip());
        let is_served = self.served.iter().any(|network| network.contains(source));
        if is_served {
            Ok(())
        } else {
            Err(Stray::Foreign)
        }
    }

    /// Whoever is refused while the interface is busy asks again.
    pub(super) fn refuse(&self, packet: &[u8], arrived: Arrived) {
        let (from, to) = (arrived.destination, arrived.source);
        if let Err(error) = self.socket.try_send(packet, from, to) {
            debug!(%to, %error, "can't send a TFTP error");
        }
    }
}

/// What is not answered, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Stray {
    /// It asks everybody (RFC 1123 §4.2.3.5: to be ignored in silence).
    #[error("it was sent to everybody")]
    Broadcast,
    /// It comes from no network of ours.
    #[error("it comes from no network that is served")]
    Foreign,
}
