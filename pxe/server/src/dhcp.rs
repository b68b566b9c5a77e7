//! DHCP for network boot: ports 67 and 4011.
//!
//! One task a socket reads packets for as long as there are places for answers; each answer is
//! worked out in a task of its own. When the places are taken, what comes waits in the kernel's
//! buffer; seven eighths of them are for cards on record, so that strangers do not fill them. What a
//! packet means and what is replied is decided in `pxe-dhcp`.
//!
//! Not done yet: a reply to a client that has no address goes to everybody on the link, also where
//! RFC 2131 §4.1 has a frame to its card (that needs a packet socket). All clients take it.

mod chainloading;
mod flights;
mod leasing;
pub(crate) mod prober;
mod proposing;
mod responder;
mod silence;
pub(crate) mod subnet;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use machine_core::hardware::MacAddress;
use machine_core::network::{ClientKey, DhcpMode, Lease};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::client::{Arrival, BootClient};
use pxe_dhcp::dropped::Dropped;
use pxe_dhcp::lease::error::ReservationError;
use pxe_dhcp::packet::{Packet, claimed_hardware_address};
use pxe_dhcp::reply::Reply;
use pxe_dhcp::route::Destination;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace, warn};

use crate::complaint::{Complaints, Source};
use crate::dhcp::chainloading::Chainloading;
use crate::dhcp::flights::{Flights, InWork, Question};
use crate::dhcp::responder::Responder;
use crate::dhcp::silence::Silence;
use crate::dhcp::subnet::{Asked, DhcpSubnet, Line};
use crate::directory::Directory;
use crate::loaders::Loaders;
use crate::socket::Arrived;

/// How many answers may be in work for one socket: two batches of the commit task, so that one
/// gathers while the other is written. Whoever comes later waits for fewer than in a longer queue.
const IN_FLIGHT: usize = 2048;
/// How long answers may be in work after the daemon was told to stop.
const GRACE: Duration = Duration::from_secs(10);
/// Longer than any packet that makes sense.
const LONGEST: usize = 2048;

/// The DHCP server of all subnets.
#[derive(Debug)]
pub(crate) struct DhcpServer<D> {
    responder: Responder<D>,
    subnets: Arc<[Arc<DhcpSubnet>]>,
    /// The card by which we look for other servers, and which gets no answer of our own.
    pub(crate) card: MacAddress,
}

impl<D: Directory> DhcpServer<D> {
    pub(crate) fn new(
        directory: D,
        loaders: Arc<Loaders>,
        complaints: Arc<Complaints>,
        subnets: Arc<[Arc<DhcpSubnet>]>,
        card: MacAddress,
    ) -> Arc<Self> {
        let responder = Responder {
            directory,
            loaders,
            complaints,
            chainloading: Chainloading::default(),
        };
        Arc::new(Self {
            responder,
            subnets,
            card,
        })
    }

    /// Serves what comes in on one socket until told to stop; then finishes what is in work.
    pub(crate) async fn run(self: Arc<Self>, line: Line, stop: CancellationToken) {
        let flights = Flights::new(IN_FLIGHT);
        let mut buffer = vec![0; LONGEST];
        loop {
            let readable = async {
                flights.room().await;
                line.socket.readable().await
            };
            tokio::select! {
                readable = readable => {
                    if let Err(error) = readable {
                        warn!(%error, "can't wait for DHCP packets");
                        break;
                    }
                }
                () = stop.cancelled() => break,
            }
            self.drain(&line, &mut buffer, &flights);
            // A flood must not keep the answers from being worked out.
            tokio::task::yield_now().await;
        }
        if !flights.finish(GRACE).await {
            warn!("answers were cut off: they took longer than the grace period");
        }
    }

    /// Takes what has come in, some of it if it is much.
    fn drain(self: &Arc<Self>, line: &Line, buffer: &mut [u8], flights: &Flights) {
        for _ in 0..64 {
            if flights.is_full() {
                return;
            }
            match line.socket.try_receive(buffer) {
                Ok(arrived) => {
                    let packet = buffer.get(..arrived.length).unwrap_or_default();
                    self.receive(line, packet, arrived, flights);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    debug!(%error, "can't read a DHCP packet");
                    return;
                }
            }
        }
    }

    fn receive(self: &Arc<Self>, line: &Line, packet: &[u8], arrived: Arrived, flights: &Flights) {
        let card = claimed_hardware_address(packet);
        if card == Some(self.card) {
            return;
        }
        // Most clients have no address yet.
        let source = card.map_or_else(|| IpAddr::V4(*arrived.source.ip()).into(), Source::from);
        match self.understand(line, packet, arrived) {
            Ok(asked) => {
                let question = Question {
                    mac: asked.client.mac,
                    xid: asked.client.header.xid,
                    kind: asked.client.ask.kind(),
                };
                let directory = &self.responder.directory;
                if flights.is_scarce() && !directory.may_be_registered(question.mac) {
                    // It asks again, as all do that get no answer.
                    self.responder
                        .complaints
                        .note(source, &"too many questions of unknown cards at once");
                    return;
                }
                let server = Arc::clone(self);
                let work = |in_work| async move { server.serve(asked, in_work).await };
                if !flights.start(question, work) {
                    trace!(%source, "its answer is in work");
                }
            }
            Err(dropped @ Dropped::ForeignRelay { .. }) => {
                // One line for all that are behind it.
                let relay = IpAddr::V4(*arrived.source.ip());
                self.responder.complaints.note(relay, &dropped);
            }
            Err(dropped) if dropped.is_told() => {
                self.responder.complaints.note(source, &dropped);
            }
            Err(dropped) => trace!(%source, %dropped, "not answered"),
        }
    }

