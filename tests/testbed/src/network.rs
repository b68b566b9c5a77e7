//! The lab's cables: two namespaces, a bridge, a server's link to it, taps and clients.
//!
//! Every link is made inside a namespace of the lab, never in the root namespace, so names need to
//! be unique only there and nothing can be left on the host but the namespaces themselves.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

use machine_core::hardware::MacAddress;

use crate::error::LabError;
use crate::namespace::Namespace;
use crate::tether::Tether;

/// The namespaces of one lab and the bridge between them.
#[derive(Debug)]
pub struct Network {
    prefix: String,
    server: Namespace,
    switch: Namespace,
    tether: Tether,
    ports: AtomicU8,
    taps: AtomicU8,
}

impl Network {
    /// Makes the server's and the switch's namespace, with `prefix` before their names, and
    /// connects them.
    pub(crate) fn lay(prefix: &str, tether: Tether) -> Result<Self, LabError> {
        let network = Self {
            server: Namespace::named(format!("{prefix}srv")),
            switch: Namespace::named(format!("{prefix}sw")),
            prefix: prefix.to_owned(),
            tether,
            ports: AtomicU8::new(0),
            taps: AtomicU8::new(0),
        };
        network.add(&network.switch)?;
        // No spanning tree and no delay: a port forwards as soon as it is up. No snooping: the
        // bridge has no querier to learn multicast groups from.
        network.ip_in(
            &network.switch,
            &format!("link add {BRIDGE} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"),
        )?;
        network.set_up(&network.switch, BRIDGE)?;
        network.add(&network.server)?;
        network.attach(&network.server, None)?;
        for address in [
            format!("{SERVER}/{PREFIX_LENGTH} brd +"),
            format!("{SERVER_V6}/64 nodad"),
        ] {
            network.ip_in(
                &network.server,
                &format!("address add {address} dev {LINK}"),
            )?;
        }
        Ok(network)
    }

    /// The server's namespace.
    pub const fn server(&self) -> &Namespace {
        &self.server
    }

    /// The switch's namespace, in which the machines' cables end.
    pub const fn switch(&self) -> &Namespace {
        &self.switch
    }

    /// A further namespace with a link to the switch, and no address.
    pub(crate) fn add_client(
        &self,
        name: &str,
        mac: Option<MacAddress>,
    ) -> Result<Namespace, LabError> {
        let namespace = Namespace::named(format!("{}{name}", self.prefix));
        self.add(&namespace)?;
        self.attach(&namespace, mac)?;
        Ok(namespace)
    }

    /// Gives a client's link an address.
    pub(crate) fn give_address(
        &self,
        client: &Namespace,
        address: Ipv4Addr,
    ) -> Result<(), LabError> {
        let words = format!("address add {address}/{PREFIX_LENGTH} brd + dev {LINK}");
        self.ip_in(client, &words)
    }

    /// A further tap on the switch, for a machine's NIC; its name.
    pub(crate) fn add_tap(&self) -> Result<String, LabError> {
        let tap = format!("tap{}", self.taps.fetch_add(1, Ordering::Relaxed));
        self.ip_in(&self.switch, &format!("tuntap add {tap} mode tap"))?;
        self.join_bridge(&tap)?;
        Ok(tap)
    }

    /// Gives the server one more address, reachable only from itself.
    pub(crate) fn add_server_address(&self, address: Ipv4Addr) -> Result<(), LabError> {
        self.ip_in(&self.server, &format!("address add {address}/32 dev lo"))
    }

    fn add(&self, namespace: &Namespace) -> Result<(), LabError> {
        self.tether.ip(&format!("netns add {}", namespace.name()))?;
        self.set_up(namespace, "lo")
    }

    fn attach(&self, namespace: &Namespace, mac: Option<MacAddress>) -> Result<(), LabError> {
        let port = format!("port{}", self.ports.fetch_add(1, Ordering::Relaxed));
        let name = namespace.name();
        let address = mac.map_or_else(String::new, |mac| format!("address {mac} "));
        self.ip_in(
            &self.switch,
            &format!("link add {port} type veth peer name {LINK} {address}netns {name}"),
        )?;
        self.join_bridge(&port)?;
        self.set_up(namespace, LINK)
    }

    fn join_bridge(&self, port: &str) -> Result<(), LabError> {
        self.ip_in(&self.switch, &format!("link set {port} master {BRIDGE} up"))
    }

    fn set_up(&self, namespace: &Namespace, link: &str) -> Result<(), LabError> {
        self.ip_in(namespace, &format!("link set {link} up"))
    }

    fn ip_in(&self, namespace: &Namespace, words: &str) -> Result<(), LabError> {
        let mut command = namespace.command("ip");
        command.args(words.split_ascii_whitespace());
        self.tether.run(&mut command).map(drop)
    }
}

/// The switch's bridge, in the switch's namespace.
pub const BRIDGE: &str = "br0";
/// The link to the switch, in the server's and every client's namespace.
pub const LINK: &str = "eth0";
/// The server's address on the segment.
pub const SERVER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
/// The server's IPv6 address on the segment.
pub const SERVER_V6: &str = "fd77::1";
/// The length of the IPv4 segment's prefix.
pub const PREFIX_LENGTH: u8 = 24;
