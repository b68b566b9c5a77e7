//! The subnets of the lab: each has a link of its own, and Drover serves both.

use std::time::Duration;

use machine_core::lease_options::LeaseOptions;
use machine_core::network::{DhcpMode, Reach, Subnet, SubnetName, UnknownPolicy};

/// How long a lease lasts: longer than a run, so that the systems of the lab need not renew theirs.
const LEASE: Duration = Duration::from_hours(24 * 30);

/// The subnets, as a configuration describes them. Nearly every node is in the first.
pub(crate) fn subnets() -> Vec<Subnet> {
    vec![subnet(0, "lab", 77), subnet(1, "annex", 79)]
}

/// The interface of Drover by which a link of the lab is served.
pub(crate) fn interface(link: usize) -> String {
    format!("eth{link}")
}

#[expect(
    clippy::expect_used,
    reason = "the simulation's own networks are well-formed"
)]
fn subnet(link: usize, name: &str, number: u8) -> Subnet {
    let parsed = |host: &str| format!("10.{number}.{host}").parse().expect("an address");
    let range = format!("10.{number}.0.10-10.{number}.255.250");
    Subnet {
        name: SubnetName::new(name),
        interface: interface(link),
        reach: Reach::Direct,
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
