//! Limits of the host that are too low for a rack that boots at once: each that is too low is a
//! sentence, with what raises it. The rule is pure; [`HostLimits::read`] asks the kernel.

mod reading;
mod route;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use machine_core::network::{AddressRange, DhcpMode, Reach, Subnet};
use pxe_server::receive_buffer;

use crate::descriptors;
use crate::host_limits::route::Route;

/// How many neighbours the kernel keeps by default (`gc_thresh3` in `arp(7)`).
const USUAL_NEIGHBOURS: u64 = 1024;
/// How many are proposed at most: six times the ten thousand machines that may boot at once. A range
/// may hold millions of addresses, and none of them a machine.
const MOST_NEIGHBOURS: u64 = 65_536;

/// What the host allows. What could not be read is nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostLimits {
    /// Files and sockets that may be open, at most: the hard limit.
    descriptors: Option<u64>,
    /// Bytes of packets that a socket holds.
    receive_buffer: Option<usize>,
    /// Neighbours that the kernel keeps, of all interfaces.
    neighbours: Option<u64>,
    /// The interfaces that drop what comes from where they would not answer.
    strict: BTreeSet<String>,
    /// Where the kernel sends to.
    routes: Vec<Route>,
}

impl HostLimits {
    /// Asks the kernel, for the interfaces of these subnets.
    pub fn read(subnets: &[Subnet]) -> Self {
        let interfaces = subnets.iter().map(|it| it.interface.clone());
        let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
        Self {
            descriptors: descriptors::hard_limit(),
            receive_buffer: receive_buffer::granted().ok(),
            // Not shown in every network namespace.
            neighbours: reading::number("/proc/sys/net/ipv4/neigh/default/gc_thresh3"),
            strict: interfaces.filter(|it| reading::is_strict(it)).collect(),
            routes: route::routes(&table),
        }
    }

    /// What is too low, or too strict, for these subnets: a sentence each.
    pub fn complaints(&self, subnets: &[Subnet]) -> Vec<String> {
        let descriptors = self.descriptors.and_then(few_descriptors);
        let buffer = self.receive_buffer.and_then(small_buffer);
        let neighbours = few_neighbours(self.neighbours, addresses_on_links(subnets));
        let dropped = subnets.iter().filter_map(|it| self.dropped(it));
        let limits = descriptors.into_iter().chain(buffer).chain(neighbours);
        limits.chain(dropped).collect()
    }

    /// With a strict filter the kernel drops what the machines of a subnet send, unless the route to
    /// them leads by the interface on which it comes in (RFC 3704 §2.2).
    fn dropped(&self, subnet: &Subnet) -> Option<String> {
        let IpAddr::V4(network) = subnet.network.address() else {
            return None;
        };
        let interface = &subnet.interface;
        let leads = route::interface_to(&self.routes, network);
        if !self.strict.contains(interface) || leads == Some(interface.as_str()) {
            return None;
        }
        let whither = leads.map_or_else(
            || "there is no route to them".to_owned(),
            |other| format!("the route to them leads by {other}"),
        );
        // With slashes, for the name of an interface may have dots (`sysctl(8)`).
        Some(format!(
            "subnet {}: what machines of {} send is dropped when it comes in by {interface}, since \
             rp_filter is strict there and {whither}: sysctl -w net/ipv4/conf/{interface}/rp_filter=2",
            subnet.name, subnet.network
        ))
    }
}

fn few_descriptors(most: u64) -> Option<String> {
    let wanted = descriptors::WANTED;
    (most < wanted).then(|| {
        format!(
            "few files may be open ({most} at most, wanted {wanted}): when many machines start at \
             once some are told to come again; raise the hard limit (LimitNOFILE= of the service, \
             --ulimit nofile={wanted} of a container, `ulimit -Hn` of a shell)"
        )
    })
}

fn small_buffer(granted: usize) -> Option<String> {
    let wanted = receive_buffer::WANTED;
    (granted < wanted).then(|| {
        format!(
            "small receive buffer ({granted} bytes, wanted {wanted}): when many machines start at \
             once, some will not boot; sysctl -w net.core.rmem_max={wanted}"
        )
    })
}

/// Whoever is no neighbour can't be sent to: the system says ENOBUFS.
fn few_neighbours(kept: Option<u64>, addresses: u64) -> Option<String> {
    let key = "net.ipv4.neigh.default.gc_thresh3";
    let proposed = addresses
        .saturating_mul(2)
        .checked_next_power_of_two()
        .map_or(MOST_NEIGHBOURS, |it| it.min(MOST_NEIGHBOURS));
    match kept {
        Some(kept) if kept < addresses && kept < MOST_NEIGHBOURS => Some(format!(
            "the kernel keeps {kept} neighbours, and {addresses} addresses may be leased: when more \
             machines are there at once, some are not answered; sysctl -w {key}={proposed}"
        )),
        None if addresses > USUAL_NEIGHBOURS => Some(format!(
            "{addresses} addresses may be leased, and how many neighbours the kernel keeps is not \
             said in this network namespace ({USUAL_NEIGHBOURS}, if nobody changed it): on the host, \
             sysctl -w {key}={proposed}"
        )),
        Some(_) | None => None,
    }
}

/// How many addresses are leased to machines on our own links. Of those behind relays the kernel has
/// their routers as neighbours.
fn addresses_on_links(subnets: &[Subnet]) -> u64 {
    let direct = subnets.iter().filter(|it| it.reach == Reach::Direct);
    let ranges = direct.flat_map(|it| match &it.mode {
        DhcpMode::Authoritative { ranges } => ranges.as_slice(),
        DhcpMode::Proxy | DhcpMode::Off => &[],
    });
    ranges.map(length).sum()
}

fn length(range: &AddressRange) -> u64 {
    match (range.first(), range.last()) {
        (IpAddr::V4(first), IpAddr::V4(last)) => {
            let number = |it: Ipv4Addr| u64::from(u32::from(it));
            number(last) - number(first) + 1
        }
        // IPv6 has a table of its own.
        _ => 0,
    }
}
