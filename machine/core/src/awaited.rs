//! Which machines a cluster waits for: its rules take them, or may, and they are no members yet.
//!
//! They are listed with the cluster, so that whoever looks at it sees what is missing, and why.

use crate::allocation::{Allocation, allocate, best_rule};
use crate::cluster::{Cluster, Pattern, Role, Selector};
use crate::lifecycle::{Moving, State};
use crate::machine::{Hardware, Machine};

/// A machine that a cluster waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    /// What it is to become.
    pub role: Role,
    /// What the rule still lacks to take it; empty if it lacks nothing, and the machine's own wait
    /// says the rest.
    pub why: String,
}

/// Whether and why this cluster waits for a machine.
pub fn awaited(machine: &Machine, cluster: &Cluster, clusters: &[Cluster]) -> Option<Awaited> {
    let is_being_found_out = match machine.state {
        State::Inspecting | State::Failed(Moving::Inspecting) => true,
        State::Discovered | State::Available => false,
        State::Provisioning(_) | State::Active | State::Cleaning | State::Retired => return None,
        State::Failed(Moving::Provisioning(_) | Moving::Cleaning) => return None,
    };
    if let Some(rule) = best_rule(machine, &cluster.spec) {
        let why = match allocate(machine, clusters) {
            Allocation::Take { .. } | Allocation::None => String::new(),
            lacks => lacks.to_string(),
        };
        return Some(Awaited {
            role: rule.role,
            why,
        });
    }
    let is_free = is_being_found_out && allocate(machine, clusters) == Allocation::None;
    is_free.then(|| may_take(machine, cluster)).flatten()
}

/// The first rule that the machine would match if what is not known of it yet is as the rule asks.
fn may_take(machine: &Machine, cluster: &Cluster) -> Option<Awaited> {
    cluster.spec.members.iter().find_map(|rule| {
        let Selector::Matching(pattern) = &rule.selector else {
            return None;
        };
        let unknown = unknown(&machine.hardware, pattern)?;
        Some(Awaited {
            role: rule.role,
            why: format!(
                "a rule may take it, once its inspection has told: {}",
                unknown.join(", ")
            ),
        })
    })
}

/// What the pattern asks for and nobody knows yet; `None` if something is known to differ.
fn unknown(hardware: &Hardware, pattern: &Pattern) -> Option<Vec<&'static str>> {
    fn asks<T: PartialEq>(wanted: Option<&T>, known: Option<&T>) -> Option<bool> {
        match (wanted, known) {
            (Some(wanted), Some(known)) if wanted != known => None,
            (wanted, known) => Some(wanted.is_some() && known.is_none()),
        }
    }
    let facts = [
        (
            "manufacturer",
            asks(
                pattern.manufacturer.as_ref(),
                hardware.manufacturer.as_ref(),
            )?,
        ),
        (
            "product",
            asks(pattern.product.as_ref(), hardware.product.as_ref())?,
        ),
        (
            "architecture",
            asks(pattern.arch.as_ref(), hardware.arch.as_ref())?,
        ),
        (
            "firmware",
            asks(pattern.firmware.as_ref(), hardware.firmware.as_ref())?,
        ),
    ];
    let unknown = facts.into_iter().filter(|(_, asks)| *asks);
    let unknown: Vec<&'static str> = unknown.map(|(name, _)| name).collect();
    (!unknown.is_empty()).then_some(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Acceptance, ClusterSpec, MemberRule};
    use crate::fixtures::machine;
    use crate::hardware::Arch;
    use crate::id::ClusterId;
    use crate::lifecycle::Origin;
    use crate::os::OsSpec;

    fn cluster(id: u8, selector: Selector, disk: Option<&str>) -> Cluster {
        let rule = MemberRule {
            role: Role::Worker,
            selector,
            acceptance: Acceptance::Auto,
            disk: disk.map(|disk| disk.parse().unwrap()),
        };
        let spec = ClusterSpec {
            name: format!("lab-{id}"),
            endpoint: "https://10.77.0.10:6443".parse().unwrap(),
            os: OsSpec::talos("1.13.9", "1.34.1").unwrap(),
            image: "talos".to_owned(),
            allow_plaintext: true,
            members: vec![rule],
        };
        Cluster {
            id: ClusterId::from_bytes([id; 16]),
            spec,
            bootstrap: None,
            version: 0,
        }
    }

    fn why(machine: &Machine, of: &Cluster) -> Option<String> {
        awaited(machine, of, std::slice::from_ref(of)).map(|it| it.why)
    }

    fn product() -> Selector {
        Selector::Matching(Pattern {
            product: Some("R650".to_owned()),
            arch: Some(Arch::X86_64),
            ..Pattern::default()
        })
    }

    #[test]
    fn a_machine_that_a_rule_takes_is_awaited_until_it_is_a_member() {
        let lab = cluster(1, Selector::Named("w1".to_owned()), Some("serial:D1"));
        let waits = |state| why(&machine(state), &lab).is_some();
        for state in [
            State::Discovered,
            State::Inspecting,
            State::Available,
            State::Failed(Moving::Inspecting),
        ] {
            assert!(waits(state), "{state}");
        }
        for state in [
            State::Provisioning(Origin::Available),
            State::Active,
            State::Cleaning,
            State::Failed(Moving::Cleaning),
            State::Retired,
        ] {
            assert!(!waits(state), "{state}");
        }
    }

    #[test]
    fn a_machine_without_a_disk_that_fits_is_awaited_with_the_reason() {
        let lab = cluster(1, Selector::Named("w1".to_owned()), None);
        let said = why(&machine(State::Available), &lab).unwrap();
        assert!(
            said.contains("neither its rule nor the machine's record"),
            "{said}"
        );
        let two = [
            lab.clone(),
            cluster(2, Selector::Named("w1".to_owned()), None),
        ];
        let both = awaited(&machine(State::Available), &lab, &two).unwrap();
        assert!(both.why.contains("several clusters"), "{}", both.why);
    }

    #[test]
    fn a_machine_that_a_rule_may_match_is_awaited_while_it_is_inspected() {
        let lab = cluster(1, product(), Some("serial:D1"));
        let mut machine = machine(State::Inspecting);
        let said = why(&machine, &lab).unwrap();
        assert!(said.contains("told: product, architecture"), "{said}");
        machine.hardware.product = Some("R650".to_owned());
        assert!(why(&machine, &lab).unwrap().contains("told: architecture"));
        machine.hardware.product = Some("R750".to_owned());
        assert_eq!(why(&machine, &lab), None, "it is known to differ");
        machine.hardware.product = None;
        machine.state = State::Discovered;
        assert_eq!(why(&machine, &lab), None, "nobody accepted it");
    }
}
