//! The sockets of one interface: where questions come in, and by which answers leave.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::reply::Reply;
use pxe_dhcp::route::Destination;
use tracing::{debug, trace};

use crate::dhcp::incoming::Asked;
use crate::socket::DatagramSocket;

/// The sockets by which the clients of one interface are answered.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Where its packets come in.
    pub(crate) socket: Arc<DatagramSocket>,
    /// By our address: from where what goes through a router or relay is sent. A socket that is bound
    /// to a device reaches only that device's links.
    pub(crate) routed: Arc<BTreeMap<Ipv4Addr, Arc<DatagramSocket>>>,
    /// 67 or 4011.
    pub(crate) port: ServerPort,
    /// The interface.
    pub(crate) interface: Arc<str>,
}

impl Line {
    /// Sends a reply to whoever asked, the way that it says.
    pub(super) async fn send(&self, asked: &Asked, reply: &Reply) -> io::Result<()> {
        let from = asked.answers_from();
        let routed = self.routed.get(&from);
        let routed = routed.filter(|_| self.port == ServerPort::Dhcp);
        let (socket, address) = match reply.route.destination {
            Destination::Relay(address) | Destination::Client(address) => {
                (routed.unwrap_or(&self.socket), address)
            }
            Destination::Broadcast | Destination::Link { .. } => {
                (&self.socket, Ipv4Addr::BROADCAST)
            }
        };
        let encoded = reply.encode();
        if !encoded.left_out.is_empty() {
            debug!(mac = %asked.client.mac, left_out = ?encoded.left_out, "the reply is cut");
        }
        trace!(mac = %asked.client.mac, kind = %reply.kind, %address, "reply");
        let to = SocketAddrV4::new(address, reply.route.port);
        socket.send(&encoded.bytes, from, to).await
    }
}
