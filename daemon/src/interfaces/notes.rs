//! What a start can do with, and a person should know: a sentence each.

use machine_core::network::{DhcpMode, Reach, Subnet};

use crate::host_address::HostAddress;
use crate::settings::SubnetSettings;

/// All of a subnet.
pub(super) fn of(
    settings: &SubnetSettings,
    subnet: &Subnet,
    addresses: &[HostAddress],
) -> Vec<String> {
    let mut notes = notes_on_interface(settings, addresses);
    notes.extend(notes_on_ranges(settings, subnet));
    notes.extend(note_on_router(settings, subnet));
    notes
}

fn notes_on_interface(settings: &SubnetSettings, addresses: &[HostAddress]) -> Vec<String> {
    let (place, interface) = (&settings.place, &settings.interface);
    let own: Vec<&HostAddress> = addresses
        .iter()
        .filter(|it| it.interface == *interface)
        .collect();
    let mut notes = Vec::new();
    if own.iter().any(|it| !it.is_up) {
        notes.push(format!(
            "{place}: the interface {interface} is down, so no machine can reach Drover over it: ip \
             link set {interface} up"
        ));
    }
    if own.iter().any(|it| it.is_loopback) {
        notes.push(format!(
            "{place}: {interface} is the loopback, on which there is no machine but this host: \
             wanted the interface that machines are connected to"
        ));
    }
    if let ([used, _, ..], None) = (own.as_slice(), settings.network) {
        let all: Vec<String> = own
            .iter()
            .map(|it| format!("{}/{}", it.address, it.prefix))
            .collect();
        notes.push(format!(
            "{place}: the interface {interface} has the addresses {}: Drover serves the network of \
             {} only, and is reached at that address, unless `network` says another",
            all.join(", "),
            used.address
        ));
    }
    notes
}

/// Addresses that no machine may have are left out of every lease; who put them into a range counts
/// on more addresses than there are.
fn notes_on_ranges(settings: &SubnetSettings, subnet: &Subnet) -> Vec<String> {
    let DhcpMode::Authoritative { ranges } = &subnet.mode else {
        return Vec::new();
    };
    let reserved = [
        (Some(subnet.server), "the address of Drover itself"),
        (subnet.router, "the router"),
        (Some(subnet.network.address()), "the network's own address"),
        (subnet.network.broadcast(), "the broadcast address"),
    ];
    let held = ranges.iter().flat_map(|range| {
        let within = reserved.iter().filter_map(move |(address, what)| {
            let address = address.filter(|it| range.contains(*it))?;
            Some((range, address, *what))
        });
        within.collect::<Vec<_>>()
    });
    held.map(|(range, address, what)| {
        format!(
            "{}: the range {range} holds {address}, {what}: it is not leased",
            settings.place
        )
    })
    .collect()
}

/// Machines behind a relay reach us by their router only.
fn note_on_router(settings: &SubnetSettings, subnet: &Subnet) -> Option<String> {
    let leases = matches!(subnet.mode, DhcpMode::Authoritative { .. });
    let is_cut_off = leases && subnet.reach != Reach::Direct && subnet.router.is_none();
    is_cut_off.then(|| {
        format!(
            "{}: machines of subnet {} are behind a relay, and their leases name no router by which \
             they reach Drover at {}: set `router`",
            settings.place, subnet.name, subnet.server
        )
    })
}
