//! The boot plane as a whole: binds every socket, and then runs.
//!
//! Nothing is answered before everything is bound, so that a port in use is an error at start and
//! not a machine that hangs in the middle of its boot.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener as StdListener};
use std::sync::Arc;

use machine_core::network::{ClientKey, DhcpMode, Lease, Subnet};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::route::{BOOT_SERVICE_PORT, SERVER_PORT};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::assets::Assets;
use crate::bind_error::BindError;
use crate::complaint::Complaints;
use crate::dhcp::line::Line;
use crate::dhcp::responder::Responder;
use crate::dhcp::subnet::DhcpSubnet;
use crate::dhcp::{DhcpControl, DhcpServer};
use crate::directory::Directory;
use crate::http::HttpServer;
use crate::http::throttle::Throttle;
use crate::interface::Interface;
use crate::loaders::Loaders;
use crate::servers::{ServerEnded, Servers};
use crate::socket::{DatagramSocket, Place};
use crate::tftp::{Entrance, TftpServer};

/// A subnet, and the interface that it is served on.
#[derive(Debug)]
pub struct ServedSubnet {
    /// The subnet.
    pub subnet: Subnet,
    /// The interface, held for as long as it is served.
    pub interface: Interface,
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
    tftp: Arc<TftpServer<D>>,
    http: Arc<HttpServer<D>>,
    control: DhcpControl,
    lines: Vec<Line>,
    entrances: Vec<Entrance>,
    listeners: Vec<(TcpListener, SocketAddr)>,
    interfaces: Vec<Interface>,
}

/// Finds out whether every socket could be had, without keeping one. To be called within a tokio
/// runtime.
pub fn probe(settings: &BootPlaneSettings) -> Result<(), BindError> {
    for served in &settings.subnets {
        Sockets::bind(served, settings)?;
    }
    Ok(())
}

/// The sockets of one subnet.
struct Sockets {
    dhcp: Option<Arc<DatagramSocket>>,
    routed: Option<Arc<DatagramSocket>>,
    boot_service: Option<Arc<DatagramSocket>>,
    tftp: Arc<DatagramSocket>,
    http: (TcpListener, SocketAddr),
}

impl<D: Directory> BootPlane<D> {
    /// Binds every socket. To be called within a tokio runtime.
    pub fn bind(self) -> Result<BoundPlane<D>, BindError> {
        let Self {
            settings,
            directory,
            assets,
            loaders,
            leases,
            reservations,
        } = self;
        let mut subnets = Vec::new();
        let (mut lines, mut entrances) = (Vec::new(), Vec::new());
        let mut listeners = Vec::new();
        let networks = settings.subnets.iter().map(|it| it.subnet.network);
        let networks: Arc<[_]> = networks.collect();
        for served in &settings.subnets {
            let sockets = Sockets::bind(served, &settings)?;
            let http = sockets.http.1;
            let subnet = Arc::new(DhcpSubnet::new(served.subnet.clone(), http, &leases));
            lines.extend(sockets.lines(&subnet));
            entrances.push(Entrance {
                socket: sockets.tftp,
                served: Arc::clone(&networks),
            });
            listeners.push(sockets.http);
            subnets.push(subnet);
        }
        let descriptors = settings.descriptors;
        let served = settings.subnets.into_iter();
        let interfaces = served.map(|served| served.interface).collect();
        let subnets: Arc<[_]> = subnets.into();
        let control = DhcpControl::over(Arc::clone(&subnets));
        reserve(&control, &reservations);
        let complaints = |protocol| Arc::new(Complaints::new(protocol));
        let dhcp = DhcpServer::new(Responder::new(
            directory.clone(),
            Arc::clone(&loaders),
            complaints("dhcp"),
            subnets,
        ));
        let transfers = TRANSFERS.min(descriptors / 4);
        let tftp = TftpServer::new(
            directory.clone(),
            Arc::clone(&loaders),
            complaints("tftp"),
            transfers,
        );
        let connections = CONNECTIONS.min(descriptors / 2) / listeners.len().max(1);
        let complaints = complaints("http");
        let http = Arc::new(HttpServer {
            directory,
            assets,
            loaders,
            complaints,
            connections,
            guesses: Throttle::default(),
        });
        Ok(BoundPlane {
            dhcp,
            tftp,
            http,
            control,
            lines,
            entrances,
            listeners,
            interfaces,
        })
    }
}

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

    /// Serves until told to stop; then lets transfers finish for a grace period. A server that ends
    /// before that takes the others with it: machines would hang at the one that is not there.
    pub async fn run(self, stop: CancellationToken) -> Result<(), ServerEnded> {
        let stop = stop.child_token();
        let mut servers = Servers::default();
        for line in self.lines {
            servers.spawn("DHCP", Arc::clone(&self.dhcp).run(line, stop.clone()));
        }
        for entrance in self.entrances {
            servers.spawn("TFTP", Arc::clone(&self.tftp).run(entrance, stop.clone()));
        }
        for (listener, address) in self.listeners {
            info!(%address, "serving machines");
            servers.spawn("HTTP", Arc::clone(&self.http).run(listener, stop.clone()));
        }
        let ended = servers.watch(&stop).await;
        // Another Drover may have them from here on.
        drop(self.interfaces);
        ended
    }
}

