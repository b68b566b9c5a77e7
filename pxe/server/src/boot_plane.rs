//! The boot plane as a whole: binds every socket, and then runs.
//!
//! Nothing is answered before everything is bound, so that a port in use is an error at start and
//! not a machine that hangs in the middle of its boot.

mod running;
mod sockets;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use machine_core::hardware::MacAddress;
use machine_core::network::{ClientKey, DhcpMode, Lease, Subnet};
use tokio::net::TcpListener;
use tracing::warn;

use crate::arp::ArpLink;
use crate::assets::Assets;
use crate::bind_error::BindError;
use crate::boot_plane::sockets::{Link, Ports, Sockets};
use crate::complaint::Complaints;
use crate::dhcp::line::Line;
use crate::dhcp::prober::Prober;
use crate::dhcp::responder::Responder;
use crate::dhcp::subnet::DhcpSubnet;
use crate::dhcp::{DhcpControl, DhcpServer};
use crate::dhcp_thread::DhcpThread;
use crate::directory::Directory;
use crate::foreign_server::question::random_card;
use crate::foreign_server::watch::{Pace, Watch};
use crate::http::HttpServer;
use crate::http::throttle::Throttle;
use crate::interface::Interface;
use crate::loaders::Loaders;
use crate::tftp::TftpServer;
use crate::tftp::entrance::Entrance;

/// A subnet, and the interface that it is served on.
#[derive(Debug)]
pub struct ServedSubnet {
    /// The subnet.
    pub subnet: Subnet,
    /// The interface, held for as long as it is served.
    pub interface: Interface,
    /// Whether an address is looked at by ARP before it is offered for the first time.
    pub probes_addresses: bool,
}

/// Where the boot plane listens. The ports of DHCP are what the protocol says.
#[derive(Debug)]
pub struct BootPlaneSettings {
    /// The subnets, each on an interface of its own.
    pub subnets: Vec<ServedSubnet>,
    /// The port of HTTP; 0 for any.
    pub http_port: u16,
    /// The port of TFTP: 69, but in tests.
    pub tftp_port: u16,
    /// How many files and sockets the process may have open: half of them are for connections of
    /// HTTP, a quarter for transfers of TFTP.
    pub descriptors: usize,
}

/// Connections of HTTP in all: a thousand machines that boot at once and hold one each, eight times
/// over.
const CONNECTIONS: usize = 8192;
/// Transfers of TFTP in all, as far as there are descriptors: a thousand machines, twice over.
const TRANSFERS: usize = 2048;

/// An address that is kept for a client, in whatever subnet has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// For whom.
    pub client: ClientKey,
    /// Which address.
    pub address: IpAddr,
}

/// What the boot plane is made of.
#[derive(Debug)]
pub struct BootPlane<D> {
    /// Where it listens.
    pub settings: BootPlaneSettings,
    /// The records and decisions.
    pub directory: D,
    /// Kernels and initial RAM disks.
    pub assets: Arc<Assets>,
    /// Bootloaders.
    pub loaders: Arc<Loaders>,
    /// All leases on record, ended ones included.
    pub leases: Vec<Lease>,
    /// All reservations on record.
    pub reservations: Vec<Reservation>,
}

/// The boot plane with all its sockets, before it answers anything.
#[derive(Debug)]
pub struct BoundPlane<D> {
    dhcp: Arc<DhcpServer<D>>,
    thread: DhcpThread,
    tftp: Arc<TftpServer<D>>,
    http: Arc<HttpServer<D>>,
    control: DhcpControl,
    lines: Vec<Line>,
    entrances: Vec<Entrance>,
    listeners: Vec<(TcpListener, SocketAddr)>,
    arp_links: Vec<Arc<ArpLink>>,
    watches: Vec<Watch>,
    interfaces: Vec<Interface>,
}

/// Finds out whether every socket could be had, without keeping one. To be called within a tokio
/// runtime.
pub fn probe(settings: &BootPlaneSettings) -> Result<(), BindError> {
    for served in &settings.subnets {
        Sockets::bind(served.link(), settings.ports(), None)?;
    }
    Ok(())
}

impl ServedSubnet {
    fn link(&self) -> Link<'_> {
        Link {
            interface: self.interface.name(),
            subnet: &self.subnet,
        }
    }
}

impl BootPlaneSettings {
    const fn ports(&self) -> Ports {
        Ports {
            http: self.http_port,
            tftp: self.tftp_port,
        }
    }
}

/// What the subnets are served by, as far as it is bound.
#[derive(Debug, Default)]
struct Entrances {
    subnets: Vec<Arc<DhcpSubnet>>,
    lines: Vec<Line>,
    files: Vec<Entrance>,
    listeners: Vec<(TcpListener, SocketAddr)>,
    arp_links: Vec<Arc<ArpLink>>,
}

