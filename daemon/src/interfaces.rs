//! The interfaces of the host: what the settings say of them, held against what the system says.

mod notes;
mod reach;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use machine_core::network::{DhcpMode, Network, Subnet};
use nix::ifaddrs::getifaddrs;

use crate::host::HostError;
use crate::host_address::HostAddress;
use crate::settings::SubnetSettings;

/// The subnets of the settings as the system has them, and what is wrong with them.
#[derive(Debug, Default)]
pub struct Resolved {
    /// Each with our address and its network.
    pub subnets: Vec<Subnet>,
    /// What a start can do with, and a person should know: a sentence each.
    pub notes: Vec<String>,
    /// Why no start is possible.
    pub mistakes: Vec<HostError>,
}

/// Looks up the interface of each subnet of the settings.
pub fn resolve_subnets(settings: &[SubnetSettings]) -> Resolved {
    match getifaddrs() {
        Ok(listed) => {
            let addresses: Vec<HostAddress> =
                listed.filter_map(|it| HostAddress::of(&it)).collect();
            resolve_all(settings, &addresses)
        }
        Err(error) => Resolved {
            mistakes: vec![HostError::Unlisted(error)],
            ..Resolved::default()
        },
    }
}

fn resolve_all(settings: &[SubnetSettings], addresses: &[HostAddress]) -> Resolved {
    let mut resolved = Resolved::default();
    for told in settings {
        match resolve(told, addresses) {
            Ok(subnet) => {
                resolved.notes.extend(notes::of(told, &subnet, addresses));
                let earlier = resolved.subnets.iter();
                let overlap = earlier.filter(|it| it.network.overlaps(&subnet.network));
                let overlaps: Vec<HostError> = overlap
                    .map(|other| HostError::Overlap {
                        place: told.place.to_string(),
                        network: subnet.network,
                        subnet: other.name.clone(),
                        other: other.network,
                    })
                    .collect();
                resolved.mistakes.extend(overlaps);
                resolved.subnets.push(subnet);
            }
            Err(mistakes) => resolved.mistakes.extend(mistakes),
        }
    }
    resolved
}

fn resolve(settings: &SubnetSettings, addresses: &[HostAddress]) -> Result<Subnet, Vec<HostError>> {
    let placed = reach::placed(settings, addresses).map_err(|mistake| vec![mistake])?;
    let network = placed.network;
    let stray = strays(settings, network).map(|what| HostError::NotInNetwork {
        place: settings.place.to_string(),
        what,
        network,
        whose: match settings.relays {
            Some(_) => format!("that of subnet {}", settings.name),
            None => format!("the network of {}", settings.interface),
        },
    });
    let stray: Vec<HostError> = stray.collect();
    if !stray.is_empty() {
        return Err(stray);
    }
    Ok(Subnet {
        name: settings.name.clone(),
        interface: settings.interface.clone(),
        reach: placed.reach,
        network,
        server: placed.server,
        mode: settings.mode.clone(),
        unknown: settings.unknown,
        router: settings.router,
        dns: settings.dns.clone(),
        lease_time: settings.lease_time,
        options: settings.options.clone(),
    })
}

/// What of the settings is not in this network.
fn strays(settings: &SubnetSettings, network: Network) -> impl Iterator<Item = String> {
    let ranges = match &settings.mode {
        DhcpMode::Authoritative { ranges } => ranges.as_slice(),
        DhcpMode::Proxy | DhcpMode::Off => &[],
    };
    let is_within = move |it: IpAddr| network.contains(it);
    let ranges = ranges
        .iter()
        .filter(move |it| !(is_within(it.first()) && is_within(it.last())))
        .map(|it| format!("the range {it}"));
    let router = settings.router.filter(move |it| !is_within(*it));
    ranges.chain(router.map(|it| format!("the router {it}")))
}
