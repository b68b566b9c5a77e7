//! Why the boot plane can't take its place on the network: each says what to do about it.

use std::io;
use std::net::{IpAddr, SocketAddr};

use thiserror::Error;

/// Why a socket can't be had.
#[derive(Debug, Error)]
pub enum BindError {
    /// The system has no descriptors left for what waits on sockets.
    #[error("can't wait for packets")]
    NoRuntime(#[source] io::Error),
    /// There is no interface of this name.
    #[error("there is no interface {interface:?} here; `ip link` lists those that are")]
    NoInterface {
        /// Which one.
        interface: String,
    },
    /// Another Drover serves this interface.
    #[error(
        "another drover serves the interface {interface}: two would answer every machine twice; \
         `ss -xlp src @drover/{interface}` names what holds it"
    )]
    InterfaceBusy {
        /// Which one.
        interface: String,
    },
    /// Another program has the port for itself.
    #[error(
        "{protocol} port {port} on {interface} is in use by another program; \
         `ss -{flag}lpn sport = :{port}` names it",
        port = address.port(),
        flag = if *protocol == "HTTP" { 't' } else { 'u' }
    )]
    PortInUse {
        /// For what: `DHCP`, `TFTP`, `HTTP`.
        protocol: &'static str,
        /// Where.
        address: SocketAddr,
        /// On which interface.
        interface: String,
    },
    /// The system does not let us.
    #[error(
        "no permission for {protocol} port {port} on {interface}: a port below 1024 needs \
         CAP_NET_BIND_SERVICE, and an interface CAP_NET_RAW before Linux 5.7; run as root, or with both",
        port = address.port()
    )]
    NoPermission {
        /// For what.
        protocol: &'static str,
        /// Where.
        address: SocketAddr,
        /// On which interface.
        interface: String,
    },
    /// Our address of an interface is gone.
    #[error(
        "{address} is not an address of this host any more: look at `ip address show {interface}`"
    )]
    AddressNotHere {
        /// Of which interface it was.
        interface: String,
        /// Which address.
        address: IpAddr,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandomness(#[source] io::Error),
    /// Something else.
    #[error("can't open {protocol} at {address} on {interface}")]
    Failed {
        /// For what.
        protocol: &'static str,
        /// Where.
        address: SocketAddr,
        /// On which interface.
        interface: String,
        /// What the system says.
        source: io::Error,
    },
}
