//! What is on record of the machine of a rack: itself, its cluster, its permission and its attempt.

use machine_core::attempt::Attempt;
use machine_core::cluster::{Acceptance, Cluster, MemberRule, Pattern, Role, Selector};
use machine_core::endpoint::{BmcEndpoint, IpmiEndpoint};
use machine_core::hardware::{Arch, Firmware};
use machine_core::id::{AttemptId, ClusterId, IntentId, MachineId};
use machine_core::intent::{Actor, Assignment, Intent, IntentKind};
use machine_core::lifecycle::{Origin, State};
use machine_core::machine::{Hardware, Machine};
use machine_core::time::Timestamp;

use crate::fixtures;

pub(super) const MACHINE: MachineId = MachineId::from_bytes([1; 16]);
pub(super) const ATTEMPT: AttemptId = AttemptId::from_bytes([2; 16]);
pub(super) const INTENT: IntentId = IntentId::from_bytes([3; 16]);
pub(super) const CLUSTER: ClusterId = ClusterId::from_bytes([4; 16]);

pub(super) fn registered(has_bmc: bool, at: Timestamp) -> Machine {
    Machine {
        state: State::Provisioning(Origin::Available),
        hardware: Hardware {
            arch: Some(Arch::X86_64),
            firmware: Some(Firmware::Uefi),
            ..Hardware::default()
        },
        bmc: has_bmc.then(|| {
            BmcEndpoint::Ipmi(IpmiEndpoint::new("127.0.0.1:1".parse().unwrap(), "drover"))
        }),
        ..Machine::discovered(MACHINE, "cp-1", at)
    }
}

/// The rule that names the machine.
pub(super) fn named() -> Selector {
    Selector::Named("cp-1".to_owned())
}

/// The rule that takes machines of this manufacturer.
pub(super) fn made_by(manufacturer: &str) -> Selector {
    Selector::Matching(Pattern {
        manufacturer: Some(manufacturer.to_owned()),
        ..Pattern::default()
    })
}

pub(super) fn cluster(selector: Selector) -> Cluster {
    let mut cluster = fixtures::cluster(CLUSTER);
    cluster.spec.members = vec![MemberRule {
        role: Role::ControlPlane,
        selector,
        acceptance: Acceptance::Auto,
        disk: Some(assignment().disk),
    }];
    cluster
}

pub(super) fn assignment() -> Assignment {
    Assignment {
        cluster: CLUSTER,
        role: Role::ControlPlane,
        disk: "serial:DISK1".parse().unwrap(),
    }
}

pub(super) fn intent(at: Timestamp) -> Intent {
    Intent {
        id: INTENT,
        machine: MACHINE,
        assignment: assignment(),
        actor: Actor::Policy("cluster lab".to_owned()),
        reason: String::new(),
        opened: at,
        expires: at.plus(Intent::LIFETIME),
        kind: IntentKind::Install,
        claims: 0,
        closed: None,
    }
}

pub(super) fn attempt(at: Timestamp) -> Attempt {
    Attempt {
        id: ATTEMPT,
        machine: MACHINE,
        intent: INTENT,
        number: 1,
        assignment: assignment(),
        opened: at,
        deadline: at.plus(Attempt::LIFETIME),
        boot: None,
        accepted_boot: None,
        power_actions: 0,
        power_at: None,
        release: None,
        closed: None,
        basis: None,
        wipe: None,
        verdict: None,
    }
}
