//! The one subnet of the lab: Drover serves it, and every node asks in it.

use std::time::Duration;

use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Subnet, SubnetName, UnknownPolicy};

/// Its name.
pub(crate) const SUBNET: &str = "lab";

/// The subnet, as a configuration describes it.
#[expect(
    clippy::expect_used,
    reason = "the simulation's own network is well-formed"
)]
pub(crate) fn subnet() -> Subnet {
    let parsed = |text: &str| text.parse().expect("an address");
    Subnet {
        name: SubnetName::new(SUBNET),
        network: "10.77.0.0/16".parse().expect("a network"),
        server: parsed("10.77.0.1"),
        mode: DhcpMode::Authoritative {
            ranges: vec!["10.77.0.10-10.77.255.250".parse().expect("a range")],
        },
        unknown: UnknownPolicy::Inspect,
        router: None,
        dns: Vec::new(),
        lease_time: Duration::from_hours(1),
        options: LeaseOptions::default(),
    }
}
