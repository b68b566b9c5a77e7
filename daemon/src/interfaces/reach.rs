//! Where a subnet is: on the link of its interface, or behind relays that reach us by it.

use std::net::IpAddr;

use machine_core::network::{Network, Reach};

use crate::host::HostError;
use crate::host_address::HostAddress;
use crate::settings::SubnetSettings;

/// Where a subnet is, and our own address for it.
pub(super) struct Placed {
    pub(super) server: IpAddr,
    pub(super) network: Network,
    pub(super) reach: Reach,
}

/// Where a subnet of the settings is. Behind relays our address is the first of the interface.
pub(super) fn placed(
    settings: &SubnetSettings,
    addresses: &[HostAddress],
) -> Result<Placed, HostError> {
    let place = settings.place.to_string();
    let interface = settings.interface.clone();
    let own = addresses.iter().filter(|it| it.interface == interface);
    let own = own.filter_map(|it| Some((it.address, Network::containing(it.address, it.prefix)?)));
    let own: Vec<(IpAddr, Network)> = own.collect();
    let Some((first, its_network)) = own.first().copied() else {
        return Err(no_interface(place, interface, addresses));
    };
    let on_link = |wanted: Network| own.iter().find(|(_, network)| *network == wanted);
    match (settings.network, &settings.relays) {
        (Some(network), Some(_)) if on_link(network).is_some() => Err(HostError::OnTheLink {
            place,
            network,
            interface,
        }),
        (Some(network), Some(relays)) => Ok(Placed {
            server: first,
            network,
            reach: Reach::Relayed {
                relays: relays.clone(),
            },
        }),
        (Some(wanted), None) => match on_link(wanted) {
            Some((server, network)) => Ok(direct(*server, *network)),
            None => Err(HostError::NotOnLink {
                place,
                network: wanted,
                there: listed(&own),
                interface,
            }),
        },
        // Settings without a network that name relays are refused before.
        (None, _) => Ok(direct(first, its_network)),
    }
}

const fn direct(server: IpAddr, network: Network) -> Placed {
    Placed {
        server,
        network,
        reach: Reach::Direct,
    }
}

fn listed(own: &[(IpAddr, Network)]) -> String {
    let networks: Vec<String> = own.iter().map(|(_, it)| it.to_string()).collect();
    networks.join(", ")
}

fn no_interface(place: String, interface: String, addresses: &[HostAddress]) -> HostError {
    let mut there: Vec<&str> = addresses.iter().map(|it| it.interface.as_str()).collect();
    there.dedup();
    HostError::NoInterface {
        place,
        interface,
        there: there.join(", "),
    }
}
