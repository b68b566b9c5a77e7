//! A request, and where it came in.

use std::net::{IpAddr, SocketAddr};

use pxe_tftp::packet::ErrorCode;

use crate::socket::Arrived;
use crate::tftp::entrance::Entrance;

/// A request, and where it came in.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) entrance: Entrance,
    pub(super) arrived: Arrived,
}

impl Asked {
    pub(super) const fn peer(&self) -> IpAddr {
        IpAddr::V4(*self.arrived.source.ip())
    }

    /// Where our HTTP is, as the peer reaches us.
    pub(super) fn http(&self) -> SocketAddr {
        let port = self.entrance.http_port;
        SocketAddr::new(self.arrived.destination.into(), port)
    }

    pub(super) fn refuse(&self, packet: &[u8]) {
        self.entrance.refuse(packet, self.arrived);
    }
}

/// The answer to who asks for what is not there, or not for him.
pub(super) fn not_found() -> Vec<u8> {
    ErrorCode::FileNotFound.packet("file not found")
}