    fn understand(&self, line: &Line, packet: &[u8], arrived: Arrived) -> Result<Asked, Dropped> {
        let packet = Packet::decode(packet)?;
        let ours = self.subnets.iter().map(|served| served.subnet.server);
        let destination = IpAddr::V4(arrived.destination);
        let arrival = Arrival {
            port: line.port,
            source: arrived.source,
            unicast: ours.into_iter().any(|server| server == destination),
        };
        let client = BootClient::from_packet(&packet, arrival)?;
        let client = self.responder.chainloading.completed(client);
        let subnet = self.subnet_of(&client, line)?;
        subnet.concerned(&client)?;
        Ok(Asked {
            client,
            subnet,
            line: line.clone(),
            destination: arrived.is_for_us.then_some(arrived.destination),
        })
    }

    fn subnet_of(&self, client: &BootClient, line: &Line) -> Result<Arc<DhcpSubnet>, Dropped> {
        let Some(address) = client.link else {
            return Ok(Arc::clone(&line.subnet));
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

    async fn serve(&self, asked: Asked, in_work: InWork) {
        let mac = asked.client.mac;
        let complaints = &self.responder.complaints;
        let answered = self.responder.answer(&asked).await;
        drop(in_work);
        match answered {
            Ok(answered) => {
                if let Err(error) = send(&asked, &answered.reply).await {
                    let why = format!("can't send a {}: {error}", answered.reply.kind);
                    complaints.note(mac, &why);
                } else if let Some(step) = answered.step {
                    self.responder.directory.step(step);
                }
            }
            Err(silence @ Silence::AllInUse { .. }) => {
                complaints.note(mac, &silence);
            }
            Err(Silence::Unavailable(error)) => {
                complaints.note(mac, &error);
            }
            Err(Silence::Exhausted(error)) => {
                let subnet = &asked.subnet.subnet.name;
                complaints.note(mac, &format!("no address in {subnet}: {error}"));
            }
            Err(silence) => debug!(%mac, ask = %asked.client.ask.kind(), %silence, "not answered"),
        }
    }
}

async fn send(asked: &Asked, reply: &Reply) -> io::Result<()> {
    let line = &asked.line;
    let routed = line
        .routed
        .as_ref()
        .filter(|_| line.port == ServerPort::Dhcp);
    let (socket, address) = match reply.route.destination {
        Destination::Relay(address) | Destination::Client(address) => {
            (routed.unwrap_or(&line.socket), address)
        }
        Destination::Broadcast | Destination::Link { .. } => (&line.socket, Ipv4Addr::BROADCAST),
    };
    let source = asked.answers_from();
    let encoded = reply.encode();
    if !encoded.left_out.is_empty() {
        debug!(mac = %asked.client.mac, left_out = ?encoded.left_out, "the reply is cut");
    }
    trace!(mac = %asked.client.mac, kind = %reply.kind, %address, "reply");
    socket
        .send(
            &encoded.bytes,
            source,
            SocketAddrV4::new(address, reply.route.port),
        )
        .await
}

/// Why an address can't be kept for a client.
#[derive(Debug, Error)]
pub enum ReserveError {
    /// No subnet that leases addresses has it.
    #[error("wanted an address in a subnet whose DHCP server we are, got {address}")]
    NoSubnet {
        /// Which address.
        address: IpAddr,
    },
    /// The subnet refuses.
    #[error(transparent)]
    Refused(#[from] ReservationError),
}

/// Tells the running DHCP server what has changed. The default is that of a server of no subnet.
#[derive(Debug, Clone, Default)]
pub struct DhcpControl {
    pub(crate) subnets: Arc<[Arc<DhcpSubnet>]>,
}

impl DhcpControl {
    /// Keeps an address for a client; its reservation before this one is over.
    pub fn reserve(&self, client: ClientKey, address: IpAddr) -> Result<(), ReserveError> {
        let subnet = self.subnets.iter().find(|served| {
            matches!(served.subnet.mode, DhcpMode::Authoritative { .. })
                && served.subnet.network.contains(address)
        });
        let subnet = subnet.ok_or(ReserveError::NoSubnet { address })?;
        Ok(subnet.table().reserve(client, address)?)
    }

    /// Ends a client's reservation in the subnet of this address.
    pub fn unreserve(&self, client: ClientKey, address: IpAddr) {
        let mut subnets = self.subnets.iter();
        if let Some(served) = subnets.find(|it| it.subnet.network.contains(address)) {
            served.table().unreserve(client);
        }
    }

    /// A lease that was committed elsewhere: another replica, an import.
    pub fn committed(&self, lease: &Lease) {
        for served in self.subnets.iter() {
            served.table().committed(lease);
        }
    }
}
