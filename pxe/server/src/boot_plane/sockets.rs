//! The sockets by which one subnet is served.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener as StdListener};
use std::sync::Arc;

use machine_core::network::{DhcpMode, Subnet};
use pxe_dhcp::ask::ServerPort;
use pxe_dhcp::route::{BOOT_SERVICE_PORT, SERVER_PORT};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;

use crate::bind_error::BindError;
use crate::dhcp::line::Line;
use crate::dhcp::subnet::DhcpSubnet;
use crate::socket::{DatagramSocket, Place};

/// A subnet, and the interface that it is served on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link<'a> {
    pub(crate) interface: &'a str,
    pub(crate) subnet: &'a Subnet,
}

/// The ports that the protocols leave to us.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) tftp: u16,
}

/// The sockets of one subnet.
#[derive(Debug)]
pub(crate) struct Sockets {
    dhcp: Option<Arc<DatagramSocket>>,
    routed: Option<Arc<DatagramSocket>>,
    boot_service: Option<Arc<DatagramSocket>>,
    pub(crate) tftp: Arc<DatagramSocket>,
    /// With the address that it really has.
    pub(crate) http: (TcpListener, SocketAddr),
}

impl Sockets {
    /// Binds all of them. To be called within a tokio runtime.
    pub(crate) fn bind(link: Link<'_>, ports: Ports) -> Result<Self, BindError> {
        let ours = server_address(link.subnet);
        let serves_dhcp = link.subnet.mode != DhcpMode::Off;
        let dhcp = serves_dhcp.then(|| link.here("DHCP", SERVER_PORT));
        let dhcp = dhcp.transpose()?;
        let boot_service = serves_dhcp.then(|| link.here("DHCP", BOOT_SERVICE_PORT));
        let boot_service = boot_service.transpose()?;
        let tftp = link.here("TFTP", ports.tftp)?;
        let http = link.listener(SocketAddrV4::new(ours, ports.http))?;
        let is_authoritative = matches!(link.subnet.mode, DhcpMode::Authoritative { .. });
        // Beside another server on this very host, it would take that one's renewals.
        let routed = is_authoritative.then(|| {
            let address = SocketAddrV4::new(ours, SERVER_PORT);
            let device = None;
            link.datagrams(Place { device, address }, "DHCP")
        });
        Ok(Self {
            dhcp,
            routed: routed.transpose()?,
            boot_service,
            tftp,
            http,
        })
    }

    /// Where the DHCP of this subnet comes in.
    pub(crate) fn lines(&self, subnet: &Arc<DhcpSubnet>) -> Vec<Line> {
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

impl Link<'_> {
    /// What is sent to this port by the link, to us or to everybody.
    fn here(&self, protocol: &'static str, port: u16) -> Result<Arc<DatagramSocket>, BindError> {
        let place = Place {
            device: Some(self.interface),
            address: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port),
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
                subnet: self.subnet.name.clone(),
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

/// DHCPv6 comes later: a subnet without an IPv4 address of ours has none of these servers.
const fn server_address(subnet: &Subnet) -> Ipv4Addr {
    match subnet.server {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}
