//! The boot plane as a whole: binds every socket, and then runs.
//!
//! Nothing is answered before everything is bound, so that a port in use is an error at start and
//! not a machine that hangs in the middle of its boot.

mod running;
mod sockets;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use machine_core::hardware::MacAddress;
use machine_core::network::{ClientKey, DhcpMode, Lease, Reach, Subnet};
use pxe_loader::loader_choice::LoaderChoice;
use tokio::net::TcpListener;
use tracing::{debug, warn};

use crate::arp::ArpLink;
use crate::assets::Assets;
use crate::bind_error::BindError;
use crate::boot_plane::sockets::{Link, Ports, Sockets};
use crate::complaint::Complaints;
use crate::dhcp::line::Line;
use crate::dhcp::prober::Prober;
use crate::dhcp::responder::Responder;
use crate::dhcp::served::ServedSubnets;
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
use crate::made_files::MadeFiles;
use crate::tftp::TftpServer;
use crate::tftp::entrance::Entrance;

/// A subnet, and how it is served.
#[derive(Debug)]
pub struct ServedSubnet {
    /// The subnet.
    pub subnet: Subnet,
    /// Whether an address is looked at by ARP before it is offered for the first time.
    pub probes_addresses: bool,
    /// Which loader its machines are given.
    pub loader: LoaderChoice,
}

/// Where the boot plane listens. The ports of DHCP are what the protocol says.
#[derive(Debug)]
pub struct BootPlaneSettings {
    /// The interfaces of the subnets, held for as long as they are served.
    pub interfaces: Vec<Interface>,
    /// The subnets.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    for link in settings.links() {
        Sockets::bind(&link, settings.ports(), None)?;
    }
    Ok(())
}

impl BootPlaneSettings {
    const fn ports(&self) -> Ports {
        Ports {
            http: self.http_port,
            tftp: self.tftp_port,
        }
    }

    fn links(&self) -> Vec<Link<'_>> {
        let links = self.interfaces.iter().map(|interface| {
            let subnets = self.subnets.iter().map(|served| &served.subnet);
            let interface = interface.name();
            Link {
                interface,
                subnets: subnets.filter(|it| it.interface == interface).collect(),
            }
        });
        links.collect()
    }
}

/// What the subnets are served by, as far as it is bound.
#[derive(Debug, Default)]
struct Entrances {
    lines: Vec<Line>,
    files: Vec<Entrance>,
    listeners: BTreeMap<Ipv4Addr, (TcpListener, SocketAddr)>,
    arp_links: BTreeMap<String, Arc<ArpLink>>,
}

impl Entrances {
    /// Binds those of DHCP for its thread.
    fn bind(settings: &BootPlaneSettings, thread: &DhcpThread) -> Result<Self, BindError> {
        let mut bound = Self::default();
        let networks = settings.subnets.iter().map(|it| it.subnet.network);
        let networks: Arc<[_]> = networks.collect();
        for link in settings.links() {
            let sockets = Sockets::bind(&link, settings.ports(), Some(thread))?;
            bound.lines.extend(sockets.lines(link.interface));
            let mut http = sockets.http.iter().map(|(_, (_, bound))| bound.port());
            bound.files.push(Entrance {
                socket: sockets.tftp,
                served: Arc::clone(&networks),
                http_port: http.next().unwrap_or(settings.http_port),
            });
            bound.listeners.extend(sockets.http);
        }
        for served in &settings.subnets {
            let interface = &served.subnet.interface;
            if served.is_probed() && !bound.arp_links.contains_key(interface) {
                let arp = arp_link(interface);
                bound
                    .arp_links
                    .extend(arp.map(|it| (interface.clone(), it)));
            }
        }
        Ok(bound)
    }

    /// The subnets with their leases, each with what looks at its addresses.
    fn subnets(&self, settings: &BootPlaneSettings, leases: &[Lease]) -> ServedSubnets {
        let subnets = settings.subnets.iter().map(|served| {
            let subnet = &served.subnet;
            let arp = self.arp_links.get(&subnet.interface);
            let arp = arp.filter(|_| served.is_probed());
            let prober = arp.map(|it| Arc::clone(it) as Arc<dyn Prober>);
            DhcpSubnet::new(subnet.clone(), self.http_of(subnet.server), leases)
                .probed_by(prober)
                .loading(served.loader)
        });
        ServedSubnets::new(subnets.collect())
    }