impl Entrances {
    /// Binds those of DHCP for its thread.
    fn bind(
        settings: &BootPlaneSettings,
        leases: &[Lease],
        thread: &DhcpThread,
    ) -> Result<Self, BindError> {
        let mut bound = Self::default();
        let networks = settings.subnets.iter().map(|it| it.subnet.network);
        let networks: Arc<[_]> = networks.collect();
        for served in &settings.subnets {
            let sockets = Sockets::bind(served.link(), settings.ports(), Some(thread))?;
            let arp = arp_link(served);
            let prober = arp.clone().map(|arp| arp as Arc<dyn Prober>);
            let subnet = DhcpSubnet::new(served.subnet.clone(), sockets.http.1, leases);
            let subnet = Arc::new(subnet.probed_by(prober));
            bound.arp_links.extend(arp);
            bound.lines.extend(sockets.lines(&subnet));
            bound.files.push(Entrance {
                socket: sockets.tftp,
                served: Arc::clone(&networks),
            });
            bound.listeners.push(sockets.http);
            bound.subnets.push(subnet);
        }
        Ok(bound)
    }
}

impl<D: Directory> BootPlane<D> {
    /// Binds every socket. To be called within a tokio runtime.
    pub fn bind(self) -> Result<BoundPlane<D>, BindError> {
        let thread = DhcpThread::new().map_err(BindError::NoRuntime)?;
        let entrances = Entrances::bind(&self.settings, &self.leases, &thread)?;
        let card = random_card().map_err(BindError::NoRandomness)?;
        let watches = watches(&self.settings.subnets, card);
        let subnets: Arc<[_]> = entrances.subnets.into();
        let control = DhcpControl::over(Arc::clone(&subnets));
        reserve(&control, &self.reservations);
        let complaints = |protocol| Arc::new(Complaints::new(protocol));
        let descriptors = self.settings.descriptors;
        let (directory, loaders) = (&self.directory, &self.loaders);
        let responder = Responder::new(
            directory.clone(),
            Arc::clone(loaders),
            complaints("dhcp"),
            subnets,
        );
        let dhcp = DhcpServer::new(responder, card);
        let tftp = TftpServer::new(
            directory.clone(),
            Arc::clone(loaders),
            complaints("tftp"),
            TRANSFERS.min(descriptors / 4),
        );
        let listeners = entrances.listeners;
        let http = HttpServer {
            directory: self.directory,
            assets: self.assets,
            loaders: self.loaders,
            complaints: complaints("http"),
            connections: CONNECTIONS.min(descriptors / 2) / listeners.len().max(1),
            guesses: Throttle::default(),
        };
        let served = self.settings.subnets.into_iter();
        Ok(BoundPlane {
            dhcp,
            thread,
            tftp,
            http: Arc::new(http),
            control,
            lines: entrances.lines,
            entrances: entrances.files,
            listeners,
            arp_links: entrances.arp_links,
            watches,
            interfaces: served.map(|served| served.interface).collect(),
        })
    }
}

/// Where we lease addresses, the ARP by which they are looked at before. Without it they are leased
/// all the same: a client that finds its address in use declines it.
fn arp_link(served: &ServedSubnet) -> Option<Arc<ArpLink>> {
    let leases = matches!(served.subnet.mode, DhcpMode::Authoritative { .. });
    if !leases || !served.probes_addresses {
        return None;
    }
    let interface = served.interface.name();
    match ArpLink::open(interface) {
        Ok(arp) => arp.map(Arc::new),
        Err(error) => {
            warn!(
                interface,
                %error,
                "addresses are leased without a look whether somebody uses them, since ARP can't be \
                 opened: run as root, or with CAP_NET_RAW"
            );
            None
        }
    }
}

/// The links on which other DHCP servers are looked for: those where we do DHCP.
fn watches(subnets: &[ServedSubnet], card: MacAddress) -> Vec<Watch> {
    let served = subnets.iter();
    served
        .filter(|served| served.subnet.mode != DhcpMode::Off)
        .map(|served| Watch {
            interface: served.interface.name().to_owned(),
            mode: served.subnet.mode.clone(),
            card,
            pace: Pace::DEFAULT,
        })
        .collect()
}

/// A reservation of yesterday's settings must not keep the daemon from starting.
fn reserve(control: &DhcpControl, reservations: &[Reservation]) {
    for Reservation { client, address } in reservations {
        if let Err(error) = control.reserve(*client, *address) {
            warn!(%client, %address, %error, "the reservation is left out");
        }
    }
}
