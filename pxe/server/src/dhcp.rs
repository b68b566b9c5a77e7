//! DHCP for network boot: ports 67 and 4011.
//!
//! One task a socket reads packets for as long as there are places for answers; each answer is
//! worked out in a task of its own. When the places are taken, what comes waits in the kernel's
//! buffer; seven eighths of them are for cards on record, so that strangers do not fill them. What a
//! packet means and what is replied is decided in [`responder`], which has no socket, by the rules
//! of `pxe-dhcp`.
//!
//! A reply to a client that has no address yet goes to its card alone, where the client takes that:
//! nobody else needs to know the boot that it names.

mod chainloading;
mod flights;
mod giving_back;
pub mod incoming;
mod leasing;
pub(crate) mod line;
pub(crate) mod prober;
mod proposing;
pub mod responder;
pub mod served;
mod silence;
pub mod subnet;
mod understanding;

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use machine_core::hardware::{Arch, Firmware, MacAddress};
use machine_core::network::{ClientKey, DhcpMode, Lease, SubnetName};
use pxe_dhcp::packet::claimed_hardware_address;
use pxe_lease::error::ReservationError;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace, warn};

use crate::dhcp::flights::{Flights, InWork, Question};
use crate::dhcp::incoming::{Asked, Incoming};
use crate::dhcp::line::Line;
use crate::dhcp::responder::Responder;
use crate::dhcp::served::ServedSubnets;
use crate::directory::Directory;
use crate::loaders::Loaders;
use crate::socket::Arrived;
use crate::witness::Witness;

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
    /// The card by which we look for other servers, and which gets no answer of our own.
    pub(crate) card: MacAddress,
}

impl<D: Directory> DhcpServer<D> {
    pub(crate) fn new(responder: Responder<D>, card: MacAddress) -> Arc<Self> {
        Arc::new(Self { responder, card })
    }

    pub(crate) fn witness(&self) -> Arc<Witness> {
        self.responder.witness()
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
        if claimed_hardware_address(packet) == Some(self.card) {
            return;
        }
        let incoming = Incoming {
            packet,
            port: line.port,
            source: arrived.source,
            destination: arrived.destination,
            is_for_us: arrived.is_for_us,
            interface: &line.interface,
        };
        let Some(asked) = self.responder.understand(&incoming) else {
            return;
        };
        let question = Question {
            mac: asked.client.mac,
            xid: asked.client.header.xid,
            kind: asked.client.ask.kind(),
        };
        let directory = &self.responder.directory;
        if flights.is_scarce() && !directory.may_be_registered(question.mac) {
            // It asks again, as all do that get no answer.
            self.responder.complaints.note(
                incoming.sender(),
                &"too many questions of unknown cards at once",
            );
            return;
        }
        let (server, line) = (Arc::clone(self), line.clone());
        let work = |in_work| async move { server.serve(&line, asked, in_work).await };
        if !flights.start(question, work) {
            trace!(source = %incoming.sender(), "its answer is in work");
        }
    }

    async fn serve(&self, line: &Line, asked: Asked, in_work: InWork) {
        let answered = self.responder.answer(&asked).await;
        drop(in_work);
        let Some(answered) = answered else { return };
        match line.send(&asked, &answered.reply).await {
            Ok(sent) => {
                let card = asked.client.mac;
                let is_known = self.responder.directory.may_be_registered(card);
                let packet = sent.witnessed(self.responder.now());
                self.responder.witness.passed(card, is_known, packet);
                self.responder.sent(answered);
            }
            Err(error) => {
                let why = format!("can't send a {}: {error}", answered.reply.kind);
                self.responder.complaints.note(asked.client.mac, &why);
            }
        }
    }
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
    pub(crate) subnets: ServedSubnets,
}

impl DhcpControl {
    /// Of these subnets.
    pub const fn over(subnets: ServedSubnets) -> Self {
        Self { subnets }
    }

    /// Keeps an address for a client; its reservation before this one is over.
    pub fn reserve(&self, client: &ClientKey, address: IpAddr) -> Result<(), ReserveError> {
        let subnet = self.subnets.iter().find(|served| {
            matches!(served.subnet.mode, DhcpMode::Authoritative { .. })
                && served.subnet.network.contains(address)
        });
        let subnet = subnet.ok_or(ReserveError::NoSubnet { address })?;
        Ok(subnet.table().reserve(client, address)?)
    }

    /// The name of the file that such a machine is told to load in this subnet, if any is there.
    pub fn loader_name(
        &self,
        subnet: &SubnetName,
        loaders: &Loaders,
        (arch, firmware): (Arch, Firmware),
    ) -> Option<&'static str> {
        let served = self.subnets.iter().find(|it| it.subnet.name == *subnet)?;
        let file = loaders.advertised(arch, firmware, served.loader);
        file.map(|file| file.name)
    }

    /// Ends a client's reservation in the subnet of this address.
    pub fn unreserve(&self, client: &ClientKey, address: IpAddr) {
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