    /// Where scripts are fetched from.
    fn http_of(&self, server: IpAddr) -> SocketAddr {
        let bound = self.listeners.iter();
        let mut bound = bound.filter(|(ours, _)| IpAddr::V4(**ours) == server);
        bound
            .next()
            .map_or_else(|| SocketAddr::new(server, 0), |(_, (_, at))| *at)
    }
}

impl<D: Directory> BootPlane<D> {
    /// Binds every socket. To be called within a tokio runtime.
    pub fn bind(self) -> Result<BoundPlane<D>, BindError> {
        let thread = DhcpThread::new().map_err(BindError::NoRuntime)?;
        let entrances = Entrances::bind(&self.settings, &thread)?;
        let card = random_card().map_err(BindError::NoRandomness)?;
        let watches = watches(&self.settings, card);
        let subnets = entrances.subnets(&self.settings, &self.leases);
        let control = DhcpControl::over(subnets.clone());
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
        let made = MadeFiles {
            directory: directory.clone(),
            assets: Arc::clone(&self.assets),
            chains: responder.chainloading.chains(),
        };
        let dhcp = DhcpServer::new(responder, card);
        let listeners: Vec<_> = entrances.listeners.into_values().collect();
        let tftp = TftpServer::new(
            made,
            Arc::clone(loaders),
            complaints("tftp"),
            TRANSFERS.min(descriptors / 4),
        );
        let http = HttpServer {
            directory: self.directory,
            assets: self.assets,
            loaders: self.loaders,
            complaints: complaints("http"),
            connections: CONNECTIONS.min(descriptors / 2) / listeners.len().max(1),
            guesses: Throttle::default(),
        };
        Ok(BoundPlane {
            dhcp,
            thread,
            tftp,
            http: Arc::new(http),
            control,
            lines: entrances.lines,
            entrances: entrances.files,
            listeners,
            arp_links: entrances.arp_links.into_values().collect(),
            watches,
            interfaces: self.settings.interfaces,
        })
    }
}

impl ServedSubnet {
    /// Whether addresses are looked at by ARP, which ends at the link.
    fn is_probed(&self) -> bool {
        let leases = matches!(self.subnet.mode, DhcpMode::Authoritative { .. });
        self.probes_addresses && leases && self.subnet.reach == Reach::Direct
    }
}

/// The ARP by which addresses are looked at before they are leased. Without it they are leased all the
/// same: a client that finds its address in use declines it.
fn arp_link(interface: &str) -> Option<Arc<ArpLink>> {
    match ArpLink::open(interface) {
        Ok(arp) => arp.map(Arc::new),
        // That the right is missing is told once, when the daemon starts.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            debug!(interface, %error, "ARP can't be opened");
            None
        }
        Err(error) => {
            warn!(
                interface,
                %error,
                "addresses are leased without a look whether somebody uses them, since ARP can't be \
                 opened"
            );
            None
        }
    }
}

/// The links on which other DHCP servers are looked for: those on which we do DHCP. Where we lease
/// addresses in one subnet of a link, another server on it is an intruder.
fn watches(settings: &BootPlaneSettings, card: MacAddress) -> Vec<Watch> {
    let links = settings.links().into_iter().filter_map(|link| {
        let here = |it: &&&Subnet| it.reach == Reach::Direct && it.mode != DhcpMode::Off;
        let mut modes = link.subnets.iter().filter(here).map(|it| &it.mode);
        let first = modes.next()?;
        let leases = |it: &&DhcpMode| matches!(it, DhcpMode::Authoritative { .. });
        Some(Watch {
            interface: link.interface.to_owned(),
            mode: modes.find(leases).unwrap_or(first).clone(),
            card,
            pace: Pace::DEFAULT,
        })
    });
    links.collect()
}

/// A reservation of yesterday's settings must not keep the daemon from starting.
fn reserve(control: &DhcpControl, reservations: &[Reservation]) {
    for Reservation { client, address } in reservations {
        if let Err(error) = control.reserve(client, *address) {
            warn!(%client, %address, %error, "the reservation is left out");
        }
    }
}
