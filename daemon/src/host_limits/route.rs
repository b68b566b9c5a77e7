//! The main routing table of IPv4, as `/proc/net/route` has it (`proc(5)`).

use std::net::Ipv4Addr;

/// One that is in use (`RTF_UP` in `linux/route.h`).
const UP: u32 = 0x1;
/// One that refuses what it matches (`RTF_REJECT`).
const REJECT: u32 = 0x200;

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    interface: String,
    network: Ipv4Addr,
    mask: u32,
    metric: u32,
}

/// The routes of this table that are in use. A line that can't be read is left out.
pub(super) fn routes(table: &str) -> Vec<Route> {
    table.lines().skip(1).filter_map(route).collect()
}

/// By which interface the kernel sends to this address; none, if there is no route.
pub(super) fn interface_to(routes: &[Route], address: Ipv4Addr) -> Option<&str> {
    let address = u32::from(address);
    let matching = routes
        .iter()
        .filter(|it| address & it.mask == u32::from(it.network));
    // The longest prefix, and of these the lowest metric.
    let best = matching.max_by_key(|it| (it.mask, u32::MAX - it.metric));
    best.map(|it| it.interface.as_str())
}

/// Interface, destination, gateway, flags, references, uses, metric, mask.
fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [interface, network, _, flags, _, _, metric, mask, ..] = fields.as_slice() else {
        return None;
    };
    let flags = u32::from_str_radix(flags, 16).ok()?;
    (flags & (UP | REJECT) == UP).then_some(Route {
        interface: (*interface).to_owned(),
        network: address(network)?,
        mask: u32::from(address(mask)?),
        metric: metric.parse().ok()?,
    })
}

/// The kernel prints addresses as numbers of this machine, whose bytes are in the order of the wire.
fn address(hexadecimal: &str) -> Option<Ipv4Addr> {
    let number = u32::from_str_radix(hexadecimal, 16).ok()?;
    Some(Ipv4Addr::from(number.to_ne_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth1\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth2\t00004D0A\t00000000\t0001\t0\t0\t20\t00FFFFFF\t0\t0\t0
*\t0000590A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth3\t00005A0A\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth4\tbroken
";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_longest_prefix_leads_and_then_the_lowest_metric() {
        let routes = routes(TABLE);
        for (address, wanted) in [
            ([10, 77, 0, 9], "eth1"),
            ([10, 0, 0, 9], "eth0"),
            ([192, 0, 2, 1], "eth0"),
            // Refused, or not up: what is left is the default route.
            ([10, 89, 0, 1], "eth0"),
            ([10, 90, 0, 1], "eth0"),
        ] {
            let found = interface_to(&routes, address.into());
            assert_eq!(found, Some(wanted), "{address:?}");
        }
        assert_eq!(interface_to(&routes[1..], [192, 0, 2, 1].into()), None);
    }
}