impl Sockets {
    fn bind(served: &ServedSubnet, settings: &BootPlaneSettings) -> Result<Self, BindError> {
        let interface = &served.interface;
        let subnet = &served.subnet;
        let ours = server_address(subnet);
        let here = |protocol, port| {
            let address = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
            let place = Place {
                device: Some(interface.name()),
                address,
            };
            datagrams(place, protocol, served)
        };
        let serves_dhcp = subnet.mode != DhcpMode::Off;
        let (dhcp, boot_service) = if serves_dhcp {
            (
                Some(here("DHCP", SERVER_PORT)?),
                Some(here("DHCP", BOOT_SERVICE_PORT)?),
            )
        } else {
            (None, None)
        };
        let is_authoritative = matches!(subnet.mode, DhcpMode::Authoritative { .. });
        // Beside another server on this very host, it would take that one's renewals.
        let routed = is_authoritative.then(|| {
            let address = SocketAddrV4::new(ours, SERVER_PORT);
            datagrams(
                Place {
                    device: None,
                    address,
                },
                "DHCP",
                served,
            )
        });
        let tftp = here("TFTP", settings.tftp_port)?;
        let http = listener(SocketAddrV4::new(ours, settings.http_port), served)?;
        let routed = routed.transpose()?;
        Ok(Self {
            dhcp,
            routed,
            boot_service,
            tftp,
            http,
        })
    }

    fn lines(&self, subnet: &Arc<DhcpSubnet>) -> Vec<Line> {
        let line = |socket: &Arc<DatagramSocket>, port| Line {
            socket: Arc::clone(socket),
            routed: self.routed.clone(),
            port,
            subnet: Arc::clone(subnet),
        };
        let dhcp = self.dhcp.iter().chain(&self.routed);
        let boot_service = self.boot_service.iter();
        dhcp.map(|socket| line(socket, ServerPort::Dhcp))
            .chain(boot_service.map(|socket| line(socket, ServerPort::BootService)))
            .collect()
    }
}

/// A reservation of yesterday's settings must not keep the daemon from starting.
fn reserve(control: &DhcpControl, reservations: &[Reservation]) {
    for Reservation { client, address } in reservations {
        if let Err(error) = control.reserve(*client, *address) {
            warn!(%client, %address, %error, "the reservation is left out");
        }
    }
}

/// DHCPv6 comes later: a subnet without an IPv4 address of ours has none of these servers.
fn server_address(subnet: &Subnet) -> Ipv4Addr {
    match subnet.server {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

fn datagrams(
    place: Place<'_>,
    protocol: &'static str,
    served: &ServedSubnet,
) -> Result<Arc<DatagramSocket>, BindError> {
    let address = SocketAddr::V4(place.address);
    let socket = DatagramSocket::bind(place);
    socket
        .map(Arc::new)
        .map_err(|error| explained(error, protocol, address, served))
}

fn listener(
    address: SocketAddrV4,
    served: &ServedSubnet,
) -> Result<(TcpListener, SocketAddr), BindError> {
    let open = || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::V4(address).into())?;
        // As many as the system lets wait (`net.core.somaxconn`, 4096 by default).
        socket.listen(4096)?;
        let listener = TcpListener::from_std(StdListener::from(socket))?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    };
    open().map_err(|error| explained(error, "HTTP", SocketAddr::V4(address), served))
}

fn explained(
    source: io::Error,
    protocol: &'static str,
    address: SocketAddr,
    served: &ServedSubnet,
) -> BindError {
    let interface = served.interface.name().to_owned();
    match source.kind() {
        io::ErrorKind::AddrInUse => BindError::PortInUse {
            protocol,
            address,
            interface,
        },
        io::ErrorKind::PermissionDenied => BindError::NoPermission {
            protocol,
            address,
            interface,
        },
        io::ErrorKind::AddrNotAvailable => BindError::AddressNotHere {
            subnet: served.subnet.name.clone(),
            address: address.ip(),
        },
        _ => BindError::Failed {
            protocol,
            address,
            interface,
            source,
        },
    }
}
