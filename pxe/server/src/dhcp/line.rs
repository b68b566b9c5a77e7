//! The sockets of one interface: where questions come in, and by which answers leave.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;

use machine_core::hardware::MacAddress;
use machine_core::time::Timestamp;
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::reply::Reply;
use pxe_dhcp::route::{Destination, Route, SERVER_PORT};
use tracing::{debug, trace};

use crate::dhcp::incoming::Asked;
use crate::link_layer::FrameSocket;
use crate::socket::DatagramSocket;
use crate::witnessed::Witnessed;

/// A reply that was sent.
#[derive(Debug)]
pub(crate) struct Sent {
    from: SocketAddrV4,
    to: SocketAddrV4,
    bytes: Vec<u8>,
}

impl Sent {
    /// It, to be kept.
    pub(super) fn witnessed(self, at: Timestamp) -> Witnessed {
        Witnessed {
            at,
            inbound: false,
            from: self.from,
            to: self.to,
            payload: self.bytes.into(),
            unanswered: None,
        }
    }
}

/// The sockets by which the clients of one interface are answered.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Where its packets come in.
    pub(crate) socket: Arc<DatagramSocket>,
    /// By our address: from where what goes through a router or relay is sent. A socket that is bound
    /// to a device reaches only that device's links.
    pub(crate) routed: Arc<BTreeMap<Ipv4Addr, Arc<DatagramSocket>>>,
    /// From where frames are sent to clients that have no address yet; without it, they are answered
    /// before everybody.
    pub(crate) frames: Option<Arc<FrameSocket>>,
    /// 67 or 4011.
    pub(crate) port: ServerPort,
    /// The interface.
    pub(crate) interface: Arc<str>,
}

impl Line {
    /// Sends a reply to whoever asked, the way that it says.
    pub(super) async fn send(&self, asked: &Asked, reply: &Reply) -> io::Result<Sent> {
        let from = asked.answers_from();
        let encoded = reply.encode();
        if !encoded.left_out.is_empty() {
            debug!(mac = %asked.client.mac, left_out = ?encoded.left_out, "the reply is cut");
        }
        trace!(mac = %asked.client.mac, kind = %reply.kind, route = ?reply.route, "reply");
        let to = self.deliver(&encoded.bytes, from, reply.route).await?;
        Ok(Sent {
            from: SocketAddrV4::new(from, self.port.number()),
            to,
            bytes: encoded.bytes,
        })
    }

    /// Sends it the way that it is to go; whereto it went.
    async fn deliver(
        &self,
        bytes: &[u8],
        from: Ipv4Addr,
        route: Route,
    ) -> io::Result<SocketAddrV4> {
        let at = |address| SocketAddrV4::new(address, route.port);
        match route.destination {
            Destination::Relay(address) | Destination::Client(address) => {
                let socket = self.by_routing(from);
                socket.send(bytes, from, at(address)).await?;
                return Ok(at(address));
            }
            Destination::Link { mac, address } => {
                if self.send_frame(bytes, from, (mac, at(address))) {
                    return Ok(at(address));
                }
            }
            Destination::Broadcast => {}
        }
        let everybody = at(Ipv4Addr::BROADCAST);
        self.socket.send(bytes, from, everybody).await?;
        Ok(everybody)
    }

    /// Boot services answer by the link: with the address that was asked, which may be a second one.
    fn by_routing(&self, from: Ipv4Addr) -> &DatagramSocket {
        let routed = self.routed.get(&from);
        let routed = routed.filter(|_| self.port == ServerPort::Dhcp);
        routed.unwrap_or(&self.socket)
    }

    /// Whether a frame went to the card: without the right to, or while the interface is busy, or
    /// where it is too long for the link, the reply goes to everybody, whom it reaches as well.
    fn send_frame(&self, bytes: &[u8], from: Ipv4Addr, to: (MacAddress, SocketAddrV4)) -> bool {
        let from = SocketAddrV4::new(from, SERVER_PORT);
        let Some(frames) = &self.frames else {
            return false;
        };
        let sent = frames.send(bytes, from, to);
        if let Err(error) = &sent {
            debug!(%error, card = %to.0, "no frame for this card: everybody gets its reply");
        }
        sent.is_ok()
    }
}
