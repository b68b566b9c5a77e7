//! The clusters of the lab: how many machines each has, and which rules want them.

use machine_core::cluster::{
    Acceptance, Cluster, ClusterSpec, MemberRule, Pattern, Role, Selector,
};
use machine_core::id::ClusterId;
use machine_core::os::OsSpec;

use crate::disk::{DISK, disk};

/// How many machines a cluster has.
pub(crate) const MEMBERS: usize = 10;
/// How many of them are control planes.
pub(crate) const CONTROL_PLANES: usize = 3;

/// The nth cluster; its machines wait for a person, or are accepted by its rules.
#[expect(
    clippy::expect_used,
    reason = "the simulation's own endpoint and versions are well-formed"
)]
pub(crate) fn cluster(index: usize, waits: bool) -> Cluster {
    let acceptance = if waits {
        Acceptance::Wait
    } else {
        Acceptance::Auto
    };
    let rule = |role, selector| MemberRule {
        role,
        selector,
        acceptance,
        disk: Some(disk(DISK)),
    };
    let pattern = Pattern {
        manufacturer: Some(format!("Lab {index}")),
        ..Pattern::default()
    };
    let leaders = (0..CONTROL_PLANES).map(|leader| {
        let named = format!("node-{}", index * MEMBERS + leader);
        rule(Role::ControlPlane, Selector::Named(named))
    });
    let workers = rule(Role::Worker, Selector::Matching(pattern));
    let spec = ClusterSpec {
        name: format!("lab-{index}"),
        endpoint: format!("https://10.77.0.{}:6443", 2 + index)
            .parse()
            .expect("an endpoint"),
        os: OsSpec::talos("1.13.9", "1.34.1").expect("versions"),
        image: "talos".to_owned(),
        allow_plaintext: true,
        members: leaders.chain([workers]).collect(),
    };
    let mut id = [7; 16];
    id[..8].copy_from_slice(&index.to_be_bytes());
    Cluster {
        id: ClusterId::from_bytes(id),
        spec,
        bootstrap: None,
        version: 0,
    }
}
