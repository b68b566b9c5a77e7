//! The subnets of the lab: each has a link of its own, and Drover serves both.

use std::time::Duration;

use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Subnet, SubnetName, UnknownPolicy};

/// How long a lease lasts: longer than a run, so that the systems of the lab need not renew theirs.
const LEASE: Duration = Duration::from_hours(24 * 30);

/// The subnets, as a configuration describes them. Nearly every node is in the first.
pub(crate) fn subnets() -> Vec<Subnet> {
    vec![subnet("lab", 77), subnet("annex", 79)]
}

#[expect(
    clippy::expect_used,
    reason = "the simulation's own networks are well-formed"
)]
fn subnet(name: &str, number: u8) -> Subnet {
    let parsed = |host: &str| format!("10.{number}.{host}").parse().expect("an address");
    let range = format!("10.{number}.0.10-10.{number}.255.250");
    Subnet {
        name: SubnetName::new(name),
        network: format!("10.{number}.0.0/16").parse().expect("a network"),
        server: parsed("0.1"),
        mode: DhcpMode::Authoritative {
            ranges: vec![range.parse().expect("a range")],
        },
        unknown: UnknownPolicy::Inspect,
        router: None,
        dns: Vec::new(),
        lease_time: LEASE,
        options: LeaseOptions::default(),
    }
}
