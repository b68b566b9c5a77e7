//! Whether a REQUEST is granted, refused or left unanswered (RFC 2131 §4.3.2), where Drover is the
//! only DHCP server.
//!
//! A NAK is for what is certainly wrong: an address of another network, of another client, or none
//! that is leased here. Silence is for what may be right, though we have no record of it: a client
//! that asks again with DISCOVER loses a few seconds, one that is refused by mistake loses its
//! network.

use std::fmt;
use std::net::IpAddr;

use machine_core::network::Subnet;
use machine_core::standing::Standing;

use crate::ask::RequestKind;
use crate::dropped::Dropped;

/// What becomes of a REQUEST.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// ACK, once the lease is committed.
    Acknowledge(IpAddr),
    /// NAK.
    Refuse(Refusal),
    /// Silence.
    Ignore(Dropped),
}

/// Why a REQUEST is refused. Its text goes into the NAK (option 56).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The client has moved: its address belongs to another network.
    WrongNetwork {
        /// What it asked for.
        address: IpAddr,
    },
    /// The address is another client's, or in quarantine.
    Taken {
        /// What it asked for.
        address: IpAddr,
    },
    /// The client has another address.
    Elsewhere {
        /// What it asked for.
        address: IpAddr,
        /// What it has.
        held: IpAddr,
    },
    /// The address is none that is leased here.
    NotLeased {
        /// What it asked for.
        address: IpAddr,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongNetwork { address } => write!(f, "{address} is not in this network"),
            Self::Taken { address } => write!(f, "{address} is taken"),
            Self::Elsewhere { address, held } => write!(f, "wanted {held}, got {address}"),
            Self::NotLeased { address } => write!(f, "{address} is not leased here"),
        }
    }
}

/// Judges a REQUEST on port 67 in an authoritative subnet. `standing` is how the client stands to
/// [`RequestKind::address`].
pub fn judge(request: &RequestKind, subnet: &Subnet, standing: Standing) -> Verdict {
    let address = request.address();
    if let RequestKind::Selecting { server, .. } = *request
        && server != subnet.server
    {
        return Verdict::Ignore(Dropped::ForOtherServer { server });
    }
    if !subnet.network.contains(address) {
        return Verdict::Refuse(Refusal::WrongNetwork { address });
    }
    match (standing, request) {
        (Standing::Held, _) => Verdict::Acknowledge(address),
        // An offer that has ended, or that we made before we were started again.
        (Standing::Free, RequestKind::Selecting { .. }) => Verdict::Acknowledge(address),
        (
            Standing::Free,
            RequestKind::InitReboot { .. }
            | RequestKind::Renewing { .. }
            | RequestKind::Rebinding { .. },
        ) => Verdict::Ignore(Dropped::NoRecord { address }),
        // RFC 2131 §4.3.2 wants silence in INIT-REBOOT for a client without a record, so that servers
        // which don't know of each other can share a network. Here nobody else leases (the start
        // looks for other servers), so such an address can't be right, whoever asks; a client that
        // hears nothing would go on using it until its old lease ends (§3.2), beside its owner.
        // ISC's `authoritative` and dnsmasq's `--dhcp-authoritative` refuse as well.
        (Standing::Elsewhere(held), _) => Verdict::Refuse(Refusal::Elsewhere { address, held }),
        (Standing::Taken, _) => Verdict::Refuse(Refusal::Taken { address }),
        (Standing::NotLeased, _) => Verdict::Refuse(Refusal::NotLeased { address }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use machine_core::lease_options::LeaseOptions;
    use machine_core::network::{DhcpMode, Reach, SubnetName, UnknownPolicy};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn subnet() -> Subnet {
        Subnet {
            name: SubnetName::new("lab"),
            interface: "eth1".to_owned(),
            reach: Reach::Direct,
            network: "10.77.0.0/24".parse().unwrap(),
            server: ip("10.77.0.1"),
            mode: DhcpMode::Authoritative {
                ranges: vec!["10.77.0.50-10.77.0.200".parse().unwrap()],
            },
            unknown: UnknownPolicy::Ignore,
            router: None,
            dns: vec![],
            lease_time: Duration::from_hours(1),
            options: LeaseOptions::default(),
        }
    }

    fn kinds(address: IpAddr) -> [(&'static str, RequestKind); 4] {
        let server = ip("10.77.0.1");
        [
            ("selecting", RequestKind::Selecting { server, address }),
            ("init-reboot", RequestKind::InitReboot { address }),
            ("renewing", RequestKind::Renewing { address }),
            ("rebinding", RequestKind::Rebinding { address }),
        ]
    }

    #[test]
    fn every_standing_of_every_kind() {
        let address = ip("10.77.0.60");
        let held = ip("10.77.0.61");
        for (name, request) in kinds(address) {
            for (standing, expected) in [
                (Standing::Held, Verdict::Acknowledge(address)),
                (
                    Standing::Free,
                    if name == "selecting" {
                        Verdict::Acknowledge(address)
                    } else {
                        Verdict::Ignore(Dropped::NoRecord { address })
                    },
                ),
                (
                    Standing::Elsewhere(held),
                    Verdict::Refuse(Refusal::Elsewhere { address, held }),
                ),
                (Standing::Taken, Verdict::Refuse(Refusal::Taken { address })),
                (
                    Standing::NotLeased,
                    Verdict::Refuse(Refusal::NotLeased { address }),
                ),
            ] {
                assert_eq!(
                    judge(&request, &subnet(), standing),
                    expected,
                    "{name} {standing:?}"
                );
            }
        }
    }

    #[test]
    fn a_client_without_a_record_is_refused_an_address_that_can_not_be_its() {
        let address = ip("10.77.0.60");
        let request = RequestKind::InitReboot { address };
        let verdict = |standing| judge(&request, &subnet(), standing);
        let taken = Refusal::Taken { address };
        assert_eq!(verdict(Standing::Taken), Verdict::Refuse(taken));
        let never = Refusal::NotLeased { address };
        assert_eq!(verdict(Standing::NotLeased), Verdict::Refuse(never));
        let unknown = Dropped::NoRecord { address };
        assert_eq!(verdict(Standing::Free), Verdict::Ignore(unknown));
    }

    #[test]
    fn another_network_is_refused_whatever_the_table_says() {
        let address = ip("10.78.0.60");
        for (name, request) in kinds(address) {
            let verdict = judge(&request, &subnet(), Standing::NotLeased);
            assert_eq!(
                verdict,
                Verdict::Refuse(Refusal::WrongNetwork { address }),
                "{name}"
            );
        }
    }

    #[test]
    fn another_servers_client_is_left_alone() {
        let server = ip("10.77.0.2");
        for (address, standing) in [
            ("10.77.0.60", Standing::Held),
            ("10.78.0.60", Standing::NotLeased),
        ] {
            let request = RequestKind::Selecting {
                server,
                address: ip(address),
            };
            let verdict = judge(&request, &subnet(), standing);
            assert_eq!(verdict, Verdict::Ignore(Dropped::ForOtherServer { server }));
        }
    }
}
