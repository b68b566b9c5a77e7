//! The sockets of one interface.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener as StdListener};
use std::sync::Arc;

use machine_core::network::{DhcpMode, Subnet};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::route::{BOOT_SERVICE_PORT, SERVER_PORT};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tracing::{debug, warn};

use crate::bind_error::BindError;
use crate::dhcp::line::Line;
use crate::dhcp_thread::DhcpThread;
use crate::link_layer::FrameSocket;
use crate::socket::{DatagramSocket, Place};

/// An interface, and the subnets whose machines reach us by it.
#[derive(Debug, Clone)]
pub(crate) struct Link<'a> {
    pub(crate) interface: &'a str,
    pub(crate) subnets: Vec<&'a Subnet>,
}

/// The ports that the protocols leave to us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) tftp: u16,
}

/// The sockets of one interface.
#[derive(Debug)]
pub(crate) struct Sockets {
    dhcp: Option<Arc<DatagramSocket>>,
    routed: Arc<BTreeMap<Ipv4Addr, Arc<DatagramSocket>>>,
    frames: Option<Arc<FrameSocket>>,
    boot_service: Option<Arc<DatagramSocket>>,
    pub(crate) tftp: Arc<DatagramSocket>,
    /// By our address: each with the address that it really has.
    pub(crate) http: BTreeMap<Ipv4Addr, (TcpListener, SocketAddr)>,
}

impl Sockets {
    /// Binds all of them, those of DHCP for its thread. To be called within a tokio runtime.
    pub(crate) fn bind(
        link: &Link<'_>,
        ports: Ports,
        thread: Option<&DhcpThread>,
    ) -> Result<Self, BindError> {
        let on_thread = thread.map(DhcpThread::enter);
        let dhcp = link.serves_dhcp().then(|| link.dhcp()).transpose()?;
        let boot_service = link.serves_dhcp().then(|| {
            let everywhere = Ipv4Addr::UNSPECIFIED;
            link.here("DHCP", SocketAddrV4::new(everywhere, BOOT_SERVICE_PORT))
        });
        let boot_service = boot_service.transpose()?;
        let routed = link.routed()?;
        drop(on_thread);
        let tftp = link.here("TFTP", SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, ports.tftp))?;
        let addresses = addresses(&link.subnets);
        let listeners = addresses.into_iter().map(|address| {
            let listener = link.listener(SocketAddrV4::new(address, ports.http))?;
            Ok((address, listener))
        });
        Ok(Self {
            dhcp,
            routed: Arc::new(routed),
            frames: link.frames().map(Arc::new),
            boot_service,
            tftp,
            http: listeners.collect::<Result<_, BindError>>()?,
        })
    }

    /// Where the DHCP of this interface comes in.
    pub(crate) fn lines(&self, interface: &str) -> Vec<Line> {
        let interface: Arc<str> = interface.into();
        let line = |socket: &Arc<DatagramSocket>, port| Line {
            socket: Arc::clone(socket),
            routed: Arc::clone(&self.routed),
            frames: self.frames.clone(),
            port,
            interface: Arc::clone(&interface),
        };
        let dhcp = self.dhcp.iter().chain(self.routed.values());
        let boot_service = self.boot_service.iter();
        dhcp.map(|socket| line(socket, ServerPort::Dhcp))
            .chain(boot_service.map(|socket| line(socket, ServerPort::BootService)))
            .collect()
    }
}

impl Link<'_> {
    fn serves_dhcp(&self) -> bool {
        self.subnets.iter().any(|it| it.mode != DhcpMode::Off)
    }

    /// Port 67. Where we lease nothing, only what goes to everybody: beside another server on this
    /// very host, a socket that is bound to the interface would take that one's renewals, since the
    /// kernel prefers it (`compute_score` in `net/ipv4/udp.c`).
    fn dhcp(&self) -> Result<Arc<DatagramSocket>, BindError> {
        let is_only_server = self.subnets.iter().any(|it| leases(it));
        let address = if is_only_server {
            Ipv4Addr::UNSPECIFIED
        } else {
            Ipv4Addr::BROADCAST
        };
        self.here("DHCP", SocketAddrV4::new(address, SERVER_PORT))
    }

    /// What relays and renewals send to an address of ours, by whatever interface it comes in.
    fn routed(&self) -> Result<BTreeMap<Ipv4Addr, Arc<DatagramSocket>>, BindError> {
        let leasing: Vec<&Subnet> = self
            .subnets
            .iter()
            .copied()
            .filter(|it| leases(it))
            .collect();
        let sockets = addresses(&leasing).into_iter().map(|ours| {
            let address = SocketAddrV4::new(ours, SERVER_PORT);
            let device = None;
            let socket = self.datagrams(Place { device, address }, "DHCP")?;
            Ok((ours, socket))
        });
        sockets.collect()
    }

    /// By what clients are answered to whom we lease their first address.
    fn frames(&self) -> Option<FrameSocket> {
        let leases_here = |it: &&Subnet| leases(it) && it.is_on(self.interface);
        if !self.subnets.iter().any(leases_here) {
            return None;
        }
        match FrameSocket::open(self.interface) {
            Ok(frames) => frames,
            // That the right is missing is told once, when the daemon starts.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                debug!(interface = self.interface, %error, "frames can't be sent");
                None
            }
            Err(error) => {
                warn!(
                    interface = self.interface,
                    %error,
                    "what is leased to a machine is told to everybody on the link, since frames can't \
                     be sent to its card alone"
                );
                None
            }
        }
    }

    /// What is sent to this address by the link: to us or to everybody, if it is 0.0.0.0.
    fn here(
        &self,
        protocol: &'static str,
        address: SocketAddrV4,
    ) -> Result<Arc<DatagramSocket>, BindError> {
        let place = Place {
            device: Some(self.interface),
            address,
        };
        self.datagrams(place, protocol)
    }

    fn datagrams(
        &self,
        place: Place<'_>,
        protocol: &'static str,
    ) -> Result<Arc<DatagramSocket>, BindError> {
        let address = SocketAddr::V4(place.address);
        let socket = DatagramSocket::bind(place);
        socket
            .map(Arc::new)
            .map_err(|error| self.explained(error, protocol, address))
    }

    fn listener(&self, address: SocketAddrV4) -> Result<(TcpListener, SocketAddr), BindError> {
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
        open().map_err(|error| self.explained(error, "HTTP", SocketAddr::V4(address)))
    }

    fn explained(
        &self,
        source: io::Error,
        protocol: &'static str,
        address: SocketAddr,
    ) -> BindError {
        let interface = self.interface.to_owned();
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
                interface,
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
}

const fn leases(subnet: &Subnet) -> bool {
    matches!(subnet.mode, DhcpMode::Authoritative { .. })
}

/// Our addresses for these subnets, each once. DHCPv6 comes later: a subnet without an IPv4 address
/// of ours has none of these servers.
fn addresses(subnets: &[&Subnet]) -> BTreeSet<Ipv4Addr> {
    let servers = subnets.iter().map(|subnet| match subnet.server {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    });
    servers.collect()
}
